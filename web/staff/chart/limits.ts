// Limits in force then: how each is named and coloured. Its bad side is the service's to say.
import type { LimitStep } from '../../shared/api/staff'

export type Tone = 'severe' | 'target' | 'other'

export interface Band extends LimitStep {
  tone: Tone
  words: string
}

/** `severe_systolic` → severe; `target_diastolic` → target dia. Systolic is what a number alone means. */
export function band(step: LimitStep): Band {
  const name = step.name.toLowerCase()
  const tone: Tone = /severe|serious|very|emergency/.test(name) ? 'severe' : /target/.test(name) ? 'target' : 'other'
  const word = name
    .split('_')
    .filter((part) => part !== step.component && !step.component.split('_').includes(part))
    .join(' ')
  const whose = step.component === 'diastolic' ? ' dia.' : ''
  return { ...step, tone, words: (word || name.replaceAll('_', ' ')) + whose }
}
