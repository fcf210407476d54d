// Hours for which somebody is wanted.
import type { Person } from '../../shared/api/staff'

export interface Wanted {
  /** null: a hole. */
  insteadOf: Person | null
  from: string
  until: string
}
