import { describe, expect, test } from 'vitest'
import { clock, day, dayAndClock, daysAway, localDay, span } from './zone'

const london = 'Europe/London'
const now = '2026-03-28T14:06:00Z'

describe('times in a zone', () => {
  test('the clock is the zone’s, before and after it changes', () => {
    expect(clock('2026-03-29T00:30:00Z', london)).toBe('00:30')
    expect(clock('2026-03-29T01:30:00Z', london)).toBe('02:30')
    expect(clock('2026-03-28T14:06:00Z', 'Asia/Kolkata')).toBe('19:36')
    expect(clock('2026-03-28T00:00:00Z', london)).toBe('00:00')
  })

  test('a day is a local day', () => {
    expect(localDay('2026-06-30T23:30:00Z', london)).toBe('2026-07-01')
    expect(localDay('2026-01-05T23:30:00Z', london)).toBe('2026-01-05')
    expect(daysAway('2026-03-29T22:59:00Z', now, london)).toBe(1)
    expect(daysAway('2026-03-29T23:00:00Z', now, london)).toBe(2)
  })

  test('in words', () => {
    expect(day('2026-03-28T08:00:00Z', now, london)).toBe('today')
    expect(day('2026-03-27T08:00:00Z', now, london)).toBe('yesterday')
    expect(day('2026-03-24T08:00:00Z', now, london)).toBe('Tue 24 Mar')
    expect(day('2025-12-24T08:00:00Z', now, london)).toBe('24 Dec 2025')
    expect(dayAndClock('2026-03-29T08:00:00Z', now, london)).toBe('tomorrow 09:00')
  })

  test('spans', () => {
    expect(span(30_000)).toBe('under 1 min')
    expect(span(9 * 60_000)).toBe('9 min')
    expect(span(5 * 3_600_000)).toBe('5 h')
    expect(span(50 * 3_600_000)).toBe('2 days')
  })
})
