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

interface Waiting {
  item: Item
  bytes: number
  /** When `age_ms` was true. */
  agedAt: number
  notBefore: number
  batch: number | null
  /** A batch with it was refused whole: it travels alone. */
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
    if (this.#inFlight.size >= limits.batches_in_flight) return null
    const batch = this.#lastBatch + 1
    const items: Item[] = []
    let bytes = FRAME_AROUND_BYTES
    for (const waiting of this.#waiting) {
      if (waiting.batch !== null || waiting.notBefore > now || (waiting.alone && items.length > 0)) continue
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
      this.#waiting.splice(this.#waiting.indexOf(only), 1)
      this.#end(batch)
      return [{ id: only.item.id, outcome: { id: only.item.id, state: 'refused', ...refusal } }]
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

  receiptOverdue(now: number, limits: Limits): boolean {
    return [...this.#inFlight.values()].some((sentAt) => now >= sentAt + limits.receipt_within_s * 1000)
  }

  /** When something is to be done next, if ever. */
  nextWake(limits: Limits): number | null {
    const times = [...this.#inFlight.values()].map((sentAt) => sentAt + limits.receipt_within_s * 1000)
    if (this.#inFlight.size < limits.batches_in_flight) {
      for (const waiting of this.#waiting) if (waiting.batch === null) times.push(waiting.notBefore)
    }
    return times.length ? Math.min(...times) : null
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
