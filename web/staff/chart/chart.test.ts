import { describe, expect, test } from 'vitest'
import type { LimitStep, Series, SeriesPoint } from '../../shared/api/staff'
import { band } from './limits'
import { look } from './look'
import { verticalRange } from './scale'
import { runs, silences } from './spans'
import { pointWords, remarks, valueWords } from './words'

const HOUR = 3_600_000
const point = (over: Partial<SeriesPoint> = {}): SeriesPoint => ({
  seq: 1, at: '2026-03-03T08:05:00Z', received_at: '2026-03-03T08:05:02Z', values: { systolic: 148, diastolic: 92 }, comparators: {}, given: [],
  state: 'standing', late: false, unconfirmed: false, accepted_by: null, dated_by_arrival: false, method: 'manual', context: null, absent: null, ...over,
})

describe('lines', () => {
  test('join across the usual interval, never across a gap', () => {
    const times = [0, 12, 24, 60, 72].map((hour) => hour * HOUR)
    expect(runs(times, 12)).toEqual([[0, 1, 2], [3, 4]])
    expect(runs(times, 24)).toEqual([[0, 1, 2, 3, 4]])
    expect(runs([], 12)).toEqual([])
  })

  test('a reading half an interval late is joined, later is not', () => {
    expect(runs([0, 18 * HOUR], 12)).toEqual([[0, 1]])
    expect(runs([0, 18 * HOUR + 1], 12)).toEqual([[0], [1]])
    // A daily reading that was missed once.
    expect(runs([0, 48 * HOUR], 24)).toEqual([[0], [1]])
  })

  test('a silence that still lasts is a gap too', () => {
    const times = [0, 12, 24, 96].map((hour) => hour * HOUR)
    expect(silences(times, 12, 200 * HOUR)).toEqual([
      { from: 24 * HOUR, until: 96 * HOUR },
      { from: 96 * HOUR, until: 200 * HOUR },
    ])
    expect(silences(times, 12, 100 * HOUR)).toHaveLength(1)
  })
})

describe('how a point looks', () => {
  test('late is hollow, manual is square, unconfirmed has a dashed ring', () => {
    expect(look(point(), 'systolic', 100)).toMatchObject({ shape: 'square', hollow: false, dashedRing: false, edge: null })
    expect(look(point({ method: 'instrument', late: true, unconfirmed: true }), 'systolic', 100)).toMatchObject({ shape: 'circle', hollow: true, dashedRing: true })
  })

  test('impossible is struck through at the nearer edge', () => {
    expect(look(point({ state: 'impossible', values: { systolic: 1850 } }), 'systolic', 120)).toMatchObject({ struck: true, edge: 'top', arrow: false })
    expect(look(point({ state: 'impossible', values: { systolic: 12 } }), 'systolic', 120)).toMatchObject({ edge: 'bottom' })
  })

  test('HI and LO go to the edge with an arrow', () => {
    expect(look(point({ values: {}, comparators: { glucose: 'high' } }), 'glucose', 10)).toMatchObject({ edge: 'top', arrow: true, struck: false })
    expect(look(point({ values: {}, comparators: { glucose: 'low' } }), 'glucose', 10)).toMatchObject({ edge: 'bottom', arrow: true })
  })
})

describe('limits', () => {
  const step = (name: string, component: string): LimitStep => ({ name, component, side: 'above', from: '2026-01-01T00:00:00Z', until: null, value: 180, whose: 'pack' })

  test('have a word and a tone', () => {
    expect(band(step('severe_systolic', 'systolic'))).toMatchObject({ tone: 'severe', words: 'severe' })
    expect(band(step('target_diastolic', 'diastolic'))).toMatchObject({ tone: 'target', words: 'target dia.' })
    expect(band(step('low_systolic', 'systolic'))).toMatchObject({ tone: 'other', words: 'low' })
    expect(band(step('hypo', 'glucose'))).toMatchObject({ tone: 'other', words: 'hypo' })
  })
})

describe('the vertical scale', () => {
  test('holds values and limits, and an impossible value does not stretch it', () => {
    const series = { points: [point(), point({ state: 'impossible', values: { systolic: 1850 } })], limits: [{ value: 180 }], bands: [] as Series['bands'], levels: [] as string[] } as Series
    const [low, high] = verticalRange(series)
    expect(low).toBeLessThan(92)
    expect(high).toBeGreaterThan(180)
    expect(high).toBeLessThan(200)
  })

  test('is all that a score can be, whatever it was', () => {
    const bands = [{ from: 0, until: 5, words: 'minimal' }, { from: 5, until: 27, words: 'more' }]
    const [low, high] = verticalRange({ points: [point({ values: { phq9: 3 } })], limits: [] as Series['limits'], bands, levels: [] as string[] } as Series)
    expect(low).toBeCloseTo(-1.08)
    expect(high).toBe(27)
  })

  test('is all levels, whichever occurred', () => {
    const levels = ['alert', 'new confusion', 'unresponsive']
    expect(verticalRange({ points: [point({ values: { consciousness: 0 } })], levels } as Series)).toEqual([-0.5, 2.5])
  })
})

describe('words', () => {
  const series = { components: ['systolic', 'diastolic', 'pulse'], levels: [], unit: 'mmHg' }
  const now = Date.parse('2026-03-03T14:00:00Z')

  test('values', () => {
    expect(valueWords({ components: ['systolic', 'diastolic'], levels: [] }, point())).toBe('148/92')
    expect(valueWords({ components: ['glucose'], levels: [] }, point({ values: {}, comparators: { glucose: 'high' } }))).toBe('HI')
    const awake = { components: ['consciousness'], levels: ['alert', 'new confusion'], unit: '' }
    expect(valueWords(awake, point({ values: { consciousness: 1 } }))).toBe('new confusion')
    expect(valueWords({ components: ['weight'], levels: [] }, point({ values: {}, absent: 'could_not_measure' }))).toBe('could not measure')
  })

  test('a whole point, with what is unusual', () => {
    expect(pointWords(series, point({ late: true, received_at: '2026-03-03T08:45:00Z' }), now, 'Europe/London')).toBe(
      'today 08:05 · 148/92 mmHg · typed in · late by 40 min',
    )
    expect(remarks(point({ state: 'withdrawn', dated_by_arrival: true }))).toEqual(['taken back', 'dated by its arrival'])
  })
})
