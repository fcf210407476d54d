// All that the pages show, kept in step with what the phone keeps: one object, changed only here.
import type { Item } from '../shared/api/mobile/Item'
import type { Message } from '../shared/api/mobile/Message'
import type { Plan } from '../shared/api/mobile/Plan'
import { Line, type Keeper } from './link/line'
import type { Command } from './link/phone'
import { Store, type AskKept, type Device, type Sent } from './device/store'

export const APP_VERSION = '1.0.0'
const TICK_MS = 5_000
/** An item as a page makes it; its id and `for` are given here. */
export type NewItem = Item

class State implements Keeper {
  device = $state.raw<Device | null>(null)
  plans = $state.raw<Plan[]>([])
  /** Newest first. */
  sent = $state.raw<Sent[]>([])
  asks = $state.raw<AskKept[]>([])
  /** Newest first. */
  messages = $state.raw<Message[]>([])
  talking = $state(false)
  notice = $state('')
  enrolAgain = $state(false)
  /** Whom the pages are about. */
  chosen = $state('')
  #machineNow = $state(Date.now())
  #store: Store | null = null
  #line: Line | null = null
  readonly #settledListeners = new Set<(id: string, state: 'stored' | 'refused') => void>()

  async load(): Promise<void> {
    const store = (this.#store = await Store.open())
    await store.tidy()
    this.device = (await store.device()) ?? null
    this.plans = await store.plans()
    this.sent = (await store.sent()).reverse()
    this.asks = await store.asks()
    this.messages = (await store.messages()).toSorted((a, b) => b.n - a.n)
    setInterval(() => (this.#machineNow = Date.now()), TICK_MS)
    this.#connect()
  }

  get enrolled(): boolean {
    return this.device?.device_id != null && !this.enrolAgain
  }

  get person() {
    const people = this.device?.people ?? []
    return people.find((each) => each.for === this.chosen) ?? people[0]
  }

  get plan(): Plan | undefined {
    return this.plans.find((each) => each.for === this.person?.for)
  }

  get zone(): string {
    return this.plan?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  }

  /** The service's time as well as the phone knows it. Due times are in it, and the phone's own clock may be wrong. */
  get now(): number {
    return this.#machineNow + (this.device?.skew_ms ?? 0)
  }

  /** In the service's time. */
  sentAt(sent: Sent): number {
    return sent.sentAt + (sent.skewMs ?? this.device?.skew_ms ?? 0)
  }

  get waiting(): Sent[] {
    return this.sent.filter((each) => each.state === 'waiting')
  }

  async keepDevice(device: Device): Promise<void> {
    await this.#store?.keepDevice(device)
    this.device = device
  }

  async enrolledAs(device: Device): Promise<void> {
    await this.keepDevice(device)
    this.enrolAgain = false
    void navigator.storage?.persist?.()
    this.#connect()
  }

  /** Kept first, sent after. */
  async submit(item: NewItem): Promise<Sent> {
    const kept: Sent = { id: item.id, item, sentAt: Date.now(), skewMs: null, state: 'waiting', storedAt: null, seq: null, flags: [], refusal: null, seenBy: null }
    await this.#store?.keepSent(kept)
    this.#machineNow = Date.now()
    this.sent = [kept, ...this.sent]
    this.#line?.submit(item)
    if (item.kind === 'reading' && !item.absent) await this.#answerAsks(item.for, item.vital)
    return kept
  }

  async askShown(ask: AskKept): Promise<void> {
    if (ask.shown) return
    await this.#keepAsk({ ...ask, shown: true })
    this.#line?.shown(ask.id)
  }

  askDone = (ask: AskKept) => this.#keepAsk({ ...ask, done: true })

  setSignal(on: boolean): void {
    this.#line?.setSignal(on)
  }

  onSettled(listener: (id: string, state: 'stored' | 'refused') => void): void {
    this.#settledListeners.add(listener)
  }

  lineChanged(talking: boolean): void {
    this.talking = talking
  }

  async carryOut(command: Command): Promise<void> {
    switch (command.do) {
      case 'welcomed': {
        const known = new Map(this.device?.people.map((each) => [each.for, each]))
        const people = command.people.map(({ for: whom, given_name, judged_through, live }) => ({
          for: whom, given_name, live, judged_through: Math.max(judged_through, known.get(whom)?.judged_through ?? 0),
        }))
        await this.#changeDevice({ people, skew_ms: command.clock_skew_ms })
        break
      }
      case 'keep':
        await this.#changeDevice({ push: command.push })
        break
      case 'checked':
        await this.#changeDevice({
          people: (this.device?.people ?? []).map((each) => (each.for === command.for ? { ...each, judged_through: Math.max(each.judged_through, command.through) } : each)),
        })
        break
      case 'settled': {
        const { outcome } = command
        const skewMs = this.device?.skew_ms ?? 0
        if (outcome.state === 'refused') await this.#changeSent(command.id, { state: 'refused', skewMs, refusal: outcome })
        else await this.#changeSent(command.id, { state: 'stored', skewMs, seq: outcome.seq, flags: outcome.flags, storedAt: Date.now() + skewMs })
        for (const listener of this.#settledListeners) listener(command.id, outcome.state === 'refused' ? 'refused' : 'stored')
        break
      }
      case 'seen':
        for (const id of command.seen.items) await this.#changeSent(id, { seenBy: command.seen.by })
        break
      case 'plan':
        await this.#store?.keepPlan(command.plan)
        this.plans = [...this.plans.filter((each) => each.for !== command.plan.for), command.plan]
        break
      case 'show':
        await this.#keepAsk({ id: command.ask.id, ask: command.ask, arrivedAt: Date.now(), shown: false, done: false })
        break
      case 'say':
        await this.#store?.keepMessage(command.message)
        this.messages = [command.message, ...this.messages.filter((each) => each.id !== command.message.id)]
        break
      case 'notice':
        this.notice = command.text
        break
      case 'enrol again':
        this.enrolAgain = true
        break
    }
  }

  async #answerAsks(whom: string | undefined, vital: string): Promise<void> {
    for (const ask of this.asks) {
      if (!ask.done && ask.ask.vital === vital && (whom === undefined || ask.ask.for === whom)) await this.#keepAsk({ ...ask, done: true })
    }
  }

  async #keepAsk(ask: AskKept): Promise<void> {
    await this.#store?.keepAsk(ask)
    this.asks = [...this.asks.filter((each) => each.id !== ask.id), ask]
  }

  async #changeDevice(change: Partial<Device>): Promise<void> {
    if (this.device) await this.keepDevice({ ...this.device, ...change })
  }

  async #changeSent(id: string, change: Partial<Sent>): Promise<void> {
    const old = this.sent.find((each) => each.id === id)
    if (!old) return
    const fresh = { ...old, ...change }
    await this.#store?.keepSent(fresh)
    this.sent = this.sent.map((each) => (each.id === id ? fresh : each))
  }

  #connect(): void {
    if (this.#line || !this.device?.device_id) return
    this.#line = new Line({
      identity: { device_id: this.device.device_id, app_version: APP_VERSION },
      key: this.device.key.privateKey,
      waiting: this.waiting.map((each) => each.item).reverse(),
      push: this.device.push,
      keeper: this,
    })
    this.#line.start()
  }
}

export const state = new State()
