import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../shared/api/mobile/Answer'
import type { Questionnaire } from '../../shared/api/mobile/Questionnaire'
import { adviceForAnswer, answerWords, isSensitive, questionsOf, shown } from './questionnaire'

const of = (content: Questionnaire['content']): Questionnaire => ({ questionnaire: 'q|1', title: 'Questions', content })
const FHIR = 'http://hl7.org/fhir/StructureDefinition/'
const welsh = (content: string) => ({ extension: [{ url: `${FHIR}translation`, extension: [{ url: 'lang', valueCode: 'cy' }, { url: 'content', valueString: content }] }] })
const content = {
  item: [
    { linkId: 'sit', type: 'display', text: 'Sit down first.' },
    { linkId: 'breath', type: 'group', text: 'Your breath', item: [
      { linkId: 'breathless', type: 'choice', text: 'Are you breathless?', _text: welsh('Ydych chi allan o wynt?'), answerOption: [
        { valueCoding: { code: 'same', display: 'As always' }, initialSelected: true }, { valueCoding: { code: 'more', display: 'More' } },
      ] },
      { linkId: 'pillows', type: 'integer', text: 'How many pillows?', enableWhen: [{ question: 'breathless', operator: '=', answerCoding: { code: 'more' } }],
        extension: [{ url: `${FHIR}minValue`, valueInteger: 0 }, { url: `${FHIR}maxValue`, valueInteger: 9 }] },
    ] },
    { linkId: 'words', type: 'text', text: 'Anything else?', maxLength: 100, enableWhen: [{ question: 'pillows', operator: '>=', answerInteger: 3 }] },
  ],
}
const answers = (given: Record<string, Answer['value']>) => Object.fromEntries(Object.entries(given).map(([link_id, value]) => [link_id, { link_id, value }]))
const links = (given: Record<string, Answer['value']>) => shown(questionsOf(of(content), ['en']), answers(given)).map((each) => each.linkId)

describe('what is asked', () => {
  test('follows the answers, as they come', () => {
    expect(links({})).toEqual(['sit', 'breathless'])
    expect(links({ breathless: 'more' })).toEqual(['sit', 'breathless', 'pillows'])
    expect(links({ breathless: 'more', pillows: 2 })).toEqual(['sit', 'breathless', 'pillows'])
    expect(links({ breathless: 'more', pillows: 3 })).toEqual(['sit', 'breathless', 'pillows', 'words'])
    // What was answered to a question that is hidden now shows nothing.
    expect(links({ breathless: 'same', pillows: 3 })).toEqual(['sit', 'breathless'])
  })

  test('has the words above it, its options and bounds', () => {
    const [sit, breathless, pillows, words] = questionsOf(of(content), ['en-GB', 'cy'])
    expect(sit).toMatchObject({ kind: 'words' })
    expect(breathless).toMatchObject({ kind: 'choice', lead: ['Your breath'], text: 'Are you breathless?', initial: 'same' })
    expect(pillows).toMatchObject({ kind: 'number', whole: true, least: 0, most: 9 })
    expect(words).toMatchObject({ kind: 'text', long: true, most: 100 })
    expect(answerWords(breathless!, { link_id: 'breathless', value: 'more' })).toBe('More')
  })

  test('is said in the language of the phone, if it is there', () => {
    expect(questionsOf(of(content), ['cy-GB', 'en'])[1]?.text).toBe('Ydych chi allan o wynt?')
    expect(questionsOf(of(content), ['de', 'en'])[1]?.text).toBe('Are you breathless?')
  })
})

test('PHQ-9 as it is published is asked whole, is sensitive, and its ninth answer has words at once', () => {
  const phq9 = of(JSON.parse(readFileSync(`${import.meta.dirname}/../../../alert-rules/packs/mood/questionnaires/phq9.json`, 'utf8')))
  expect(isSensitive(phq9)).toBe(true)
  expect(isSensitive(of(content))).toBe(false)
  const questions = questionsOf(phq9, ['en'])
  expect(questions).toHaveLength(9)
  expect(questions.every((each) => each.kind === 'choice' && each.required && each.lead.length === 1)).toBe(true)
  const advice = [{ questionnaire: 'q|1', link_id: 'phq9_9', any_of: ['several-days', 'nearly-every-day'], say: 'Call 111.' }]
  expect(adviceForAnswer(advice, 'q|1', { link_id: 'phq9_9', value: 'several-days' })?.say).toBe('Call 111.')
  expect(adviceForAnswer(advice, 'q|1', { link_id: 'phq9_9', value: 'not-at-all' })).toBeUndefined()
  expect(adviceForAnswer(advice, 'q|1', { link_id: 'phq9_8', value: 'several-days' })).toBeUndefined()
})
