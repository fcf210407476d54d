// For tests: what a phone's browser gives to all tabs of the app (store, locks, channel), and a service to talk with.
import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { vi } from 'vitest'
import type { ClientMessage } from '../shared/api/mobile/ClientMessage'
import type { ServerMessage } from '../shared/api/mobile/ServerMessage'
import { LIMITS } from './link/phone'

export const SERVER_TIME = '2026-03-01T08:00:00Z'

/** One lock for all names: the first who asks holds it until its work is done. */
class Locks {
  #before: Promise<unknown> = Promise.resolve()

  async request(_name: string, { signal }: { signal: AbortSignal }, work: () => Promise<void>): Promise<void> {
    const before = this.#before
    let free = () => {}
    this.#before = new Promise<void>((resolve) => (free = resolve))
    try {
      await Promise.race([before, new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))])
      await work()
    } finally {
      void before.then(free)
    }
  }
}

class Channel extends EventTarget {
  static all: Channel[] = []

  constructor(readonly name: string) {
    super()
    Channel.all.push(this)
  }

  postMessage(data: unknown): void {
    for (const other of Channel.all) if (other !== this) queueMicrotask(() => other.dispatchEvent(Object.assign(new Event('message'), { data: structuredClone(data) })))
  }
}

/** One connection, with the service's half played by the test. */
export class Socket extends EventTarget {
  static readonly OPEN = 1
  static all: Socket[] = []
  readyState = 1
  readonly heard: ClientMessage[] = []

  constructor(readonly url: string) {
    super()
    Socket.all.push(this)
  }

  send(text: string): void {
    this.heard.push(JSON.parse(text) as ClientMessage)
  }

  close(code = 1005): void {
    if (this.readyState !== 1) return
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code }))
  }

  say(message: ServerMessage): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }))
  }

  of<Type extends ClientMessage['type']>(type: Type): Extract<ClientMessage, { type: Type }>[] {
    return this.heard.filter((each): each is Extract<ClientMessage, { type: Type }> => each.type === type)
  }

  /** Challenge, hello, welcome. */
  async welcome(): Promise<void> {
    this.say({ type: 'challenge', nonce: 'n', server_time: SERVER_TIME, protocol: 1 })
    await vi.waitFor(() => {
      if (this.of('hello').length === 0) throw new Error('no hello')
    })
    const people = [{ for: 'p1', given_name: 'Dorothy', plan_version: 1, judged_through: 0, live: true }]
    this.say({ type: 'welcome', session_id: 's', server_time: SERVER_TIME, clock_skew_ms: 0, limits: LIMITS, people })
  }
}

/** A browser that was never used. */
export function freshBrowser(): void {
  Channel.all = []
  Socket.all = []
  vi.stubGlobal('indexedDB', new IDBFactory())
  vi.stubGlobal('navigator', { locks: new Locks(), onLine: true, userAgent: 'test' })
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  vi.stubGlobal('location', { origin: 'https://derwent.example' })
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('BroadcastChannel', Channel)
  vi.stubGlobal('WebSocket', Socket)
}

/** A page of the app: its modules are its own, everything else is shared with the other tabs. */
export async function openTab() {
  vi.resetModules()
  const { state } = await import('./state.svelte')
  const { enrol } = await import('./enrol/enrol')
  await state.load()
  return { state, enrol }
}

/** The next connection that any tab opens. */
export async function connection(number: number): Promise<Socket> {
  return vi.waitFor(() => {
    const socket = Socket.all[number - 1]
    if (!socket) throw new Error(`no connection ${number}`)
    return socket
  })
}
