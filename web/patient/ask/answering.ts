// What a rule asks beside a reading: which questions stand there now, and what is sent when one of them is answered.
import type { Answer } from '../../shared/api/mobile/Answer'
import { shown, type Question } from '../questions/questionnaire'

export interface Given {
  answers: Record<string, Answer>
  /** Link ids of those that need no answer, and have none. */
  skipped: string[]
}

export const NOTHING: Given = { answers: {}, skipped: [] }

export interface Sending {
  partial: boolean
  answers: Answer[]
}

/** `null` skips the question. What is said is sent at that tap, with all before it: any of it may be what the rule waits for. A *no* or a
    question left out waits for the rest. */
export function answered(questions: Question[], before: Given, linkId: string, value: Answer['value'] | null): { given: Given; send: Sending | null } {
  const { [linkId]: _, ...others } = before.answers
  const given: Given = {
    answers: value === null ? others : { ...others, [linkId]: { link_id: linkId, value } },
    skipped: [...before.skipped.filter((each) => each !== linkId), ...(value === null ? [linkId] : [])],
  }
  const asked = shown(questions, given.answers).filter((each) => each.kind !== 'words')
  const partial = !asked.every((each) => given.answers[each.linkId] || given.skipped.includes(each.linkId))
  const says = value !== null && value !== false
  return { given, send: says || !partial ? { partial, answers: asked.flatMap((each) => given.answers[each.linkId] ?? []) } : null }
}
