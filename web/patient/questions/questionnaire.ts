// The part of a FHIR R4 Questionnaire that the phone shows: groups are flattened, one question after the other.
import type { Questionnaire } from '../../shared/api/mobile/Questionnaire'
import type { Answer } from '../../shared/api/mobile/Answer'

export type Question = { linkId: string; text: string; required: boolean } & (
  | { kind: 'yes or no' }
  | { kind: 'choice'; options: { value: string; words: string }[] }
  | { kind: 'number' }
  | { kind: 'text' }
)

interface FhirItem {
  linkId?: string
  type?: string
  text?: string
  required?: boolean
  item?: FhirItem[]
  answerOption?: { valueString?: string; valueInteger?: number; valueCoding?: { code?: string; display?: string } }[]
}

export function questionsOf(questionnaire: Questionnaire): Question[] {
  return ((questionnaire.content as { item?: FhirItem[] } | null)?.item ?? []).flatMap(flat)
}

function flat(item: FhirItem): Question[] {
  const inner = (item.item ?? []).flatMap(flat)
  if (!item.linkId || !item.text || item.type === 'group' || item.type === 'display') return inner
  const base = { linkId: item.linkId, text: item.text, required: item.required ?? false }
  switch (item.type) {
    case 'boolean':
      return [{ ...base, kind: 'yes or no' }, ...inner]
    case 'choice':
    case 'open-choice':
      return [{ ...base, kind: 'choice', options: (item.answerOption ?? []).map(option) }, ...inner]
    case 'integer':
    case 'decimal':
      return [{ ...base, kind: 'number' }, ...inner]
    default:
      return [{ ...base, kind: 'text' }, ...inner]
  }
}

function option(given: NonNullable<FhirItem['answerOption']>[number]): { value: string; words: string } {
  const value = given.valueCoding?.code ?? given.valueString ?? String(given.valueInteger ?? '')
  return { value, words: given.valueCoding?.display ?? value }
}

/** An ask and a plan may name it without its version. */
export function findQuestionnaire(all: Questionnaire[], name: string): Questionnaire | undefined {
  return all.find((each) => each.questionnaire === name) ?? all.find((each) => each.questionnaire.split('|')[0] === name.split('|')[0])
}

export function answerWords(question: Question, answer: Answer | undefined): string {
  if (!answer) return 'not answered'
  if (typeof answer.value === 'boolean') return answer.value ? 'Yes' : 'No'
  if (question.kind === 'choice') return question.options.find((each) => each.value === answer.value)?.words ?? String(answer.value)
  return String(answer.value)
}
