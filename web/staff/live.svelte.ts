// News from the service. An event is a hint: whoever listens fetches again. When the line is down, that is said.
import type { Changed } from '../shared/api/staff'

/** Several hints at once are one fetch. */
const SETTLE_MS = 120
/** However much changes, no more often than this. */
const BETWEEN_MS = 700
const SWEEP_MS = 30_000
/** A stream that was refused does not come back by itself. */
const LISTEN_AGAIN_MS = 5_000

/**
 * Keeps one thing up to date while somebody can see it: fetches at once, after every hint that concerns it, each half minute,
 * and when the line or the page's place in front returns. `lostSince` is set from the first failure until a fetch succeeds again.
 */
export class Live {
  lostSince = $state<Date | null>(null)
  /** Nobody sees the page: what it shows grows old. */
  resting = $state(false)
  readonly #fetch: () => Promise<void>
  /** Of this patient alone; null: of everybody. */
  readonly #patient: string | null
  #events: EventSource | null = null
  #sweep: ReturnType<typeof setInterval> | undefined
  #soon: ReturnType<typeof setTimeout> | undefined
  #running = false
  #again = false
  #begun = -Infinity
  #listenAgain: ReturnType<typeof setTimeout> | undefined

  constructor(fetch: () => Promise<void>, patient: string | null = null) {
    this.#fetch = fetch
    this.#patient = patient
  }

  /** Returns what stops it: fits `$effect`. A tab that nobody sees holds no stream and asks nothing. */
  start(): () => void {
    const follow = () => (document.hidden ? this.#rest() : this.#wake())
    document.addEventListener('visibilitychange', follow)
    follow()
    return () => {
      document.removeEventListener('visibilitychange', follow)
      this.#rest()
    }
  }

  #wake(): void {
    this.resting = false
    this.#listen()
    this.#sweep = setInterval(() => void this.refresh(), SWEEP_MS)
    void this.refresh()
  }

  #rest(): void {
    this.resting = true
    this.#events?.close()
    clearInterval(this.#sweep)
    clearTimeout(this.#soon)
    clearTimeout(this.#listenAgain)
    this.#soon = undefined
  }

  #listen(): void {
    const events = (this.#events = new EventSource(this.#patient ? `/api/events?patient=${this.#patient}` : '/api/events'))
    events.addEventListener('changed', (event) => {
      const { patient } = JSON.parse((event as MessageEvent<string>).data) as Changed
      if (!this.#patient || !patient || patient === this.#patient) this.#refreshSoon()
    })
    events.addEventListener('open', () => this.#refreshSoon())
    events.addEventListener('error', () => {
      this.#refreshSoon()
      if (events.readyState === EventSource.CLOSED) this.#listenAgain = setTimeout(() => this.#listen(), LISTEN_AGAIN_MS)
    })
  }

  #refreshSoon(): void {
    if (this.#soon !== undefined) return
    const wait = Math.max(SETTLE_MS, this.#begun + BETWEEN_MS - performance.now())
    this.#soon = setTimeout(() => void this.refresh(), wait)
  }

  /** One fetch at a time; what is asked for meanwhile is one more afterwards. */
  async refresh(): Promise<void> {
    clearTimeout(this.#soon)
    this.#soon = undefined
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = true
    this.#begun = performance.now()
    try {
      await this.#fetch()
      this.lostSince = null
    } catch {
      this.lostSince ??= new Date()
    } finally {
      this.#running = false
      if (this.#again) {
        this.#again = false
        this.#refreshSoon()
      }
    }
  }
}
