// Names of vitals and questionnaires, as the plan writes them.
import type { Plan } from '../shared/api/mobile/Plan'
import { findQuestionnaire } from './questions/questionnaire'

export function titleOf(plan: Plan | undefined, name: string): string {
  const title = plan?.vitals.find((each) => each.vital === name)?.title ?? findQuestionnaire(plan?.questionnaires ?? [], name)?.title
  if (title) return title
  const plain = (name.split('|')[0] ?? name).replaceAll('_', ' ')
  return plain.charAt(0).toUpperCase() + plain.slice(1)
}
