// What is due now, later, and done, from the plan and what this phone has sent since.
import type { Due } from '../../shared/api/mobile/Due'
import type { Item } from '../../shared/api/mobile/Item'
import { clock, daysAway, day } from '../../shared/time/zone'

export interface DueNow {
  now: Due[]
  later: Due[]
  done: Due[]
  /** False when the plan has nothing to say about this hour any more: it came before its last slot closed. */
  known: boolean
}

/** `sent`: what this phone sent, with its time in care time. Measured late is measured: nobody can go back and do it again. */
export function sortDue(due: Due[], sent: { item: Item; at: number }[], now: number, zone: string): DueNow {
  const known = due.length === 0 || due.some((slot) => Date.parse(slot.closes_at) >= now)
  const sorted: DueNow = { now: [], later: [], done: [], known }
  for (const slot of due) {
    const opens = Date.parse(slot.opens_at)
    if (daysAway(slot.opens_at, now, zone) > 1) continue
    if (slot.done || sent.some(({ item, at }) => at >= opens && fills(item, slot))) sorted.done.push(slot)
    else if (opens > now) sorted.later.push(slot)
    else if (daysAway(slot.closes_at, now, zone) >= 0) sorted.now.push(slot)
  }
  // Tomorrow is worth a word only when today has nothing more.
  const today = sorted.later.filter((slot) => daysAway(slot.opens_at, now, zone) === 0)
  sorted.later = today.length ? today : sorted.later.slice(0, 1)
  return sorted
}

/** Could not measure leaves the slot open. */
function fills(item: Item, slot: Due): boolean {
  if ('vital' in slot.what) return item.kind === 'reading' && item.vital === slot.what.vital && !item.absent
  return item.kind === 'answers' && item.questionnaire === slot.what.questionnaire && !item.partial
}

/** `by 10:00`, `was due by 10:00`, `from 18:00`, `tomorrow from 06:00` */
export function dueWords(slot: Due, now: number, zone: string): string {
  if (Date.parse(slot.closes_at) < now) return `was due by ${clock(slot.due_at, zone)}`
  if (Date.parse(slot.opens_at) <= now) return `by ${clock(slot.closes_at, zone)}`
  const when = daysAway(slot.opens_at, now, zone) === 0 ? '' : `${day(slot.opens_at, now, zone)} `
  return `${when}from ${clock(slot.opens_at, zone)}`
}
