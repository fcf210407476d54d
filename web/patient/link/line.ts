// Carries out what `Phone` decides: opens sockets, signs, keeps. One tab at a time holds the line (a Web Lock).
import { phoneTime } from '../device/ids'
import { socketProof } from '../device/proof'
import { Phone, type Command, type Identity } from './phone'
import type { Item } from '../../shared/api/mobile/Item'

const SUBPROTOCOL = 'derwent.mobile.v1'
const LOCK = 'derwent-phone'

export interface Keeper {
  /** Everything but sockets and proofs: what is to be kept or shown. Awaited before the next command is carried out. */
  carryOut(command: Command): Promise<void>
  lineChanged(talking: boolean): void
}

export interface LineOptions {
  identity: Identity
  key: CryptoKey
  waiting: Item[]
  push: number
  keeper: Keeper
}

export class Line {
  readonly #options: LineOptions
  readonly #phone: Phone
  #socket: WebSocket | null = null
  #signal = true
  #wake: ReturnType<typeof setTimeout> | undefined
  /** Commands are carried out one after the other: nothing is acknowledged before it is kept. */
  #work: Promise<void> = Promise.resolve()

  constructor(options: LineOptions) {
    this.#options = options
    this.#phone = new Phone(options.identity, options.waiting, options.push)
  }

  /** Waits until no other tab holds the line, then holds it as long as the page lives. */
  start(): void {
    void navigator.locks.request(LOCK, () => {
      this.#signal = navigator.onLine
      addEventListener('online', () => this.setSignal(true))
      addEventListener('offline', () => this.setSignal(false))
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible') this.#run(this.#phone.broughtToFront(now()))
      })
      this.#run(this.#phone.tick(now()))
      return new Promise<never>(() => undefined)
    })
  }

  /** Already kept by the caller. */
  submit(item: Item): void {
    this.#run(this.#phone.submit(item, now()))
  }

  shown(ask: string): void {
    this.#run(this.#phone.shown(ask, now()))
  }

  /** No signal: no socket is opened. With signal again: at once. */
  setSignal(on: boolean): void {
    this.#signal = on
    if (on) this.#run(this.#phone.broughtToFront(now()))
    else this.#hangUp()
  }

  #run(commands: Command[]): void {
    for (const command of commands) {
      this.#work = this.#work.then(() => this.#carryOut(command)).catch((failure: unknown) => console.error('derwent: a step failed', failure))
    }
    this.#options.keeper.lineChanged(this.#phone.talking)
    clearTimeout(this.#wake)
    const wake = this.#phone.nextWake
    if (wake !== null) this.#wake = setTimeout(() => this.#run(this.#phone.tick(now())), Math.min(2 ** 30, Math.max(0, wake - now())))
  }

  async #carryOut(command: Command): Promise<void> {
    switch (command.do) {
      case 'connect':
        this.#connect()
        break
      case 'sign': {
        const { identity, key } = this.#options
        const proof = await socketProof(key, identity.device_id, location.origin, command.nonce, command.server_time)
        this.#run(this.#phone.signed(proof, phoneTime(), now()))
        break
      }
      case 'send':
        if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command.message))
        break
      case 'disconnect':
        this.#hangUp()
        break
      default:
        await this.#options.keeper.carryOut(command)
    }
  }

  #connect(): void {
    if (!this.#signal) {
      this.#run(this.#phone.closed(null, Math.random(), now()))
      return
    }
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/mobile/v1/socket`, SUBPROTOCOL)
    this.#socket = socket
    socket.addEventListener('message', (event) => {
      if (socket === this.#socket && typeof event.data === 'string') this.#run(this.#phone.text(event.data, now()))
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
    this.#run(this.#phone.closed(code, Math.random(), now()))
  }
}

const now = () => performance.now()
