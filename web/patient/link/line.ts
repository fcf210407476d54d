// Carries out what `Phone` decides: opens sockets, signs, keeps. One tab at a time holds the line (a Web Lock); the others
// only keep, and what they kept is sent by the one that holds it.
import { phoneTime } from '../device/ids'
import { socketProof } from '../device/proof'
import { Phone, type Command, type Identity } from './phone'
import type { Item } from '../../shared/api/mobile/Item'

const SUBPROTOCOL = 'derwent.mobile.v1'
const LOCK = 'derwent-phone'
/** After something could not be kept: time to free some space. */
const AGAIN_AFTER_FAILURE_MS = 15_000
/** The clock that only runs forward stands still while the device sleeps; the wall's does not. */
const CLOCKS_AGREE_WITHIN_MS = 2_000

/** What a conversation starts from. */
export interface Start {
  identity: Identity
  key: CryptoKey
  /** Oldest first. */
  waiting: Item[]
  push: number
}

export interface Keeper {
  /** Reads again what is kept: the line may become ours hours after the page was opened. */
  refresh(): Promise<void>
  start(): Start
  /** Everything but sockets and proofs: what is to be kept or shown. Awaited before the next command is carried out. */
  carryOut(command: Command): Promise<void>
  lineChanged(talking: boolean): void
}

export class Line {
  readonly #keeper: Keeper
  readonly #over = new AbortController()
  #start: Start | null = null
  /** Null while another tab holds the line, and for a while after something could not be kept. */
  #phone: Phone | null = null
  /** On the screen before there was a phone to tell. */
  #shownBefore: string[] = []
  #socket: WebSocket | null = null
  #signal = navigator.onLine
  #wake: ReturnType<typeof setTimeout> | undefined
  #clocks = bothClocks()
  /** Commands are carried out one after the other: nothing is acknowledged before it is kept. */
  #work: Promise<void> = Promise.resolve()

  constructor(keeper: Keeper) {
    this.#keeper = keeper
  }

  /** Waits until no other tab holds the line, then holds it until the end. */
  start(): void {
    const { signal } = this.#over
    addEventListener('online', () => this.setSignal(true), { signal })
    addEventListener('offline', () => this.setSignal(false), { signal })
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') this.#run((phone, now) => phone.broughtToFront(now))
      },
      { signal },
    )
    navigator.locks.request(LOCK, { signal }, () => this.#hold()).catch((failure: unknown) => {
      if (!signal.aborted) console.error('derwent: the line could not be held', failure)
    })
  }

  /** Hangs up and lets the line go. Afterwards nothing of this conversation is kept any more. */
  async end(): Promise<void> {
    this.#over.abort()
    this.#drop()
    await this.#work
  }

  /** Already kept by the caller. */
  submit(item: Item): void {
    this.#run((phone, now) => phone.submit(item, now))
  }

  /** Another tab kept something, so somebody is looking at it. */
  keptElsewhere(waiting: Item[]): void {
    this.#run((phone, now) => phone.alsoWaiting(waiting, now))
  }

  shown(ask: string): void {
    if (this.#phone) this.#run((phone, now) => phone.shown(ask, now))
    else this.#shownBefore.push(ask)
  }

  /** No signal: no socket is opened. With signal again: at once. */
  setSignal(on: boolean): void {
    this.#signal = on
    if (on) this.#run((phone, now) => phone.broughtToFront(now))
    else this.#hangUp()
  }

  async #hold(): Promise<void> {
    const over = new Promise<void>((resolve) => this.#over.signal.addEventListener('abort', () => resolve()))
    await this.#begin()
    await over
  }

  /** From what is kept, and from nothing else. */
  async #begin(): Promise<void> {
    try {
      await this.#keeper.refresh()
      if (this.#over.signal.aborted) return
      this.#start = this.#keeper.start()
      this.#phone = new Phone(this.#start.identity, this.#start.waiting, this.#start.push)
      for (const ask of this.#shownBefore.splice(0)) this.#run((phone, now) => phone.shown(ask, now))
      this.#run((phone, now) => phone.tick(now))
    } catch (failure) {
      this.#failed(failure)
    }
  }

  /** The phone in memory knows more now than is kept: it is forgotten, and the service says everything again. */
  #failed(failure: unknown): void {
    console.error('derwent: a step failed', failure)
    this.#drop()
    if (!this.#over.signal.aborted) this.#wake = setTimeout(() => void this.#begin(), AGAIN_AFTER_FAILURE_MS)
  }

  #drop(): void {
    clearTimeout(this.#wake)
    const [phone, socket] = [this.#phone, this.#socket]
    this.#phone = null
    this.#socket = null
    socket?.close(1000)
    if (phone) this.#keeper.lineChanged(false)
  }

  #run(decide: (phone: Phone, now: number) => Command[]): void {
    const phone = this.#phone
    if (!phone) return
    const commands = decide(phone, this.#now(phone))
    if (commands.length) this.#work = this.#work.then(() => this.#carryOutAll(commands, phone))
    this.#keeper.lineChanged(phone.talking)
    clearTimeout(this.#wake)
    const wake = phone.nextWake
    if (wake !== null) this.#wake = setTimeout(() => this.#run((it, now) => it.tick(now)), Math.min(2 ** 30, Math.max(0, wake - performance.now())))
  }

  /** What follows a step that failed is not carried out: it may acknowledge what was not kept. */
  async #carryOutAll(commands: Command[], phone: Phone): Promise<void> {
    try {
      for (const command of commands) {
        if (phone !== this.#phone) return
        await this.#carryOut(command)
      }
    } catch (failure) {
      if (phone === this.#phone) this.#failed(failure)
    }
  }

  async #carryOut(command: Command): Promise<void> {
    switch (command.do) {
      case 'connect':
        this.#connect()
        break
      case 'sign': {
        if (!this.#start) break
        const { identity, key } = this.#start
        const proof = await socketProof(key, identity.device_id, location.origin, command.nonce, command.server_time)
        this.#run((phone, now) => phone.signed(proof, phoneTime(), now))
        break
      }
      case 'send':
        if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command.message))
        break
      case 'disconnect':
        this.#hangUp()
        break
      default:
        await this.#keeper.carryOut(command)
    }
  }

  #connect(): void {
    if (!this.#signal) {
      this.#run((phone, now) => phone.closed(null, Math.random(), now))
      return
    }
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/mobile/v1/socket`, SUBPROTOCOL)
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket && typeof data === 'string') this.#run((phone, now) => phone.text(data, now))
    })
    socket.addEventListener('close', (event) => {
      if (socket === this.#socket) this.#ended(event.code)
    })
  }

  /** A dead socket may take minutes to close: it is left to itself. */
  #hangUp(): void {
    const socket = this.#socket
    if (!socket) return
    this.#ended(null)
    socket.close(1000)
  }

  #ended(code: number | null): void {
    this.#socket = null
    this.#run((phone, now) => phone.closed(code, Math.random(), now))
  }

  #now(phone: Phone): number {
    const clocks = bothClocks()
    if (Math.abs(clocks.wall - this.#clocks.wall - (clocks.forward - this.#clocks.forward)) > CLOCKS_AGREE_WITHIN_MS) {
      this.#clocks = clocks
      phone.clockStoodStill()
    }
    return clocks.forward
  }
}

const bothClocks = () => ({ forward: performance.now(), wall: Date.now() })
