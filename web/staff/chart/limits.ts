// Limits in force then: which side of each is the bad one, and how it is named and coloured.
import type { LimitStep } from '../../shared/api/staff'

export type Side = 'above' | 'below'
export type Tone = 'severe' | 'target' | 'other'

export interface Band extends LimitStep {
  side: Side
  tone: Tone
  words: string
}

/** `severe_systolic` → severe, bad above; `low_systolic` → bad below. Systolic is what a number alone means. */
export function band(step: LimitStep): Band {
  const name = step.name.toLowerCase()
  const side: Side = /(^|_)(low|lower|hypo|min|floor)(_|$)/.test(name) ? 'below' : 'above'
  const tone: Tone = /severe|serious|very|emergency/.test(name) ? 'severe' : /target/.test(name) ? 'target' : 'other'
  const word = name
    .split('_')
    .filter((part) => part !== step.component && !step.component.split('_').includes(part))
    .join(' ')
  const whose = step.component === 'diastolic' ? ' dia.' : ''
  return { ...step, side, tone, words: (word || name.replaceAll('_', ' ')) + whose }
}
