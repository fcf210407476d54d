// What is known about a submission, said in words. Written from facts, never promised.
import type { Team } from '../../shared/api/mobile/Team'
import { clock, dayAndClock, zoneWords } from '../../shared/time/zone'
import type { Sent } from '../device/store'
import { nextLine } from './next'

export interface Facts {
  talking: boolean
  /** Judged by the computer up to this sequence number. */
  judgedThrough: number
  team: Team | undefined
  zone: string
  /** Care time. */
  now: number
}

const WEEK_MS = 7 * 86_400_000

export interface Line {
  tone: 'good' | 'waiting' | 'wrong' | 'plain'
  text: string
  /** Whom to ring. */
  ring?: { name: string; phone: string }
}

export function receiptLines(sent: Sent, facts: Facts): Line[] {
  if (sent.state === 'refused') {
    const lines: Line[] = [{ tone: 'wrong', text: `Not taken. ${sent.refusal?.detail ?? ''}`.trim() }]
    // What was too big never reached the service.
    if (sent.refusal?.reason !== 'frame_too_big') lines.push({ tone: 'plain', text: 'Your care team can see that this was sent and not taken.' })
    return lines
  }
  if (sent.state === 'waiting') {
    return facts.talking
      ? [{ tone: 'waiting', text: 'Sending. Nobody has seen this yet.' }]
      : [{ tone: 'waiting', text: 'Not sent yet: no signal. Nobody has seen this. It goes by itself when there is signal.' }]
  }
  const lines: Line[] = [{ tone: 'good', text: `Stored ${clock(sent.storedAt ?? facts.now, facts.zone)}` }]
  if (sent.flags.includes('impossible')) lines.push({ tone: 'wrong', text: 'This number cannot be right. Look at the display again and send what it shows.' })
  if (sent.flags.includes('unconfirmed')) lines.push({ tone: 'plain', text: 'This is an unusual number. It is marked as unconfirmed.' })
  if (sent.flags.includes('not_theirs')) lines.push({ tone: 'wrong', text: 'The instrument keeps this for somebody else. It is not used as yours. Your care team can see it.' })
  if (sent.flags.includes('not_monitored')) lines.push({ tone: 'wrong', text: 'You are no longer monitored. Nobody looks at this reading.' })
  const checked = sent.seq !== null && sent.seq <= facts.judgedThrough
  const next = sent.next ? nextLine(sent.next, facts) : null
  if (checked) lines.push({ tone: 'good', text: next ? 'Checked by the computer.' : `Checked by the computer. ${whoLooks(facts.team, facts.now, facts.zone)}` })
  else lines.push({ tone: 'waiting', text: 'Not checked by the computer yet.' })
  if (sent.seenBy) lines.push({ tone: 'good', text: `Seen by ${sent.seenBy}` })
  // Of what somebody has seen, only what is pressing again is news.
  if (next && (!sent.seenBy || sent.next?.by)) lines.push(next)
  return lines
}

/** When people look, from the cover the team declared: in the team's own zone, named where it is not the person's. */
export function whoLooks(team: Team | undefined, now: number, zone: string): string {
  const inside = 'A person looks only if it is outside your limits.'
  if (!team || looks(team, now)) return inside
  const back = backAt(team, now)
  return `${back === null ? 'The team may not be there now.' : `The team is back ${back}${zoneOfTeam(team, zone)}.`} Before then at most the person on call is told, and only if it is severe. If you feel unwell, do not wait: ring 111. In an emergency, ring 999.`
}

/** Whether people look at this instant. What came from a service that tells no stretches of cover is the same every day. */
export function looks(team: Team, now: number): boolean {
  if (team.cover.length) return team.cover.some((cover) => Date.parse(cover.from) <= now && now < Date.parse(cover.until))
  return inCover(team, clock(now, team.time_zone))
}

/** When they are back, by the team's clock; null: further ahead than is known. */
function backAt(team: Team, now: number): string | null {
  if (!team.cover.length) return `at ${team.cover_from.slice(0, 5)}`
  const next = team.cover.find((cover) => Date.parse(cover.from) > now)
  return next ? dayAndClock(next.from, now, team.time_zone) : null
}

/** When people look, in the line at the foot of every page. */
export function hours(team: Team, now: number, zone: string): string {
  const there = team.cover.find((cover) => Date.parse(cover.from) <= now && now < Date.parse(cover.until))
  const longer = there && Date.parse(there.until) - now > WEEK_MS
  if (longer || (!team.cover.length && team.cover_from === team.cover_until)) return 'Day and night'
  if (there) return `Here until ${dayAndClock(there.until, now, team.time_zone).replace(/^today /, '')}${zoneOfTeam(team, zone)}`
  if (!team.cover.length) return `${team.cover_from.slice(0, 5)} to ${team.cover_until.slice(0, 5)}${zoneOfTeam(team, zone)}, every day`
  const back = backAt(team, now)
  return back === null ? 'May not be here now' : `Back ${back}${zoneOfTeam(team, zone)}`
}

function inCover(team: Team, time: string): boolean {
  const from = team.cover_from.slice(0, 5)
  const until = team.cover_until.slice(0, 5)
  if (from === until) return true
  return from < until ? time >= from && time < until : time >= from || time < until
}

/** Nothing where the person lives by the same clock. */
export const zoneOfTeam = (team: Team, zone: string) => (team.time_zone === zone ? '' : ` ${zoneWords(team.time_zone)}`)
