// The part of a FHIR R4 Questionnaire that the phone shows: one question or piece of words after the other, each with the words of its
// groups above it, and only while what it depends on was answered so.
import type { Answer } from '../../shared/api/mobile/Answer'
import type { AnswerAdvice } from '../../shared/api/mobile/AnswerAdvice'
import type { Questionnaire } from '../../shared/api/mobile/Questionnaire'

export type Question = { linkId: string; text: string; lead: string[]; required: boolean; conditions: Condition[]; initial: Answer['value'] | undefined } & (
  | { kind: 'yes or no' }
  | { kind: 'choice'; options: { value: string; words: string }[] }
  | { kind: 'number'; whole: boolean; least: number | undefined; most: number | undefined }
  | { kind: 'text'; long: boolean; most: number }
  | { kind: 'words' }
)

/** Of one item or group. */
interface Condition {
  any: boolean
  when: FhirWhen[]
}

interface FhirExtension {
  url?: string
  valueCode?: string
  valueString?: string
  valueInteger?: number
  valueDecimal?: number
  extension?: FhirExtension[]
}

interface FhirWords {
  extension?: FhirExtension[]
}

interface FhirWhen {
  question?: string
  operator?: string
  answerBoolean?: boolean
  answerInteger?: number
  answerDecimal?: number
  answerString?: string
  answerCoding?: { code?: string }
}

interface FhirOption {
  valueCoding?: { code?: string; display?: string; _display?: FhirWords }
  initialSelected?: boolean
}

interface FhirItem {
  linkId?: string
  type?: string
  text?: string
  _text?: FhirWords
  required?: boolean
  enableWhen?: FhirWhen[]
  enableBehavior?: string
  initial?: { valueBoolean?: boolean; valueInteger?: number; valueDecimal?: number; valueString?: string }[]
  answerOption?: FhirOption[]
  maxLength?: number
  extension?: FhirExtension[]
  item?: FhirItem[]
}

interface FhirContent {
  item?: FhirItem[]
  meta?: { security?: { code?: string }[] }
}

const FHIR = 'http://hl7.org/fhir/StructureDefinition/'
const TEXT_AT_MOST = 200

export function questionsOf(questionnaire: Questionnaire, languages: readonly string[] = navigator.languages): Question[] {
  return ((questionnaire.content as FhirContent | null)?.item ?? []).flatMap((item) => flat(item, [], [], languages))
}

/** Its answers are not shown again. */
export function isSensitive(questionnaire: Questionnaire): boolean {
  return (questionnaire.content as FhirContent | null)?.meta?.security?.some((label) => label.code === 'R') ?? false
}

function flat(item: FhirItem, lead: string[], outer: Condition[], languages: readonly string[]): Question[] {
  const text = words(item.text, item._text, languages)
  const conditions = item.enableWhen?.length ? [...outer, { any: item.enableBehavior === 'any', when: item.enableWhen }] : outer
  if (item.type === 'group') return (item.item ?? []).flatMap((inner) => flat(inner, text ? [...lead, text] : lead, conditions, languages))
  if (!item.linkId || !text) return []
  const given = item.initial?.[0]
  const initial = given?.valueBoolean ?? given?.valueInteger ?? given?.valueDecimal ?? given?.valueString
  const base = { linkId: item.linkId, text, lead, required: item.required ?? false, conditions, initial }
  const bound = (name: string) => {
    const extension = item.extension?.find((each) => each.url === FHIR + name)
    return extension?.valueInteger ?? extension?.valueDecimal
  }
  switch (item.type) {
    case 'display':
      return [{ ...base, kind: 'words' }]
    case 'boolean':
      return [{ ...base, kind: 'yes or no' }]
    case 'choice': {
      const options = (item.answerOption ?? []).map((each) => ({
        value: each.valueCoding?.code ?? '', words: words(each.valueCoding?.display, each.valueCoding?._display, languages),
      }))
      const selected = item.answerOption?.find((each) => each.initialSelected)?.valueCoding?.code
      return [{ ...base, initial: selected, kind: 'choice', options }]
    }
    case 'integer':
    case 'decimal':
      return [{ ...base, kind: 'number', whole: item.type === 'integer', least: bound('minValue'), most: bound('maxValue') }]
    default:
      return [{ ...base, kind: 'text', long: item.type === 'text', most: item.maxLength ?? TEXT_AT_MOST }]
  }
}

/** In the first of the phone's languages that there is. English is what is written. */
function words(text: string | undefined, more: FhirWords | undefined, languages: readonly string[]): string {
  for (const language of languages) {
    if (language.startsWith('en')) break
    for (const each of more?.extension ?? []) {
      const of = each.extension?.find((part) => part.url === 'lang')?.valueCode
      const content = each.extension?.find((part) => part.url === 'content')?.valueString
      if (content && of && (of === language || of === language.split('-')[0])) return content
    }
  }
  return text ?? ''
}

/** Those that are asked, given these answers. An answer to a question that is hidden hides and shows nothing. */
export function shown(questions: Question[], answers: Record<string, Answer>): Question[] {
  const standing: Record<string, Answer> = {}
  return questions.filter((question) => {
    const is = question.conditions.every((each) => (each.any ? each.when.some((when) => holds(when, standing)) : each.when.every((when) => holds(when, standing))))
    const given = answers[question.linkId]
    if (is && given) standing[question.linkId] = given
    return is
  })
}

function holds(when: FhirWhen, answers: Record<string, Answer>): boolean {
  const given = answers[when.question ?? '']?.value
  if (when.operator === 'exists') return (given !== undefined) === (when.answerBoolean ?? true)
  if (given === undefined) return false
  const wanted = when.answerBoolean ?? when.answerInteger ?? when.answerDecimal ?? when.answerString ?? when.answerCoding?.code
  if (when.operator === '=') return given === wanted
  if (when.operator === '!=') return given !== wanted
  if (typeof given !== 'number' || typeof wanted !== 'number') return false
  switch (when.operator) {
    case '>':
      return given > wanted
    case '<':
      return given < wanted
    case '>=':
      return given >= wanted
    case '<=':
      return given <= wanted
    default:
      return false
  }
}

/** The words a clinician signed for this answer. Such an answer is sent at its tap, with those before it. */
export function adviceForAnswer(all: AnswerAdvice[], questionnaire: string, answer: Answer): AnswerAdvice | undefined {
  return all.find((each) => each.questionnaire === questionnaire && each.link_id === answer.link_id && each.any_of.includes(answer.value))
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
