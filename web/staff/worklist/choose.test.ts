import { describe, expect, test } from 'vitest'
import type { AlertHead, PatientHead, WorklistRow } from '../../shared/api/staff'
import { actBy } from './act-by'
import { matches, passes } from './choose'

const head: PatientHead = { patient: 'p', given_name: 'José', family_name: 'Marsh', age: 81, lives_alone: true }
const alert: AlertHead = {
  alert: 'a', reference: 'A1042', kind: 'clinical', priority: 'high', sentence: 'Severe blood pressure 186/101, confirmed',
  opened_at: '2026-03-01T14:04:00Z', late_minutes: 0, act_by: '2026-03-01T14:20:00Z', owner: null, acknowledged_at: null,
  told: 1, offered_to: null, rang: 0, snoozed_until: null, snooze_reason: null, snooze_minutes: 120,
}
const row = (over: Partial<AlertHead>, patient = 'p'): WorklistRow => ({ patient: { ...head, patient }, team: 'Belper team', alert: { ...alert, ...over }, more: 0, last_reading: null })

describe('the worklist', () => {
  test('search finds by the beginnings of words, whatever the accents', () => {
    expect(matches(row({}), 'mar jose')).toBe(true)
    expect(matches(row({}), 'A1042')).toBe(true)
    expect(matches(row({}), 'arsh')).toBe(false)
    expect(matches(row({}), '')).toBe(true)
  })

  test('filters', () => {
    const ida = { staff: 'ida', name: 'Ida Shaw' }
    expect(passes(row({ owner: ida }), 'mine', 'ida')).toBe(true)
    expect(passes(row({ owner: ida }), 'unowned', 'ida')).toBe(false)
    expect(passes(row({ kind: 'absence' }), 'silent', 'ida')).toBe(true)
    expect(passes(row({}), 'equipment', 'ida')).toBe(false)
  })
})

describe('the clock to act by', () => {
  const opened = '2026-03-01T14:00:00Z'
  const at = (time: string, due = '2026-03-01T14:20:00Z') => actBy(opened, due, Date.parse(time), 'Europe/London')

  test('counts the share of the time there was', () => {
    expect(at('2026-03-01T14:05:00Z')).toEqual({ words: 'act by 14:20', share: 0.25, over: false })
  })
  test('says how far over it is', () => {
    expect(at('2026-03-01T14:32:00Z')).toEqual({ words: '12 min over', share: 1, over: true })
  })
  test('names the day when it is not near', () => {
    expect(at('2026-03-01T14:05:00Z', '2026-03-02T09:00:00Z').words).toBe('tomorrow 09:00')
    expect(at('2026-03-01T08:05:00Z', '2026-03-01T18:00:00Z').words).toBe('today 18:00')
  })
})
