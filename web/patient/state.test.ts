import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EnrolRequest } from '../shared/api/mobile/EnrolRequest'
import type { Item } from '../shared/api/mobile/Item'
import { connection, freshBrowser, openTab, Socket } from './fake-browser'

const BORN = '1944-11-02'
const reading = (id: string): Item => ({
  id, for: 'p1', kind: 'reading', taken_at: '2026-03-01T08:00:00+00:00', age_ms: 0, vital: 'blood_pressure', values: { systolic: { value: 148, unit: 'mm[Hg]' } },
})
const stored = (socket: Socket, id: string) =>
  socket.say({ type: 'receipt', batch: socket.of('submit').at(-1)?.batch ?? 0, items: [{ id, state: 'stored', seq: 7, flags: [] }] })
const submitted = (socket: Socket) => socket.of('submit').flatMap((each) => each.items.map((item) => item.id))

/** Answers enrolments in turn: null is a lost reply. */
function enrolments(...answers: (string | null)[]) {
  const asked: EnrolRequest[] = []
  vi.stubGlobal('fetch', (_path: string, { body }: { body: string }) => {
    asked.push(JSON.parse(body) as EnrolRequest)
    const device_id = answers.shift()
    if (!device_id) return Promise.reject(new TypeError('no network'))
    return Promise.resolve(Response.json({ device_id, people: [{ for: 'p1', given_name: 'Dorothy' }] }, { status: 201 }))
  })
  return asked
}

beforeEach(() => {
  freshBrowser()
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe('enrolment', () => {
  test('a lost reply strands nobody: the same code comes again with the same key', async () => {
    const asked = enrolments(null, 'd1')
    const first = await openTab()
    await expect(first.enrol('CODE', BORN)).rejects.toThrow('No answer')
    const again = await openTab()
    await again.enrol('CODE', BORN)
    expect(asked[1]?.public_key).toEqual(asked[0]?.public_key)
    await (await connection(1)).welcome()
    expect(again.state.enrolled).toBe(true)
  })

  test('a revoked phone connects again as a new device, and sends what waited', async () => {
    const asked = enrolments('d1', null, 'd2')
    const { state, enrol } = await openTab()
    await enrol('CODE', BORN)
    const old = await connection(1)
    await old.welcome()
    await state.submit(reading('a'))
    old.close(4001)
    await vi.waitFor(() => expect(state.enrolAgain).toBe(true))
    await expect(enrol('NEW', BORN)).rejects.toThrow('No answer')
    await enrol('NEW', BORN)
    expect(asked[2]?.public_key).toEqual(asked[1]?.public_key)
    expect(asked[2]?.public_key).not.toEqual(asked[0]?.public_key)
    expect(state.enrolAgain).toBe(false)
    const fresh = await connection(2)
    await fresh.welcome()
    expect(fresh.of('hello')[0]).toMatchObject({ device_id: 'd2', resume: { push: 0 } })
    await vi.waitFor(() => expect(submitted(fresh)).toEqual(['a']))
  })

  test('a revoked phone knows it after a restart too', async () => {
    enrolments('d1')
    const { state, enrol } = await openTab()
    await enrol('CODE', BORN)
    ;(await connection(1)).close(4001)
    await vi.waitFor(() => expect(state.enrolAgain).toBe(true))
    expect((await openTab()).state.enrolAgain).toBe(true)
  })
})

describe('two tabs', () => {
  async function twoTabs() {
    enrolments('d1')
    const holder = await openTab()
    await holder.enrol('CODE', BORN)
    const socket = await connection(1)
    await socket.welcome()
    await vi.waitFor(() => expect(holder.state.talking).toBe(true))
    const other = await openTab()
    await vi.waitFor(() => expect(other.state.talking).toBe(true))
    return { holder, other, socket }
  }

  test('one line: what the other keeps goes over it, and both see what came of it', async () => {
    const { holder, other, socket } = await twoTabs()
    await other.state.submit(reading('a'))
    await vi.waitFor(() => expect(submitted(socket)).toEqual(['a']))
    stored(socket, 'a')
    await vi.waitFor(() => expect(other.state.sent[0]).toMatchObject({ id: 'a', state: 'stored', seq: 7 }))
    expect(holder.state.sent[0]?.state).toBe('stored')
    expect(Socket.all).toHaveLength(1)
  })

  test('an ask shown in the other is told over the line', async () => {
    const { other, socket } = await twoTabs()
    socket.say({ type: 'ask', n: 1, id: 'q', for: 'p1', text: 'Measure again.', until: '2026-03-01T08:15:00Z' })
    const ask = await vi.waitFor(() => {
      const [first] = other.state.asks
      if (!first) throw new Error('no ask')
      return first
    })
    await other.state.askShown(ask)
    await vi.waitFor(() => expect(socket.of('shown')).toEqual([{ type: 'shown', id: 'q' }]))
  })

  test('a phone connected again in one is connected again in the other', async () => {
    const { holder, other, socket } = await twoTabs()
    socket.close(4001)
    await vi.waitFor(() => expect(other.state.enrolAgain).toBe(true))
    enrolments('d2')
    await other.enrol('NEW', BORN)
    await vi.waitFor(() => expect(holder.state.enrolled).toBe(true))
    const fresh = await connection(2)
    await fresh.welcome()
    expect(fresh.of('hello')[0]?.device_id).toBe('d2')
  })
})

describe('what cannot be kept', () => {
  test('is not acknowledged: the line starts again from what is kept', async () => {
    enrolments('d1')
    const { state, enrol } = await openTab()
    await enrol('CODE', BORN)
    const socket = await connection(1)
    await socket.welcome()
    await vi.waitFor(() => expect(state.talking).toBe(true))
    const put = IDBObjectStore.prototype.put
    const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...given) {
      if (this.name === 'asks') throw new DOMException('full', 'QuotaExceededError')
      return put.apply(this, given)
    })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    socket.say({ type: 'ask', n: 1, id: 'q', for: 'p1', text: 'Measure again.', until: '2026-03-01T08:15:00Z' })
    socket.say({ type: 'message', n: 2, id: 'm', for: 'p1', from: 'Ida', text: 'Hello.', at: '2026-03-01T08:00:00Z' })
    await vi.waitFor(() => expect(state.keepsNothing).toBe(true))
    expect(socket.of('ack')).toEqual([])
    expect(socket.readyState).toBe(3)
    full.mockRestore()
    await vi.advanceTimersByTimeAsync(15_000)
    const again = await connection(2)
    await again.welcome()
    expect(again.of('hello')[0]?.resume).toEqual({ push: 0 })
    await vi.waitFor(() => expect(state.keepsNothing).toBe(false))
  })

  test('is said when the browser keeps nothing at all', async () => {
    vi.stubGlobal('indexedDB', { open: () => { throw new DOMException('refused', 'SecurityError') } })
    const { state } = await openTab()
    expect([state.opened, state.keepsNothing]).toEqual([false, true])
  })
})

test('a reading from before the phone slept says no age', async () => {
  enrolments('d1')
  const { state, enrol } = await openTab()
  await enrol('CODE', BORN)
  state.setSignal(false)
  await state.submit(reading('a'))
  const wall = Date.now()
  vi.spyOn(Date, 'now').mockImplementation(() => wall + 10 * 3_600_000)
  state.setSignal(true)
  const socket = await connection(Socket.all.length + 1)
  await socket.welcome()
  await vi.waitFor(() => expect(submitted(socket)).toEqual(['a']))
  expect(JSON.stringify(socket.of('submit'))).not.toContain('age_ms')
})
