import { describe, expect, test } from 'vitest'
import type { AdviceBand } from '../shared/api/mobile/AdviceBand'
import type { Due } from '../shared/api/mobile/Due'
import { tel } from '../shared/tel'
import type { Work } from '../shared/api/mobile/Work'
import type { Item } from '../shared/api/mobile/Item'
import { newId, phoneTime } from './device/ids'
import type { Sent } from './device/store'
import { adviceFor } from './entry/advice'
import { typedNumber } from './entry/typed'
import { dueWords, sortDue } from './home/due'
import { hours, receiptLines, type Facts } from './receipt/facts'
import { nextLine, nextWords } from './receipt/next'
import { besides, circumstances, figures, greeting } from './words'

const mmHg = (value: number) => ({ value, unit: 'mm[Hg]' })
const bp: Item = { id: 'a', kind: 'reading', taken_at: '', vital: 'blood_pressure', values: { systolic: mmHg(148), diastolic: mmHg(92), pulse: { value: 71, unit: '/min' } } }
const zone = 'Europe/London'

test('a reading is said back in words', () => {
  expect(figures('blood_pressure', bp.kind === 'reading' ? bp.values : {})).toBe('148 over 92')
  expect(besides('blood_pressure', bp.kind === 'reading' ? bp.values : {})).toBe('pulse 71')
  expect(figures('glucose', { glucose: { comparator: 'high' } })).toBe('HI')
  expect(figures('glucose', { glucose: { value: 7.2, unit: 'mmol/L' } })).toBe('7.2 mmol/L')
  const level = { component: 'consciousness', title: 'How awake the person is', required: true, units: [], choices: [{ value: 1, title: 'Newly confused' }] }
  const plan = { vital: 'consciousness', title: 'Consciousness', components: [level], off_scale: false }
  expect(figures('consciousness', { consciousness: { value: 1, unit: '{ACVPU}' } }, plan)).toBe('Newly confused')
  expect([greeting(0), greeting(12), greeting(18)]).toEqual(['Good morning', 'Good afternoon', 'Good evening'])
  expect(tel('01773 555 010')).toBe('tel:01773555010')
})

test('how a pressure was taken is said back, and what goes without saying is not', () => {
  expect(circumstances({ posture: 'standing', irregular_pulse: true })).toBe('standing, with the sign for an irregular heartbeat')
  expect(circumstances({ posture: 'lying', irregular_pulse: false })).toBe('lying down')
  expect(circumstances({ posture: 'sitting' })).toBe('')
  expect(circumstances({ meal: 'bedtime' })).toBe('')
})

test('typed numbers', () => {
  expect(['148', ' 7,2 ', '7.25', '', '12a', '1e3', '-4', '.'].map(typedNumber)).toEqual([148, 7.2, 7.25, null, null, null, null, null])
})

test('ids sort by time and are version 7', () => {
  const first = newId(1_700_000_000_000)
  const second = newId(1_700_000_000_001)
  expect(first < second).toBe(true)
  expect(first).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Date.parse(phoneTime(new Date('2026-06-01T08:05:00Z')))).toBe(Date.parse('2026-06-01T08:05:00Z'))
  expect(phoneTime()).toMatch(/[+-]\d\d:\d\d$/)
})

describe('receipts in words, from facts', () => {
  const sent: Sent = { id: 'a', item: bp, sentAt: Date.parse('2026-03-01T08:05:00Z'), skewMs: null, state: 'waiting', storedAt: null, seq: null, flags: [], refusal: null, seenBy: null }
  const team = { name: 'Belper team', phone: '01773 555 010', cover_from: '08:00', cover_until: '20:00', cover: [] as { from: string; until: string }[], time_zone: 'Europe/London' }
  const facts: Facts = { talking: true, judgedThrough: 0, team, zone, now: Date.parse('2026-03-01T08:06:00Z') }
  const words = (change: Partial<Sent>, other: Partial<Facts> = {}) => receiptLines({ ...sent, ...change }, { ...facts, ...other }).map((line) => line.text)
  const stored = { state: 'stored', seq: 7, storedAt: Date.parse('2026-03-01T08:05:03Z') } as const

  test('without signal nobody has seen it, and it says so', () => {
    expect(words({}, { talking: false })).toEqual(['Not sent yet: no signal. Nobody has seen this. It goes by itself when there is signal.'])
  })
  test('stored is not checked, checked is not seen', () => {
    expect(words(stored)).toEqual(['Stored 08:05', 'Not checked by the computer yet.'])
    expect(words(stored, { judgedThrough: 7 })).toEqual(['Stored 08:05', 'Checked by the computer. A person looks only if it is outside your limits.'])
    expect(words({ ...stored, seenBy: 'Ida, Belper team' }, { judgedThrough: 7 }).at(-1)).toBe('Seen by Ida, Belper team')
  })
  test('who is no longer monitored is told that nobody looks', () => {
    expect(words({ ...stored, flags: ['not_monitored'] })).toContain('You are no longer monitored. Nobody looks at this reading.')
  })
  test('outside cover it says when the team is back and whom to ring', () => {
    expect(words(stored, { judgedThrough: 7, now: Date.parse('2026-03-01T21:00:00Z') })[1]).toBe(
      'Checked by the computer. The team is back at 08:00. Before then at most the person on call is told, and only if it is severe. If you feel unwell, do not wait: ring 111. In an emergency, ring 999.',
    )
  })
  test('on a Friday evening the team is back on Monday, and past what is known it may not be there', () => {
    const cover = [{ from: '2026-03-06T08:00:00Z', until: '2026-03-06T18:00:00Z' }, { from: '2026-03-09T08:00:00Z', until: '2026-03-09T18:00:00Z' }]
    const weekdays = { team: { ...team, cover }, judgedThrough: 7 }
    const at = (time: string) => words(stored, { ...weekdays, now: Date.parse(time) })[1]
    expect(at('2026-03-06T17:00:00Z')).toContain('A person looks only')
    expect(at('2026-03-06T19:00:00Z')).toContain('The team is back Mon 9 Mar 08:00.')
    expect(at('2026-03-12T12:00:00Z')).toContain('The team may not be there now.')
    expect(['2026-03-06T17:00:00Z', '2026-03-08T19:00:00Z', '2026-03-12T12:00:00Z'].map((time) => hours(weekdays.team, Date.parse(time), zone))).toEqual(['Here until 18:00', 'Back tomorrow 08:00', 'May not be here now'])
  })
  test('cover is by the team’s own clock', () => {
    const abroad = { team: { ...team, time_zone: 'Europe/Lisbon' }, zone: 'Europe/Paris', judgedThrough: 7 }
    expect(words(stored, { ...abroad, now: Date.parse('2026-03-01T19:30:00Z') })[1]).toContain('A person looks only')
    expect(words(stored, { ...abroad, now: Date.parse('2026-03-01T07:30:00Z') })[1]).toContain('The team is back at 08:00 Lisbon time.')
  })
  test('a refusal gives the service’s own reason', () => {
    expect(words({ state: 'refused', refusal: { reason: 'unit_unknown', detail: 'mmHG is not a unit.', retry: false } })[0]).toBe('Not taken. mmHG is not a unit.')
    expect(words({ state: 'refused', refusal: { reason: 'frame_too_big', detail: 'Too long.', retry: false } })).toEqual(['Not taken. Too long.'])
  })
})

describe('what happens next, from facts', () => {
  const now = Date.parse('2026-03-02T14:06:00Z')
  const work = (told: object, by?: string): Work => ({ items: ['a'], team: 'Belper team', phone: '01773 555 010', ...told, ...(by === undefined ? {} : { by }) }) as Work
  const paged = (by?: string) => work({ state: 'paged', at: '2026-03-02T14:05:00Z' }, by)
  const by = '2026-03-02T14:20:00Z'
  const line = (of: Work, other = {}) => nextLine(of, { talking: true, zone, now, ...other })
  const past = { now: Date.parse(by) }

  test('a page that was handed over is said with its time, and when to ring', () => {
    expect(line(paged(by))).toEqual({
      tone: 'waiting',
      text: 'Belper team was paged at 14:05. Nobody has answered yet. If nobody rings you by 14:20, ring Belper team on 01773 555 010. In an emergency, ring 999.',
      ring: { name: 'Belper team', phone: '01773 555 010' },
    })
    expect(line(paged(by), { zone: 'Europe/Paris' })?.text).toContain('paged at 15:05.')
  })
  test('when its time is over it says to ring now', () => {
    expect(line(paged(by), past)).toMatchObject({
      tone: 'wrong',
      text: 'Belper team was paged at 14:05. Nobody has answered yet. It is past 14:20: if nobody has rung you, ring Belper team now on 01773 555 010. If nobody answers there, ring 111. In an emergency, ring 999.',
    })
    expect(line(work({ state: 'passed_on' }, by), past)?.text).toBe(
      'This is being passed on to Belper team. Nobody has been told yet. It is past 14:20: if nobody has rung you, ring Belper team now on 01773 555 010. If nobody answers there, ring 111. In an emergency, ring 999.',
    )
  })
  test('what was not handed over was told to nobody', () => {
    expect(line(work({ state: 'passed_on' }, by))?.text).toMatch(/^This is being passed on to Belper team. Nobody has been told yet. If nobody rings you by 14:20, ring /)
    expect(line(work({ state: 'passed_on' }))?.text).toBe('This is being passed on to Belper team. Nobody has been told yet. If you feel worse, do not wait: ring 111. In an emergency, ring 999.')
  })
  test('what is not pressing says no time by which anybody rings', () => {
    expect(line(paged())?.text).toBe('Belper team was told at 14:05. Nobody has answered yet. If you feel worse, do not wait: ring 111. In an emergency, ring 999.')
  })
  test('nobody looks until then, and afterwards it is being passed on', () => {
    const waits = work({ state: 'waits', until: '2026-03-03T08:00:00Z' })
    expect(line(waits)).toEqual({
      tone: 'waiting',
      text: 'Nobody looks at this until tomorrow 08:00. Then it goes to Belper team. If you feel unwell before then, do not wait: ring 111. In an emergency, ring 999.',
    })
    expect(line(waits, { now: Date.parse('2026-03-03T08:00:00Z') })?.text).toMatch(/^This is being passed on to Belper team. Nobody has been told yet. If you feel worse/)
  })
  test('without signal it says how it was, not how it is', () => {
    expect(line(paged(by), { talking: false })?.text).toMatch(/^Belper team was paged at 14:05. If nobody rings you by 14:20/)
    expect(line(work({ state: 'passed_on' }), { talking: false })?.text).toContain('When this phone last had signal, nobody had been told yet.')
  })
  test('what a later service says and this app does not know is left out', () => {
    expect(line(work({ state: 'sung' }, by))).toBeNull()
  })
  test('on a receipt it stands in place of what is true of everybody, and seen goes before it', () => {
    const sent: Sent = { id: 'a', item: bp, sentAt: now, skewMs: null, state: 'stored', storedAt: now, seq: 7, flags: [], refusal: null, seenBy: null, next: paged(by) }
    const words = (change: Partial<Sent>) => receiptLines({ ...sent, ...change }, { talking: true, judgedThrough: 7, team: undefined, zone, now }).map((each) => each.text.split('. ')[0])
    expect(words({})).toEqual(['Stored 14:06', 'Checked by the computer.', 'Belper team was paged at 14:05'])
    expect(words({ seenBy: 'Ida, Belper team', next: paged() })).toEqual(['Stored 14:06', 'Checked by the computer.', 'Seen by Ida, Belper team'])
    expect(words({ seenBy: 'Ida, Belper team' }).at(-1)).toBe('Belper team was paged at 14:05')
  })
  test('in a list in a few words', () => {
    const few = (of: Work, other = {}) => nextWords(of, { talking: true, zone, now, ...other })
    expect([few(paged(by)), few(paged()), few(paged(by), past), few(work({ state: 'passed_on' }, by)), few(work({ state: 'waits', until: '2026-03-03T08:00:00Z' }))]).toEqual([
      'Belper team paged 14:05', 'Belper team told 14:05', 'if nobody has rung you, ring Belper team', 'being passed on', 'nobody looks until tomorrow 08:00',
    ])
  })
})

describe('advice at entry', () => {
  const bands: AdviceBand[] = [
    { vital: 'blood_pressure', component: 'systolic', unit: 'mm[Hg]', at_or_above: 180, say: 'very high', call: '999' },
    { vital: 'blood_pressure', component: 'diastolic', unit: 'mm[Hg]', at_or_above: 120, say: 'very high', call: '999' },
    { vital: 'blood_pressure', component: 'systolic', unit: 'mm[Hg]', below: 90, say: 'low' },
    { vital: 'blood_pressure', component: 'systolic', unit: 'mm[Hg]', at_or_above: 135, say: 'above target' },
  ]
  const say = (systolic: number, diastolic: number) => adviceFor(bands, 'blood_pressure', { systolic: mmHg(systolic), diastolic: mmHg(diastolic) })?.say

  test('the first band that fits, at its bound and beyond', () => {
    expect([say(180, 90), say(179, 119), say(150, 120), say(89, 60), say(134, 80)]).toEqual(['very high', 'above target', 'very high', 'low', undefined])
  })
  test('HI is above every bound; another unit says nothing', () => {
    expect(adviceFor(bands, 'blood_pressure', { systolic: { comparator: 'high' } })?.say).toBe('very high')
    expect(adviceFor(bands, 'blood_pressure', { systolic: { comparator: 'low' } })?.say).toBe('low')
    expect(adviceFor(bands, 'blood_pressure', { systolic: { value: 24, unit: 'kPa' } })).toBeUndefined()
  })
})

describe('what is due', () => {
  const slot = (name: string, hour: number): Due => ({
    slot: name, what: { vital: 'blood_pressure' }, title: 'Blood pressure', opens_at: `2026-03-01T0${hour}:00:00Z`, due_at: `2026-03-01T0${hour + 1}:00:00Z`, closes_at: `2026-03-01T0${hour + 2}:00:00Z`, done: false,
  })
  const now = Date.parse('2026-03-01T05:30:00Z')
  const sort = (sent: { item: Item; at: number }[]) => {
    const { now: due, later, done } = sortDue([slot('a', 1), slot('b', 4), slot('c', 7)], sent, now, zone)
    return [due, later, done].map((slots) => slots.map((each) => each.slot))
  }

  test('now, later, done', () => {
    expect(sort([])).toEqual([['a', 'b'], ['c'], []])
    expect(sort([{ item: bp, at: Date.parse('2026-03-01T01:10:00Z') }])).toEqual([['b'], ['c'], ['a']])
  })
  test('measured late is measured, measured early is not', () => {
    expect(sort([{ item: bp, at: Date.parse('2026-03-01T03:30:00Z') }])).toEqual([['b'], ['c'], ['a']])
    expect(sort([{ item: bp, at: Date.parse('2026-03-01T04:10:00Z') }])).toEqual([[], ['c'], ['a', 'b']])
    expect(sort([{ item: bp, at: Date.parse('2026-03-01T00:50:00Z') }])).toEqual([['a', 'b'], ['c'], []])
  })
  test('after the last slot an old plan knows nothing', () => {
    const known = (due: Due[], at: string) => sortDue(due, [], Date.parse(at), zone).known
    expect(known([slot('a', 1), slot('c', 7)], '2026-03-01T09:00:00Z')).toBe(true)
    expect(known([slot('a', 1), slot('c', 7)], '2026-03-01T09:00:01Z')).toBe(false)
    expect(known([], '2026-03-01T09:00:01Z')).toBe(true)
  })
  test('could not measure leaves it open', () => {
    expect(sort([{ item: { ...bp, absent: 'could_not_measure' } as Item, at: now }])).toEqual([['a', 'b'], ['c'], []])
  })
  test('tomorrow is named only when today has nothing more', () => {
    const tomorrow = { ...slot('d', 1), opens_at: '2026-03-02T01:00:00Z', closes_at: '2026-03-02T03:00:00Z' }
    expect(sortDue([slot('c', 7), tomorrow], [], now, zone).later.map((each) => each.slot)).toEqual(['c'])
    expect(sortDue([tomorrow, { ...tomorrow, slot: 'e' }], [], now, zone).later.map((each) => each.slot)).toEqual(['d'])
  })
  test('in words', () => {
    expect(dueWords(slot('a', 1), now, zone)).toBe('was due by 02:00')
    expect(dueWords(slot('b', 4), now, zone)).toBe('by 06:00')
    expect(dueWords(slot('c', 7), now, zone)).toBe('from 07:00')
  })
})
