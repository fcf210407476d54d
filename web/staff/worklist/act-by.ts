// The clock to the response promised, in words and as a share of the time there was.
import { clock, day, daysAway, span } from '../../shared/time/zone'

const SOON_MS = 4 * 3_600_000

export interface ActBy {
  words: string
  /** 0 just opened, 1 the time is up. */
  share: number
  over: boolean
}

export function actBy(openedAt: string, due: string, now: number, zone: string): ActBy {
  const from = Date.parse(openedAt)
  const until = Date.parse(due)
  const share = until > from ? Math.min(1, Math.max(0, (now - from) / (until - from))) : 1
  if (now >= until) return { words: `${span(now - until)} over`, share: 1, over: true }
  const words = until - now <= SOON_MS && daysAway(due, now, zone) === 0 ? `act by ${clock(due, zone)}` : `${day(due, now, zone)} ${clock(due, zone)}`
  return { words, share, over: false }
}
