// Whom a page, an ask or a submission is about. A carer's phone speaks for several people.
import type { Plan } from '../shared/api/mobile/Plan'
import type { PersonKept } from './device/store'

/** Without a handle: the device's own patient. */
export function personOf<Person extends Pick<PersonKept, 'for'>>(people: Person[], whom: string | undefined): Person | undefined {
  return whom === undefined ? people[0] : people.find((each) => each.for === whom)
}

export function planOf(plans: Plan[], person: Pick<PersonKept, 'for'> | undefined): Plan | undefined {
  return plans.find((each) => each.for === person?.for)
}

export const zoneOf = (plan: Plan | undefined) => plan?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
