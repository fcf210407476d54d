// Where a line may join two points, and where there is a gap. A line never crosses a gap.

const HOUR_MS = 3_600_000
/** A reading half an interval late is still the usual rhythm. */
const SLACK = 1.5
/** A silence this many usual intervals long is named on the chart. */
const NAMED_GAP = 4

/** Runs of indexes that a line may join: each step no longer than the usual interval. `times` ascend, in milliseconds. */
export function runs(times: readonly number[], usualIntervalHours: number): number[][] {
  const reach = usualIntervalHours * SLACK * HOUR_MS
  const all: number[][] = []
  times.forEach((time, index) => {
    const before = times[index - 1]
    const last = all.at(-1)
    if (last && before !== undefined && time - before <= reach) last.push(index)
    else all.push([index])
  })
  return all
}

export interface Silence {
  from: number
  until: number
}

/** The long silences between readings, and the one that still lasts. */
export function silences(times: readonly number[], usualIntervalHours: number, now: number): Silence[] {
  const reach = usualIntervalHours * NAMED_GAP * HOUR_MS
  const found: Silence[] = []
  times.forEach((time, index) => {
    const next = times[index + 1] ?? now
    if (next - time > reach) found.push({ from: time, until: next })
  })
  return found
}
