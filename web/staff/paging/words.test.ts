import { expect, test } from 'vitest'
import type { PageLife } from '../../shared/api/staff'
import { about, toWhom } from './words'

const life: PageLife = {
  page: 'p',
  made_at: '2026-03-02T09:00:00Z',
  priority: 'high',
  what: null,
  about: [],
  to: 'Ida Shaw',
  channel: 'sms',
  proven: true,
  state: 'handed_over',
  unsettled: false,
  tries: [],
  went_on: null,
}
const alert = { kind: 'clinical', priority: 'high', team: null, why: [], owner: null, acknowledged_at: null, closed_at: null } as const

test('a page says to whom it went, over what, and what it is about', () => {
  expect(toWhom(life)).toBe('Ida Shaw by text message')
  expect(toWhom({ ...life, to: null, channel: 'email' })).toBe('The operator by e-mail')
  const two = ['A1042', 'A1043'].map((reference) => ({ ...alert, why: [], reference }))
  expect(about({ ...life, about: two })).toBe('A1042, A1043')
  expect(about({ ...life, what: 'a test page' })).toBe('a test page')
  expect(about(life)).toBe('an alert that was erased')
})
