// What happens next, in words: who was told and when, when nobody is, and whom to ring. Never what anybody is going to do.
import type { Work } from '../../shared/api/mobile/Work'
import { dayAndClock } from '../../shared/time/zone'
import type { Facts, Line } from './facts'

type Known = Pick<Facts, 'talking' | 'zone' | 'now'>

/** Null: a later service says something that this app does not know. */
export function nextLine(said: Work, facts: Known): Line | null {
  const work = asOf(said, facts.now)
  const told = soFar(work, facts)
  if (told === null) return null
  if (work.state === 'waits') return { tone: 'waiting', text: told }
  if (work.by === undefined) return { tone: 'waiting', text: `${told} If you feel worse, do not wait: ring 111. In an emergency, ring 999.` }
  const { team: name, phone } = work
  const ring = { name, phone }
  const by = when(work.by, facts)
  if (facts.now < Date.parse(work.by)) {
    return { tone: 'waiting', text: `${told} If nobody rings you by ${by}, ring ${name} on ${phone}. In an emergency, ring 999.`, ring }
  }
  return { tone: 'wrong', text: `${told} It is past ${by}: if nobody has rung you, ring ${name} now on ${phone}. If nobody answers there, ring 111. In an emergency, ring 999.`, ring }
}

/** The same for a line in a list: `Belper team paged 14:05`. */
export function nextWords(said: Work, facts: Known): string | null {
  const work = asOf(said, facts.now)
  if (work.by !== undefined && facts.now >= Date.parse(work.by)) return `if nobody has rung you, ring ${work.team}`
  switch (work.state) {
    case 'paged':
      return `${work.team} ${verb(work)} ${when(work.at, facts)}`
    case 'waits':
      return `nobody looks until ${when(work.until, facts)}`
    case 'passed_on':
      return 'being passed on'
    default:
      return null
  }
}

/** When a wait is over it is being passed on; that somebody was told is said by the service. */
function asOf(work: Work, now: number): Work {
  if (work.state !== 'waits' || now < Date.parse(work.until)) return work
  const { items, team, phone } = work
  return { items, team, phone, state: 'passed_on' }
}

function soFar(work: Work, facts: Known): string | null {
  switch (work.state) {
    case 'paged':
      return `${work.team} was ${verb(work)} at ${when(work.at, facts)}.${facts.talking ? ' Nobody has answered yet.' : ''}`
    case 'waits':
      return `Nobody looks at this until ${when(work.until, facts)}. Then it goes to ${work.team}. If you feel unwell before then, do not wait: ring 111. In an emergency, ring 999.`
    case 'passed_on':
      // Without signal the phone knows how it was, not how it is.
      return `This is being passed on to ${work.team}. ${facts.talking ? 'Nobody has been told yet.' : 'When this phone last had signal, nobody had been told yet.'}`
    default:
      return null
  }
}

const verb = (work: Work) => (work.by === undefined ? 'told' : 'paged')

/** `14:05`, `tomorrow 08:00` */
const when = (at: string, { zone, now }: Known) => dayAndClock(at, now, zone).replace(/^today /, '')
