// How a roster is said. A hole is where cover is declared and nobody is on duty.
import type { RosterDay, RosterStretch } from '../../shared/api/staff'
import { clock } from '../../shared/time/zone'

export const isHole = (stretch: RosterStretch) => stretch.covered && stretch.people.length === 0

/** `08:00–20:00`; the end of a day is 24:00. */
export function hours(stretch: RosterStretch, zone: string): string {
  const until = clock(stretch.until, zone)
  return `${clock(stretch.from, zone)}–${until === '00:00' ? '24:00' : until}`
}

export const names = (stretch: RosterStretch) => stretch.people.map((person) => person.name).join(', ')

/** What is worth a line: hours in which somebody is there, or should be. */
export const lines = (day: RosterDay) => day.stretches.filter((stretch) => stretch.covered || stretch.people.length > 0)

/** `Mon 7 Dec` */
export function dayName(day: string): string {
  return new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`)).replace(',', '')
}
