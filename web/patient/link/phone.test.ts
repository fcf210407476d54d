import { describe, expect, test } from 'vitest'
import type { Item } from '../../shared/api/mobile/Item'
import type { ReceiptItem } from '../../shared/api/mobile/ReceiptItem'
import type { ServerMessage } from '../../shared/api/mobile/ServerMessage'
import { Outbox } from './outbox'
import { LIMITS, Phone, type Command } from './phone'

const reading = (id: string, systolic = 148): Item => ({
  id, kind: 'reading', taken_at: '2026-03-01T08:00:00+00:00', age_ms: 0, vital: 'blood_pressure', values: { systolic: { value: systolic, unit: 'mm[Hg]' } },
})
const identity = { device_id: 'd', app_version: '1' }
const say = (phone: Phone, message: ServerMessage, now: number) => phone.text(JSON.stringify(message), now)
const welcome: ServerMessage = { type: 'welcome', session_id: 's', server_time: '2026-03-01T08:00:00Z', clock_skew_ms: 0, limits: LIMITS, people: [] }
const sent = (commands: Command[]) => commands.flatMap((command) => (command.do === 'send' ? [command.message] : []))

function talking(items: Item[] = []): { phone: Phone; first: Command[] } {
  const phone = new Phone(identity, items, 0)
  expect(phone.tick(0)).toEqual([{ do: 'connect' }])
  expect(say(phone, { type: 'challenge', nonce: 'n', server_time: '2026-03-01T08:00:00Z', protocol: 1 }, 1)).toEqual([
    { do: 'sign', nonce: 'n', server_time: '2026-03-01T08:00:00Z' },
  ])
  expect(sent(phone.signed('proof', '2026-03-01T08:00:00+00:00', 2))[0]).toMatchObject({ type: 'hello', resume: { push: 0 }, proof: 'proof' })
  return { phone, first: say(phone, welcome, 3) }
}

describe('the phone', () => {
  test('sends what waited as soon as it is welcome, and settles it by the receipt', () => {
    const { phone, first } = talking([reading('a')])
    expect(sent(first)).toMatchObject([{ type: 'submit', batch: 1, items: [{ id: 'a' }] }])
    // Nobody knows how old it is after a restart.
    expect(JSON.stringify(first)).not.toContain('age_ms')
    const settled = say(phone, { type: 'receipt', batch: 1, items: [{ id: 'a', state: 'stored', seq: 7, flags: [] }] }, 10)
    expect(settled).toEqual([{ do: 'settled', id: 'a', outcome: { id: 'a', state: 'stored', seq: 7, flags: [] } }])
    expect(phone.nextWake).toBeNull()
  })

  test('keeps what got no receipt and sends it again, older by the time that passed', () => {
    const { phone } = talking()
    expect(sent(phone.submit(reading('a'), 1_000))).toMatchObject([{ items: [{ age_ms: 0 }] }])
    expect(phone.closed(1006, 0, 5_000)).toEqual([])
    expect(phone.tick(phone.nextWake ?? 0)).toEqual([{ do: 'connect' }])
    say(phone, { type: 'challenge', nonce: 'm', server_time: '2026-03-01T08:00:10Z', protocol: 1 }, 10_000)
    phone.signed('proof', '', 10_001)
    expect(sent(say(phone, welcome, 11_000))).toMatchObject([{ batch: 2, items: [{ id: 'a', age_ms: 10_000 }] }])
  })

  test('reconnects when no receipt comes in time', () => {
    const { phone } = talking()
    phone.submit(reading('a'), 1_000)
    expect(phone.nextWake).toBe(21_000)
    expect(phone.tick(21_000)).toEqual([{ do: 'disconnect' }])
  })

  test('comes back later and later, by chance, and never before it was told', () => {
    const phone = new Phone(identity, [], 0)
    const waits: number[] = []
    let at = 0
    for (let round = 0; round < 9; round += 1) {
      phone.tick(at)
      phone.closed(1006, 1, at)
      waits.push((phone.nextWake ?? 0) - at)
      at = phone.nextWake ?? 0
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
    const { phone: told } = talking()
    say(told, { type: 'bye', code: 'shutting_down', retry_after_s: 4 }, 10)
    told.closed(1012, 0, 10)
    expect(told.nextWake).toBe(10 + 4_000 + 500)
  })

  test('after another connection took over, comes back only when brought to the front', () => {
    const { phone } = talking()
    phone.closed(4003, 0, 100)
    expect(phone.nextWake).toBeNull()
    expect(phone.tick(1e9)).toEqual([])
    expect(phone.broughtToFront(1e9)).toEqual([{ do: 'connect' }])
  })

  test('a revoked device enrols again, and its outbox stays', () => {
    const { phone } = talking()
    phone.submit(reading('a'), 10)
    expect(phone.closed(4001, 0, 20)).toEqual([{ do: 'enrol again' }])
    expect(phone.nextWake).toBeNull()
  })

  test('shows an ask once, and acknowledges it each time, after it is kept', () => {
    const { phone } = talking()
    const ask: ServerMessage = { type: 'ask', n: 1, id: 'q', for: 'p1', text: 'Measure again.', until: '2026-03-01T08:15:00Z' }
    const order = (commands: Command[]) => commands.map((command) => (command.do === 'send' ? command.message.type : command.do))
    expect(order(say(phone, ask, 10))).toEqual(['show', 'keep', 'ack'])
    expect(order(say(phone, ask, 11))).toEqual(['keep', 'ack'])
    expect(sent(phone.shown('q', 12))).toEqual([{ type: 'shown', id: 'q' }])
  })

  test('a number that never comes wedges nothing', () => {
    const { phone } = talking()
    const message = (n: number): ServerMessage => ({ type: 'message', n, id: `m${n}`, for: 'p1', from: 'Ida', text: 'Hello.', at: '2026-03-01T08:00:00Z' })
    expect(sent(say(phone, message(2), 10))).toEqual([{ type: 'ack', through: 2 }])
    expect(sent(say(phone, message(3), 11))).toEqual([{ type: 'ack', through: 3 }])
    expect(say(phone, message(2), 12).map((command) => command.do)).toEqual(['keep', 'send'])
  })

  test('somebody who sends is in front: also after another connection took over', () => {
    const { phone } = talking()
    phone.closed(4003, 0, 100)
    expect(phone.submit(reading('a'), 200)).toEqual([{ do: 'connect' }])
  })

  test('does not say how old a reading is by a clock that stood still', () => {
    const { phone } = talking()
    phone.closed(1006, 0, 100)
    phone.submit(reading('a'), 1_000)
    phone.clockStoodStill()
    say(phone, { type: 'challenge', nonce: 'm', server_time: '2026-03-01T18:00:00Z', protocol: 1 }, 2_000)
    phone.signed('proof', '', 2_001)
    const [submit] = sent(say(phone, welcome, 2_002))
    expect(submit).toMatchObject({ type: 'submit', items: [{ id: 'a', taken_at: '2026-03-01T08:00:00+00:00' }] })
    expect(JSON.stringify(submit)).not.toContain('age_ms')
  })

  test('a frame too big closes the line: its items travel one by one until the culprit is found', () => {
    const { phone, first } = talking([reading('a'), reading('b')])
    expect(sent(first)).toMatchObject([{ items: [{ id: 'a' }, { id: 'b' }] }])
    const again = () => {
      say(phone, { type: 'challenge', nonce: 'm', server_time: '2026-03-01T08:00:10Z', protocol: 1 }, 10_000)
      phone.signed('proof', '', 10_001)
      return sent(say(phone, welcome, 10_002))
    }
    expect(phone.closed(1009, 0, 100)).toEqual([])
    phone.broughtToFront(200)
    expect(again()).toMatchObject([{ items: [{ id: 'a' }] }])
    expect(phone.nextWake).toBe(30_002)
    expect(phone.closed(1009, 0, 10_003)).toMatchObject([{ do: 'settled', id: 'a', outcome: { state: 'refused', retry: false } }])
    phone.broughtToFront(10_004)
    expect(again()).toMatchObject([{ items: [{ id: 'b' }] }])
  })

  test('what no batch can hold is refused on the phone, and what came after it goes', () => {
    const { phone } = talking()
    expect(phone.submit({ ...reading('a'), note: 'x'.repeat(LIMITS.batch_bytes) }, 10)).toMatchObject([{ do: 'settled', id: 'a', outcome: { state: 'refused' } }])
    expect(sent(phone.submit(reading('b'), 11))).toMatchObject([{ items: [{ id: 'b' }] }])
  })

  test('does not mind what it cannot read', () => {
    const { phone } = talking()
    expect(phone.text('nonsense', 10)).toEqual([])
    expect(phone.text('{"type":"tomorrow"}', 11)).toEqual([])
  })
})

describe('the outbox', () => {
  const stored = (id: string): ReceiptItem => ({ id, state: 'stored', seq: 1, flags: [] })

  test('keeps to the limits: items, bytes, batches in flight', () => {
    const outbox = new Outbox()
    for (let index = 0; index < 7; index += 1) outbox.push(reading(`r${index}`), 0)
    const limits = { ...LIMITS, batch_items: 3 }
    expect(outbox.nextBatch(0, limits)?.items).toHaveLength(3)
    expect(outbox.nextBatch(0, limits)?.items).toHaveLength(3)
    expect(outbox.nextBatch(0, limits)).toBeNull()
    outbox.decided(1, ['r0', 'r1', 'r2'].map(stored), 1)
    expect(outbox.nextBatch(1, limits)?.items).toHaveLength(1)

    const big = new Outbox()
    for (let index = 0; index < 100; index += 1) big.push({ ...reading(`n${index}`), note: 'x'.repeat(1_000) }, 0)
    const batch = big.nextBatch(0, LIMITS)
    expect(JSON.stringify({ type: 'submit', ...batch }).length).toBeLessThanOrEqual(LIMITS.batch_bytes)
  })

  test('retry: true waits as long as told; retry: false is settled', () => {
    const outbox = new Outbox()
    outbox.push(reading('a'), 0)
    outbox.push(reading('b'), 0)
    outbox.nextBatch(0, LIMITS)
    const settled = outbox.decided(
      1,
      [
        { id: 'a', state: 'refused', reason: 'vital_unknown', detail: '', retry: true, retry_after_s: 30 },
        { id: 'b', state: 'refused', reason: 'unit_unknown', detail: '', retry: false },
      ],
      0,
    )
    expect(settled.map((each) => each.id)).toEqual(['b'])
    expect(outbox.nextBatch(29_999, LIMITS)).toBeNull()
    expect(outbox.nextBatch(30_000, LIMITS)?.items.map((item) => item.id)).toEqual(['a'])
  })

  test('a batch refused whole is taken apart until the culprit is alone', () => {
    const outbox = new Outbox()
    for (const id of ['a', 'b']) outbox.push(reading(id), 0)
    outbox.nextBatch(0, LIMITS)
    expect(outbox.batchRefused(1, { reason: 'frame_too_big', detail: '', retry: false }, 0)).toEqual([])
    expect(outbox.nextBatch(0, LIMITS)?.items.map((item) => item.id)).toEqual(['a'])
    expect(outbox.batchRefused(2, { reason: 'frame_too_big', detail: '', retry: false }, 0)).toMatchObject([{ id: 'a', outcome: { state: 'refused' } }])
    expect(outbox.items.map((item) => item.id)).toEqual(['b'])
  })

  test('loses and doubles nothing over a line that is cut and loses receipts', () => {
    let seed = 42
    const chance = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
    const outbox = new Outbox()
    const service = new Set<string>()
    const settled: string[] = []
    for (let now = 0, made = 0; made < 300 || outbox.items.length > 0; now += 1_000) {
      if (made < 300) outbox.push(reading(`i${(made += 1)}`), now)
      const batch = outbox.nextBatch(now, { ...LIMITS, batch_items: 5 })
      if (!batch || chance() < 0.3) {
        if (chance() < 0.5) outbox.connectionLost()
        continue
      }
      const receipt = batch.items.map((item): ReceiptItem => {
        const state = service.has(item.id) ? 'duplicate' : 'stored'
        service.add(item.id)
        return { id: item.id, state, seq: 1, flags: [] }
      })
      if (chance() < 0.3) outbox.connectionLost()
      else settled.push(...outbox.decided(batch.batch, receipt, now).map((each) => each.id))
    }
    expect(settled).toHaveLength(300)
    expect(new Set(settled).size).toBe(300)
    expect(service.size).toBe(300)
  })
})
