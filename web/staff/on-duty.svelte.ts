// Who is on duty, of each of one's teams, as the worklist last said; the top bar shows it on every page.
import type { TeamNow } from '../shared/api/staff'

let teams = $state<TeamNow[] | null>(null)

export const onDuty = {
  /** null: not known yet. */
  get teams(): TeamNow[] | null {
    return teams
  },
}

export function setOnDuty(told: TeamNow[]): void {
  teams = told
}
