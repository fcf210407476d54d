// Forms of several lines. The service says which lines it refuses.
import { Refused } from '../ask'

export interface RefusedLine {
  /** From 0. */
  line: number
  says: string
}

/** `Line 2: …`, one below the other; none: it is about no line. */
export function refusedLines(failure: unknown): RefusedLine[] {
  if (!(failure instanceof Refused)) return []
  return [...failure.message.matchAll(/^Line (\d+): (.*)$/gm)].map((found) => ({ line: Number(found[1]) - 1, says: found[2] ?? '' }))
}
