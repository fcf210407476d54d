// What was measured, said back in words, and small phrases used on several pages.
import type { Item } from '../shared/api/mobile/Item'
import type { PlanVital } from '../shared/api/mobile/PlanVital'
import type { Quantity } from '../shared/api/mobile/Quantity'

/** `148 over 92`, `7.2 mmol/L`, `HI`: large on the screen. */
export function figures(vital: string, values: Record<string, Quantity>, plan?: PlanVital): string {
  const { systolic, diastolic } = values
  if (vital === 'blood_pressure' && systolic && diastolic) return `${number(systolic)} over ${number(diastolic)}`
  return Object.entries(values)
    .map(([component, quantity]) => chosen(component, quantity, plan) ?? `${number(quantity)} ${quantity.comparator ? '' : unitTitle(component, quantity, plan)}`.trim())
    .join(', ')
}

/** What is chosen from words is said back in them. */
function chosen(component: string, quantity: Quantity, plan?: PlanVital): string | undefined {
  return plan?.components.find((each) => each.component === component)?.choices?.find((each) => each.value === quantity.value)?.title
}

/** It is chosen from words; no number is read off anything. */
export const hasWords = (plan?: PlanVital): boolean => (plan?.components[0]?.choices ?? []).length > 0

/** What is left of it after `figures`: `pulse 71`. */
export function besides(vital: string, values: Record<string, Quantity>): string {
  return vital === 'blood_pressure' && values['pulse'] ? `pulse ${number(values['pulse'])}` : ''
}

function number(quantity: Quantity): string {
  if (quantity.comparator) return quantity.comparator === 'high' ? 'HI' : 'LO'
  return String(quantity.value ?? '?')
}

function unitTitle(component: string, quantity: Quantity, plan?: PlanVital): string {
  const unit = plan?.components.find((each) => each.component === component)?.units.find((each) => each.unit === quantity.unit)
  return unit?.title ?? (quantity.unit ?? '').replaceAll(/[[\]]/g, '')
}

/** One line for a list: `Blood pressure 148 over 92`. */
export function summary(item: Item, title: (name: string) => string, plan?: PlanVital): string {
  switch (item.kind) {
    case 'reading':
      if (item.absent) return `${title(item.vital)}: could not ${hasWords(plan) ? 'tell' : 'measure'}`
      return `${title(item.vital)}${hasWords(plan) ? ':' : ''} ${figures(item.vital, item.values, plan)}`
    case 'answers':
      return `Answers: ${title(item.questionnaire)}`
    case 'event':
      return title(item.event)
    case 'correction':
      return 'A correction'
  }
}

/** How a pressure was taken: `standing, with the sign for an irregular heartbeat`. Sitting goes without saying. */
export function circumstances(context: Record<string, unknown>): string {
  const posture = POSTURES.find(([name]) => name === context['posture'])?.[1]
  const sign = context['irregular_pulse']
  return [posture === 'sitting' ? '' : posture, sign === true ? 'with the sign for an irregular heartbeat' : ''].filter(Boolean).join(', ')
}

export const POSTURES: [string, string][] = [
  ['sitting', 'sitting'],
  ['standing', 'standing'],
  ['lying', 'lying down'],
]

export const MEALS: [string, string][] = [
  ['before_breakfast', 'before breakfast'],
  ['after_breakfast', 'after breakfast'],
  ['before_lunch', 'before lunch'],
  ['after_lunch', 'after lunch'],
  ['before_supper', 'before supper'],
  ['after_supper', 'after supper'],
  ['bedtime', 'at bedtime'],
]

export function greeting(hour: number): string {
  if (hour < 12) return 'Good morning'
  return hour < 18 ? 'Good afternoon' : 'Good evening'
}
