import { expect, it } from 'vitest'
import { asked, detailWords } from './wanted'

it('asks for what is chosen, and for nothing else', () => {
  const nothing = { staff: '', what: '', from: '', until: '' }
  expect(asked(nothing)).toBe('')
  expect(asked({ ...nothing, what: 'record.read' }, 'p')).toBe('patient=p&what=record.read')
  const from = new URLSearchParams(asked({ ...nothing, from: '2026-11-26T08:00' })).get('from')
  expect(Date.parse(from ?? '')).toBe(new Date('2026-11-26T08:00').getTime())
})

it('shows ids and settings in a line', () => {
  expect(detailWords({ vital: 'weight', replaces: null, teams: ['a'] })).toBe('vital weight · teams ["a"]')
  expect(detailWords({})).toBe('')
})
