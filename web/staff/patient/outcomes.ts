// What can come of an alert, in the words staff choose from.
import type { Outcome } from '../../shared/api/staff'

export const outcomes: [Outcome, string][] = [
  ['treatment_changed', 'Treatment changed'],
  ['limit_changed', 'Limit changed'],
  ['sent_on', 'Sent to urgent community response or GP'],
  ['called_999', '999 called'],
  ['admitted', 'Admitted'],
  ['expected', 'Expected for this person'],
  ['device_fault', 'Device fault'],
  ['wrong_entry', 'Wrong entry'],
  ['could_not_reach', 'Could not reach; welfare step taken'],
  ['no_action', 'No action needed'],
]

export const outcomeWords = (outcome: Outcome) => outcomes.find(([name]) => name === outcome)?.[1] ?? outcome
