// The phone's half of the conversation, without I/O: what the app wants and what the socket brings goes in with the time;
// what to send, show and keep comes out. The same rules as mobile-api/src/phone.rs.
import type { Ask } from '../../shared/api/mobile/Ask'
import type { ClientMessage } from '../../shared/api/mobile/ClientMessage'
import type { Item } from '../../shared/api/mobile/Item'
import type { Limits } from '../../shared/api/mobile/Limits'
import type { Message } from '../../shared/api/mobile/Message'
import type { Next } from '../../shared/api/mobile/Next'
import type { Person } from '../../shared/api/mobile/Person'
import type { Plan } from '../../shared/api/mobile/Plan'
import type { Receipt } from '../../shared/api/mobile/Receipt'
import type { Seen } from '../../shared/api/mobile/Seen'
import type { ServerMessage } from '../../shared/api/mobile/ServerMessage'
import { Outbox, type Settled } from './outbox'

/** Challenge, hello and welcome must not take longer. */
const HANDSHAKE_WITHIN_MS = 20_000
const FIRST_RECONNECT_MS = 1_000
const LONGEST_RECONNECT_MS = 60_000
const TOO_BIG = 1009
const REVOKED = 4001
const REPLACED = 4003

/** Until `welcome` says otherwise. */
export const LIMITS: Limits = {
  batch_items: 200, batch_bytes: 48 * 1024, frame_bytes: 64 * 1024, batches_in_flight: 2, note_characters: 2000, text_characters: 200,
  frames_per_minute: 1200, ping_every_s: 30, receipt_within_s: 20,
}

export interface Identity {
  device_id: string
  app_version: string
  notifications?: string
}

export type Command =
  | { do: 'connect' }
  /** Make the proof for this challenge and answer `signed`. */
  | { do: 'sign'; nonce: string; server_time: string }
  | { do: 'send'; message: ClientMessage }
  /** Close the socket and answer `closed`. */
  | { do: 'disconnect' }
  | { do: 'welcomed'; people: Person[]; clock_skew_ms: number; server_time: string }
  /** It left the outbox: stored, or refused for good. */
  | ({ do: 'settled' } & Settled)
  | { do: 'checked'; for: string; through: number }
  | { do: 'seen'; seen: Seen }
  | { do: 'next'; next: Next }
  | { do: 'plan'; plan: Plan }
  | { do: 'show'; ask: Ask }
  | { do: 'say'; message: Message }
  | { do: 'notice'; text: string }
  /** The number of the last push the phone has. */
  | { do: 'keep'; push: number }
  /** The device is not enrolled any more. Items stay in the outbox. */
  | { do: 'enrol again' }

type Line = { is: 'down'; againAt: number | null } | { is: 'connecting'; since: number } | { is: 'talking' } | { is: 'hanging' }

export class Phone {
  readonly #identity: Identity
  readonly #outbox = new Outbox()
  #line: Line = { is: 'down', againAt: 0 }
  #limits = LIMITS
  #failures = 0
  #retryAfterS = 0
  #pushThrough: number
  #shown: string[] = []
  #commands: Command[] = []

  constructor(identity: Identity, items: Item[], pushThrough: number) {
    this.#identity = identity
    this.#outbox.restore(items)
    this.#pushThrough = pushThrough
  }

  get talking(): boolean {
    return this.#line.is === 'talking'
  }

  /** When `tick` is wanted, if ever. */
  get nextWake(): number | null {
    switch (this.#line.is) {
      case 'down':
        return this.#line.againAt
      case 'connecting':
        return this.#line.since + HANDSHAKE_WITHIN_MS
      case 'talking':
        return this.#outbox.nextWake(this.#limits)
      case 'hanging':
        return null
    }
  }

  /** The person measured something, so the app is in front. It is kept until the service has it. */
  submit(item: Item, now: number): Command[] {
    this.#outbox.push(item, now)
    return this.broughtToFront(now)
  }

  /** Kept by another tab, some time ago. */
  alsoWaiting(items: Item[], now: number): Command[] {
    this.#outbox.restore(items)
    return this.broughtToFront(now)
  }

  /** The clock of all these times stood still while the phone slept. */
  clockStoodStill(): void {
    this.#outbox.forgetAges()
  }

  text(text: string, now: number): Command[] {
    let message: ServerMessage
    try {
      message = JSON.parse(text) as ServerMessage
    } catch {
      return []
    }
    this.#hear(message, now)
    return this.#goOn(now)
  }

  signed(proof: string, phoneTime: string, now: number): Command[] {
    if (this.#line.is === 'connecting') {
      const { device_id, app_version, notifications } = this.#identity
      const hello = { type: 'hello' as const, device_id, app_version, phone_time: phoneTime, resume: { push: this.#pushThrough }, proof }
      this.#do({ do: 'send', message: notifications === undefined ? hello : { ...hello, notifications } })
    }
    return this.#goOn(now)
  }

  /** The socket is closed, by whomever, or could not be opened. `jitter` is a fraction in [0, 1). */
  closed(code: number | null, jitter: number, now: number): Command[] {
    if (code === TOO_BIG) this.#settle(this.#outbox.closedAsTooBig())
    this.#outbox.connectionLost()
    if (code === REVOKED) this.#do({ do: 'enrol again' })
    const again = code !== REVOKED && code !== REPLACED
    this.#line = { is: 'down', againAt: again ? now + this.#reconnectAfter(jitter) : null }
    return this.#goOn(now)
  }

  /** An ask is on the screen. */
  shown(ask: string, now: number): Command[] {
    this.#shown.push(ask)
    return this.#goOn(now)
  }

  /** The person looks at the app, or the signal came back: worth a connection even after another phone took over. */
  broughtToFront(now: number): Command[] {
    if (this.#line.is === 'down') this.#line.againAt = now
    return this.#goOn(now)
  }

  tick(now: number): Command[] {
    return this.#goOn(now)
  }

  #hear(message: ServerMessage, now: number): void {
    switch (message.type) {
      case 'challenge':
        if (this.#line.is === 'connecting') this.#do({ do: 'sign', nonce: message.nonce, server_time: message.server_time })
        break
      case 'welcome':
        if (this.#line.is !== 'connecting') break
        this.#line = { is: 'talking' }
        this.#failures = 0
        this.#limits = message.limits
        this.#do({ do: 'welcomed', people: message.people, clock_skew_ms: message.clock_skew_ms, server_time: message.server_time })
        break
      case 'receipt':
        this.#receipt(message, now)
        break
      case 'refused':
        if (message.batch !== undefined) this.#settle(this.#outbox.batchRefused(message.batch, message, now))
        break
      case 'checked':
        this.#do({ do: 'checked', for: message.for, through: message.through })
        break
      case 'seen':
        this.#do({ do: 'seen', seen: message })
        break
      case 'next':
        this.#do({ do: 'next', next: message })
        break
      case 'plan':
        this.#do({ do: 'plan', plan: message })
        break
      case 'ask':
        if (this.#isNewPush(message.n)) this.#do({ do: 'show', ask: message })
        this.#acknowledge()
        break
      case 'message':
        if (this.#isNewPush(message.n)) this.#do({ do: 'say', message })
        this.#acknowledge()
        break
      case 'bye':
        this.#retryAfterS = message.retry_after_s ?? 0
        if (message.code === 'revoked') this.#do({ do: 'enrol again' })
        break
    }
  }

  #receipt(receipt: Receipt, now: number): void {
    if (receipt.batch === undefined) return
    if (receipt.notice !== undefined) this.#do({ do: 'notice', text: receipt.notice })
    this.#settle(this.#outbox.decided(receipt.batch, receipt.items, now))
  }

  #settle(settled: Settled[]): void {
    for (const each of settled) this.#do({ do: 'settled', ...each })
  }

  /** The service sends all that waits in order: a number left out is one it no longer has, and waiting for it would acknowledge nothing ever again. */
  #isNewPush(n: number): boolean {
    const fresh = n > this.#pushThrough
    this.#pushThrough = Math.max(this.#pushThrough, n)
    return fresh
  }

  /** After what was shown is kept; either way, because the service may have missed the first time. */
  #acknowledge(): void {
    this.#do({ do: 'keep', push: this.#pushThrough })
    if (this.talking) this.#do({ do: 'send', message: { type: 'ack', through: this.#pushThrough } })
  }

  /** Twice as long each time, half of it by chance, never before the service said. */
  #reconnectAfter(jitter: number): number {
    const backoff = Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(this.#failures, 6), LONGEST_RECONNECT_MS)
    this.#failures += 1
    const told = this.#retryAfterS * 1000
    this.#retryAfterS = 0
    return told + backoff / 2 + (backoff / 2) * jitter
  }

  /** Whatever the time and the state of the line ask for. */
  #goOn(now: number): Command[] {
    const line = this.#line
    if (line.is === 'down' && line.againAt !== null && now >= line.againAt) {
      this.#line = { is: 'connecting', since: now }
      this.#do({ do: 'connect' })
    } else if ((line.is === 'connecting' && now >= line.since + HANDSHAKE_WITHIN_MS) || (line.is === 'talking' && this.#outbox.receiptOverdue(now, this.#limits))) {
      this.#line = { is: 'hanging' }
      this.#do({ do: 'disconnect' })
    } else if (line.is === 'talking') {
      for (const id of this.#shown.splice(0)) this.#do({ do: 'send', message: { type: 'shown', id } })
      this.#settle(this.#outbox.settleTooBig(this.#limits))
      for (let submit = this.#outbox.nextBatch(now, this.#limits); submit; submit = this.#outbox.nextBatch(now, this.#limits)) {
        this.#do({ do: 'send', message: { type: 'submit', ...submit } })
      }
    }
    return this.#commands.splice(0)
  }

  #do(command: Command): void {
    this.#commands.push(command)
  }
}
