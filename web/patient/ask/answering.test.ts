import { expect, test } from 'vitest'
import { questionsOf } from '../questions/questionnaire'
import { answered, NOTHING, type Given } from './answering'

const questions = questionsOf({ questionnaire: 'q|2', title: 'How you feel', content: { item: [
  { linkId: 'sit', type: 'display', text: 'Sit down.' },
  { linkId: 'pain', type: 'boolean', text: 'Pain?', required: true },
  { linkId: 'breath', type: 'choice', text: 'Breath?', required: true, answerOption: [{ valueCoding: { code: 'same', display: 'As always' } }, { valueCoding: { code: 'more', display: 'Worse' } }] },
  { linkId: 'pillows', type: 'integer', text: 'Pillows?', enableWhen: [{ question: 'breath', operator: '=', answerCoding: { code: 'more' } }] },
] } }, ['en'])

/** What each answer in turn sends: how many answers, and whether more may come. */
function told(...all: [string, string | number | boolean | null][]) {
  let given: Given = NOTHING
  return all.map(([linkId, value]) => {
    const next = answered(questions, given, linkId, value)
    given = next.given
    return next.send && `${next.send.partial ? 'so far' : 'all'}: ${next.send.answers.map((each) => `${each.link_id} ${each.value}`).join(', ')}`
  })
}

test('a yes is sent at that tap, a no with the rest', () => {
  expect(told(['pain', false], ['breath', 'same'])).toEqual([null, 'all: pain false, breath same'])
  expect(told(['pain', true])).toEqual(['so far: pain true'])
})

test('a choice and a number are sent as they are said: either may be what the rule waits for', () => {
  expect(told(['breath', 'more'], ['pain', false], ['pillows', 3])).toEqual(['so far: breath more', null, 'all: pain false, breath more, pillows 3'])
})

test('what another answer hides is not sent, and what needs no answer may be left out', () => {
  expect(told(['breath', 'more'], ['pillows', 3], ['breath', 'same'], ['pain', false]).at(-1)).toBe('all: pain false, breath same')
  expect(told(['pain', false], ['breath', 'more'], ['pillows', null])).toEqual([null, 'so far: pain false, breath more', 'all: pain false, breath more'])
})
