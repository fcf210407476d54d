// All that the pages show, kept in step with what the phone keeps: one object, changed only here.
import type { Item } from '../shared/api/mobile/Item'
import type { Message } from '../shared/api/mobile/Message'
import type { Plan } from '../shared/api/mobile/Plan'
import { makeKey } from './device/key'
import { Store, type AskKept, type Device, type Sent } from './device/store'
import { Line, type Keeper, type Start } from './link/line'
import type { Command } from './link/phone'
import { personOf, planOf, zoneOf } from './people'

export const APP_VERSION = '1.0.0'
const TICK_MS = 5_000
/** A browser that may not keep anything sometimes says nothing either. */
const OPENS_WITHIN_MS = 10_000
const TABS = 'derwent-phone'

/** What the tabs of this phone tell one another. What is kept they read for themselves. */
type News = { news: 'kept' } | { news: 'shown'; ask: string } | { news: 'talking'; talking: boolean } | { news: 'who talks' }

class State implements Keeper {
  device = $state.raw<Device | null>(null)
  plans = $state.raw<Plan[]>([])
  /** Newest first. */
  sent = $state.raw<Sent[]>([])
  asks = $state.raw<AskKept[]>([])
  /** Newest first. */
  messages = $state.raw<Message[]>([])
  /** This tab, or the one that holds the line. */
  talking = $state(false)
  notice = $state('')
  /** What this phone keeps was read. */
  opened = $state(false)
  /** It could not be read, or what came could not be kept. */
  keepsNothing = $state(false)
  /** Whom the pages are about. */
  chosen = $state('')
  #machineNow = $state(Date.now())
  #opened: Store | null = null
  #line: Line | null = null
  #tabs: BroadcastChannel | null = null
  /** Grows with each change of what is shown, so that a read that began before it is not taken for newer. */
  #changes = 0
  readonly #settledListeners = new Set<(id: string, state: 'stored' | 'refused') => void>()

  /** The page is there before: it says so if nothing can be kept. */
  async load(): Promise<void> {
    const patience = setTimeout(() => (this.keepsNothing = true), OPENS_WITHIN_MS)
    try {
      this.#opened = await Store.open()
      await this.refresh()
      this.keepsNothing = false
      this.opened = true
    } catch (failure) {
      console.error('derwent: what this phone keeps could not be read', failure)
      this.keepsNothing = true
      return
    } finally {
      clearTimeout(patience)
    }
    setInterval(() => (this.#machineNow = Date.now()), TICK_MS)
    this.#tabs = new BroadcastChannel(TABS)
    this.#tabs.addEventListener('message', (event: MessageEvent<News>) => void this.#hear(event.data))
    this.#tell({ news: 'who talks' })
    this.#connect()
    this.#store.tidy().catch((failure: unknown) => console.error('derwent: what is old could not be forgotten', failure))
  }

  get enrolled(): boolean {
    return this.device !== null && !this.device.revoked
  }

  get enrolAgain(): boolean {
    return this.device?.revoked === true
  }

  get person() {
    const people = this.device?.people ?? []
    return personOf(people, this.chosen) ?? people[0]
  }

  get plan(): Plan | undefined {
    return planOf(this.plans, this.person)
  }

  get zone(): string {
    return zoneOf(this.plan)
  }

  /** Of the person with this handle, whoever is chosen. */
  personOf = (whom: string | undefined) => personOf(this.device?.people ?? [], whom)
  planOf = (whom: string | undefined) => planOf(this.plans, this.personOf(whom))

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

  /** Kept before it is used: if the answer to an enrolment is lost, the same code is good again with the same key. */
  async candidateKey(): Promise<CryptoKeyPair> {
    const kept = await this.#store.candidate()
    if (kept) return kept
    const key = await makeKey()
    await this.#store.keepCandidate(key)
    return key
  }

  async enrolledAs(device: Device): Promise<void> {
    await this.#line?.end()
    this.#line = null
    await this.#store.enrolled(device)
    this.#changed(() => (this.device = device))
    void navigator.storage?.persist?.()
    this.#connect()
  }

  /** Kept first, sent after. */
  async submit(item: Item): Promise<Sent> {
    const kept: Sent = { id: item.id, item, sentAt: Date.now(), skewMs: null, state: 'waiting', storedAt: null, seq: null, flags: [], refusal: null, seenBy: null }
    await this.#store.keepSent(kept)
    this.#machineNow = Date.now()
    this.#changed(() => (this.sent = [kept, ...this.sent]))
    this.#line?.submit(item)
    if (item.kind === 'reading' && !item.absent) await this.#answerAsks(item.for, item.vital)
    return kept
  }

  async askShown(ask: AskKept): Promise<void> {
    if (ask.shown) return
    await this.#keepAsk({ ...ask, shown: true })
    this.#line?.shown(ask.id)
    this.#tell({ news: 'shown', ask: ask.id })
  }

  askDone = (ask: AskKept) => this.#keepAsk({ ...ask, done: true })

  setSignal(on: boolean): void {
    this.#line?.setSignal(on)
  }

  onSettled(listener: (id: string, state: 'stored' | 'refused') => void): void {
    this.#settledListeners.add(listener)
  }

  lineChanged(talking: boolean): void {
    if (talking === this.talking) return
    this.talking = talking
    this.#tell({ news: 'talking', talking })
  }

  /** Until nothing changed while it was read. */
  async refresh(): Promise<void> {
    const store = this.#store
    for (let before = -1; before !== this.#changes; ) {
      before = this.#changes
      const [device, plans, sent, asks, messages] = await Promise.all([store.device(), store.plans(), store.sent(), store.asks(), store.messages()])
      if (before !== this.#changes) continue
      this.device = device ?? null
      this.plans = plans
      this.sent = sent.reverse()
      this.asks = asks
      this.messages = messages.toSorted((a, b) => b.n - a.n)
    }
  }

  start(): Start {
    if (!this.device) throw new Error('a line without an enrolled device')
    const { device_id, key, push } = this.device
    return { identity: { device_id, app_version: APP_VERSION }, key: key.privateKey, waiting: this.waiting.map((each) => each.item).reverse(), push }
  }

  async carryOut(command: Command): Promise<void> {
    try {
      await this.#carryOut(command)
      this.keepsNothing = false
    } catch (failure) {
      this.keepsNothing = true
      throw failure
    }
  }

  async #carryOut(command: Command): Promise<void> {
    switch (command.do) {
      case 'welcomed': {
        const known = new Map(this.device?.people.map((each) => [each.for, each]))
        const people = command.people.map(({ for: whom, given_name, judged_through, live }) => ({
          for: whom, given_name, live, judged_through: Math.max(judged_through, known.get(whom)?.judged_through ?? 0),
        }))
        await this.#changeDevice({ people, skew_ms: command.clock_skew_ms, revoked: false })
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
      case 'next': {
        const { next } = command
        for (const each of this.sent.filter((sent) => this.personOf(sent.item.for)?.for === next.for)) {
          const work = next.work.find((one) => one.items.includes(each.id)) ?? null
          if (JSON.stringify(work) !== JSON.stringify(each.next ?? null)) await this.#changeSent(each.id, { next: work })
        }
        break
      }
      case 'plan':
        await this.#store.keepPlan(command.plan)
        this.#changed(() => (this.plans = [...this.plans.filter((each) => each.for !== command.plan.for), command.plan]))
        break
      case 'show':
        await this.#keepAsk({ id: command.ask.id, ask: command.ask, arrivedAt: Date.now(), shown: false, done: false })
        break
      case 'say':
        await this.#store.keepMessage(command.message)
        this.#changed(() => (this.messages = [command.message, ...this.messages.filter((each) => each.id !== command.message.id)]))
        break
      case 'notice':
        this.notice = command.text
        break
      case 'enrol again':
        await this.#changeDevice({ revoked: true })
        break
    }
  }

  async #answerAsks(whom: string | undefined, vital: string): Promise<void> {
    for (const ask of this.asks) {
      if (!ask.done && ask.ask.vital === vital && (whom === undefined || ask.ask.for === whom)) await this.#keepAsk({ ...ask, done: true })
    }
  }

  async #keepAsk(ask: AskKept): Promise<void> {
    await this.#store.keepAsk(ask)
    this.#changed(() => (this.asks = [...this.asks.filter((each) => each.id !== ask.id), ask]))
  }

  async #changeDevice(change: Partial<Device>): Promise<void> {
    if (!this.device) return
    const device = { ...this.device, ...change }
    await this.#store.keepDevice(device)
    this.#changed(() => (this.device = device))
  }

  async #changeSent(id: string, change: Partial<Sent>): Promise<void> {
    const old = this.sent.find((each) => each.id === id)
    if (!old) return
    const fresh = { ...old, ...change }
    await this.#store.keepSent(fresh)
    this.#changed(() => (this.sent = this.sent.map((each) => (each.id === id ? fresh : each))))
  }

  get #store(): Store {
    if (!this.#opened) throw new Error('nothing can be kept on this phone')
    return this.#opened
  }

  /** What was kept is shown, here and in the other tabs. */
  #changed(show: () => void): void {
    show()
    this.#changes += 1
    this.#tell({ news: 'kept' })
  }

  #tell(news: News): void {
    this.#tabs?.postMessage(news)
  }

  async #hear(news: News): Promise<void> {
    switch (news.news) {
      case 'kept': {
        const was = this.device?.device_id
        await this.refresh()
        if (this.device?.device_id === was) {
          this.#line?.keptElsewhere(this.waiting.map((each) => each.item).reverse())
        } else {
          await this.#line?.end()
          this.#line = null
          this.#connect()
        }
        break
      }
      case 'shown':
        this.#line?.shown(news.ask)
        break
      case 'talking':
        this.talking = news.talking
        break
      case 'who talks':
        if (this.talking) this.#tell({ news: 'talking', talking: true })
        break
    }
  }

  #connect(): void {
    if (this.#line || !this.device) return
    this.#line = new Line(this)
    this.#line.start()
  }
}

export const state = new State()
