import { expect, test } from 'vitest'
import { dayName, hours, isHole, lines } from './words'

const stretch = (from: string, until: string, covered: boolean, people: string[]) => ({ from, until, covered, people: people.map((name) => ({ staff: name, name })) })

test('hours are those of the team, and a day ends at 24:00', () => {
  expect(hours(stretch('2026-07-01T07:00:00Z', '2026-07-01T19:00:00Z', true, ['Ida']), 'Europe/London')).toBe('08:00–20:00')
  expect(hours(stretch('2026-07-01T19:00:00Z', '2026-07-01T23:00:00Z', true, ['Ida']), 'Europe/London')).toBe('20:00–24:00')
})

test('a hole is cover without anybody; without both there is nothing to say', () => {
  const nobody = stretch('2026-03-02T08:00:00Z', '2026-03-02T10:00:00Z', true, [])
  const closed = stretch('2026-03-02T10:00:00Z', '2026-03-02T12:00:00Z', false, [])
  const onCall = stretch('2026-03-02T12:00:00Z', '2026-03-02T14:00:00Z', false, ['Tom'])
  expect([nobody, closed, onCall].map(isHole)).toEqual([true, false, false])
  expect(lines({ day: '2026-03-02', bank_holiday: false, stretches: [nobody, closed, onCall] })).toEqual([nobody, onCall])
})

test('a day is named in any zone as the service named it', () => expect(dayName('2026-12-07')).toBe('Mon 7 Dec'))
