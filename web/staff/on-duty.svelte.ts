// Who is on duty, as the worklist last said; the top bar shows it on every page.
import type { TeamNow } from '../shared/api/staff'

let team = $state<TeamNow | null>(null)

export const onDuty = {
  get team(): TeamNow | null {
    return team
  },
}

export function setOnDuty(told: TeamNow): void {
  team = told
}
