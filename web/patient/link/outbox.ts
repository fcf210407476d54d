// What is not settled yet, what of it is on its way, and when the rest may be sent again. The same rules as
// mobile-api/src/outbox.rs. Times are milliseconds of a clock that only runs forward.
import type { Item } from '../../shared/api/mobile/Item'
import type { Limits } from '../../shared/api/mobile/Limits'
import type { ReceiptItem } from '../../shared/api/mobile/ReceiptItem'
import type { Refusal } from '../../shared/api/mobile/Refusal'
import type { Submit } from '../../shared/api/mobile/Submit'

/** Room for the frame around the items, and around each item. */
const FRAME_AROUND_BYTES = 64
const ITEM_AROUND_BYTES = 32
/** For a `retry: true` that does not say when. */
const RETRY_UNTOLD_S = 60
/** The same words whether the service or the phone itself finds it. */
const TOO_BIG: Refusal = { reason: 'frame_too_big', detail: 'This entry is too long to be sent. Send it again with fewer words, or ring your care team.', retry: false }

interface Waiting {
  item: Item
  bytes: number
  /** When `age_ms` was true. */
  agedAt: number
  notBefore: number
  batch: number | null
  /** A batch with it was refused whole: it travels with nothing else on its way. */
  alone: boolean
}

export interface Settled {
  id: string
  outcome: ReceiptItem
}

export class Outbox {
  #waiting: Waiting[] = []
  #inFlight = new Map<number, number>()
  #lastBatch = 0

  /** After a restart nobody knows how long ago `age_ms` was true, so it goes. */
  restore(items: Item[]): void {
    for (const item of items) this.push(withoutAge(item), 0)
  }

  /** The clock stood still for a while: no age it measured is true any more. */
  forgetAges(): void {
    for (const waiting of this.#waiting) waiting.item = withoutAge(waiting.item)
  }

  get items(): Item[] {
    return this.#waiting.map((waiting) => waiting.item)
  }

  push(item: Item, now: number): void {
    if (this.#waiting.some((waiting) => waiting.item.id === item.id)) return
    const bytes = new TextEncoder().encode(JSON.stringify(item)).length + ITEM_AROUND_BYTES
    this.#waiting.push({ item, bytes, agedAt: now, notBefore: 0, batch: null, alone: false })
  }

  /** The next batch that may go now. It is in flight from here on. */
  nextBatch(now: number, limits: Limits): Submit | null {
    if (!this.#hasRoom(limits)) return null
    const batch = this.#lastBatch + 1
    const items: Item[] = []
    let bytes = FRAME_AROUND_BYTES
    for (const waiting of this.#waiting) {
      if (!this.#mayGo(waiting) || waiting.notBefore > now || (waiting.alone && items.length > 0)) continue
      if (items.length > 0 && (items.length >= limits.batch_items || bytes + waiting.bytes > limits.batch_bytes)) break
      bytes += waiting.bytes
      waiting.batch = batch
      items.push(aged(waiting, now))
      if (waiting.alone) break
    }
    if (items.length === 0) return null
    this.#lastBatch = batch
    this.#inFlight.set(batch, now)
    return { batch, items }
  }

  /** A receipt: what is settled by it. A late or repeated one counts too: what it says is on disk is. */
  decided(batch: number, items: ReceiptItem[], now: number): Settled[] {
    const settled: Settled[] = []
    for (const outcome of items) {
      const at = this.#waiting.findIndex((waiting) => waiting.item.id === outcome.id)
      const waiting = this.#waiting[at]
      if (!waiting) continue
      if (outcome.state === 'refused' && outcome.retry) {
        waiting.notBefore = now + retryAfter(outcome)
        if (waiting.batch === batch) waiting.batch = null
      } else {
        this.#waiting.splice(at, 1)
        settled.push({ id: outcome.id, outcome })
      }
    }
    this.#end(batch)
    return settled
  }

  /** A whole batch was not taken. If sending it again cannot help it is taken apart; an item refused alone is settled. */
  batchRefused(batch: number, refusal: Refusal, now: number): Settled[] {
    const members = this.#waiting.filter((waiting) => waiting.batch === batch)
    const [only] = members
    if (!refusal.retry && only && members.length === 1) {
      this.#end(batch)
      return [this.#settle(only, refusal)]
    }
    for (const waiting of members) {
      if (refusal.retry) waiting.notBefore = now + retryAfter(refusal)
      else waiting.alone = true
    }
    this.#end(batch)
    return []
  }

  /** Whatever was on its way is sent again on the next connection. */
  connectionLost(): void {
    this.#inFlight.clear()
    for (const waiting of this.#waiting) waiting.batch = null
  }

  /** The service hung up over the size of a frame. Which item it was shows when each travels alone; one that did is settled. */
  closedAsTooBig(): Settled[] {
    const travelling = this.#waiting.filter((waiting) => waiting.batch !== null)
    const [only] = travelling
    if (only && travelling.length === 1) return [this.#settle(only, TOO_BIG)]
    for (const waiting of travelling) waiting.alone = true
    return []
  }

  /** What no batch can ever hold would be refused each time it is sent. */
  settleTooBig(limits: Limits): Settled[] {
    return this.#waiting.filter((waiting) => waiting.batch === null && FRAME_AROUND_BYTES + waiting.bytes > limits.batch_bytes).map((waiting) => this.#settle(waiting, TOO_BIG))
  }

  receiptOverdue(now: number, limits: Limits): boolean {
    return [...this.#inFlight.values()].some((sentAt) => now >= sentAt + limits.receipt_within_s * 1000)
  }

  /** When something is to be done next, if ever. */
  nextWake(limits: Limits): number | null {
    const times = [...this.#inFlight.values()].map((sentAt) => sentAt + limits.receipt_within_s * 1000)
    if (this.#hasRoom(limits)) for (const waiting of this.#waiting) if (this.#mayGo(waiting)) times.push(waiting.notBefore)
    return times.length ? Math.min(...times) : null
  }

  #hasRoom(limits: Limits): boolean {
    return this.#inFlight.size < limits.batches_in_flight && !this.#waiting.some((waiting) => waiting.alone && waiting.batch !== null)
  }

  #mayGo(waiting: Waiting): boolean {
    return waiting.batch === null && (!waiting.alone || this.#inFlight.size === 0)
  }

  #settle(waiting: Waiting, refusal: Refusal): Settled {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
    return { id: waiting.item.id, outcome: { id: waiting.item.id, state: 'refused', ...refusal } }
  }

  #end(batch: number): void {
    this.#inFlight.delete(batch)
    for (const waiting of this.#waiting) if (waiting.batch === batch) waiting.batch = null
  }
}

const retryAfter = (refusal: Refusal) => (refusal.retry_after_s ?? RETRY_UNTOLD_S) * 1000

function aged({ item, agedAt }: Waiting, now: number): Item {
  if (item.kind === 'correction' || item.age_ms === undefined) return item
  return { ...item, age_ms: item.age_ms + Math.max(0, Math.round(now - agedAt)) }
}

function withoutAge(item: Item): Item {
  if (item.kind === 'correction' || item.age_ms === undefined) return item
  const { age_ms: _, ...rest } = item
  return rest as Item
}
