import { expect, test } from 'vitest'
import type { AlertEvent } from '../../shared/api/staff'
import { takenBefore } from './taken-before'

const events = (...whats: string[]): AlertEvent[] => whats.map((what) => ({ at: '2026-03-01T08:00:00Z', what, by: what === 'acknowledged' ? 'Ida Shaw' : null, text: '' }))

test('an alert that came back names who had it', () => {
  const history = events('opened', 'paged', 'acknowledged', 'came_back', 'paged')
  expect(takenBefore({ acknowledged_at: null, history })).toEqual({ name: 'Ida Shaw', why: 'it came back' })
  expect(takenBefore({ acknowledged_at: null, history: events('opened', 'acknowledged', 'worsened') })?.why).toBe('it got worse')
})

test('one that nobody took, or that somebody has, does not', () => {
  expect(takenBefore({ acknowledged_at: null, history: events('opened', 'came_back') })).toBe(null)
  expect(takenBefore({ acknowledged_at: '2026-03-01T09:00:00Z', history: events('opened', 'acknowledged') })).toBe(null)
})
