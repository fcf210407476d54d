// What the phone keeps, in IndexedDB: the device and its key, everything sent or waiting, plans, asks, messages.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Ask } from '../../shared/api/mobile/Ask'
import type { Flag } from '../../shared/api/mobile/Flag'
import type { Item } from '../../shared/api/mobile/Item'
import type { Message } from '../../shared/api/mobile/Message'
import type { Plan } from '../../shared/api/mobile/Plan'
import type { Refusal } from '../../shared/api/mobile/Refusal'
import type { Work } from '../../shared/api/mobile/Work'

/** Settled submissions beyond these are forgotten, oldest first; the service has them. */
const SENT_KEPT = 400
const PUSHES_KEPT = 100

export interface PersonKept {
  for: string
  given_name: string
  judged_through: number
  live: boolean
}

export interface Device {
  key: CryptoKeyPair
  device_id: string
  /** The service knows this device no longer; what waits is kept for the next enrolment. */
  revoked: boolean
  people: PersonKept[]
  /** The number of the last ask or message the phone has. */
  push: number
  /** The service's clock minus the phone's, as it was last told. */
  skew_ms: number
}

/** One submission, from the tap on *Send* to the last word about it. */
export interface Sent {
  id: string
  item: Item
  /** Phone's clock, milliseconds since 1970. */
  sentAt: number
  /** The service's clock minus the phone's when it was settled: a later step of either clock moves no time that was shown. */
  skewMs: number | null
  state: 'waiting' | 'stored' | 'refused'
  /** Care time, milliseconds since 1970. */
  storedAt: number | null
  seq: number | null
  flags: Flag[]
  refusal: Refusal | null
  seenBy: string | null
  /** What people know of what it led to, while nobody has acknowledged; absent on what an earlier version of the app kept. */
  next?: Work | null
}

export interface AskKept {
  id: string
  ask: Ask
  arrivedAt: number
  shown: boolean
  /** Measured again, or put aside after its time. */
  done: boolean
}

interface Kept extends DBSchema {
  device: { key: 'me' | 'candidate'; value: Device | CryptoKeyPair }
  sent: { key: string; value: Sent }
  plans: { key: string; value: Plan }
  asks: { key: string; value: AskKept }
  messages: { key: string; value: Message }
}

export class Store {
  readonly #db: IDBPDatabase<Kept>

  private constructor(db: IDBPDatabase<Kept>) {
    this.#db = db
  }

  static async open(name = 'derwent'): Promise<Store> {
    return new Store(
      await openDB<Kept>(name, 1, {
        upgrade(db) {
          db.createObjectStore('device')
          db.createObjectStore('sent', { keyPath: 'id' })
          db.createObjectStore('plans', { keyPath: 'for' })
          db.createObjectStore('asks', { keyPath: 'id' })
          db.createObjectStore('messages', { keyPath: 'id' })
        },
      }),
    )
  }

  device = () => this.#db.get('device', 'me') as Promise<Device | undefined>
  keepDevice = (device: Device) => this.#db.put('device', device, 'me')

  /** The key of an enrolment that is not answered yet: the same code may then be sent again with the same key. */
  candidate = () => this.#db.get('device', 'candidate') as Promise<CryptoKeyPair | undefined>
  keepCandidate = (key: CryptoKeyPair) => this.#db.put('device', key, 'candidate')

  /** The candidate became this device. */
  async enrolled(device: Device): Promise<void> {
    const both = this.#db.transaction('device', 'readwrite')
    await Promise.all([both.store.put(device, 'me'), both.store.delete('candidate'), both.done])
  }

  /** Oldest first: ids sort by when they were made. */
  sent = () => this.#db.getAll('sent')
  plans = () => this.#db.getAll('plans')
  asks = () => this.#db.getAll('asks')
  messages = () => this.#db.getAll('messages')

  keepSent = (sent: Sent) => this.#db.put('sent', sent)
  keepPlan = (plan: Plan) => this.#db.put('plans', plan)
  keepAsk = (ask: AskKept) => this.#db.put('asks', ask)
  keepMessage = (message: Message) => this.#db.put('messages', message)

  /** Forgets the oldest of what is settled. What waits is never forgotten. */
  async tidy(): Promise<void> {
    const settled = (await this.sent()).filter((each) => each.state !== 'waiting')
    for (const old of settled.slice(0, Math.max(0, settled.length - SENT_KEPT))) await this.#db.delete('sent', old.id)
    const asks = (await this.asks()).toSorted((a, b) => a.ask.n - b.ask.n)
    for (const old of asks.slice(0, Math.max(0, asks.length - PUSHES_KEPT))) await this.#db.delete('asks', old.id)
    const messages = (await this.messages()).toSorted((a, b) => a.n - b.n)
    for (const old of messages.slice(0, Math.max(0, messages.length - PUSHES_KEPT))) await this.#db.delete('messages', old.id)
  }
}
