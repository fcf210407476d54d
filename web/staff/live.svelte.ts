// News from the service. An event is a hint: whoever listens fetches again. When the line is down, that is said.

const SETTLE_MS = 120
const SWEEP_MS = 30_000

type Listener = () => Promise<void>

/**
 * Keeps one thing up to date: fetches at once, after every hint, each half minute, and when the line returns.
 * `lostSince` is set from the first failure until a fetch succeeds again.
 */
export class Live {
  lostSince = $state<Date | null>(null)
  readonly #fetch: Listener
  #events: EventSource | null = null
  #sweep: ReturnType<typeof setInterval> | undefined
  #settling: ReturnType<typeof setTimeout> | undefined
  #running = false
  #again = false

  constructor(fetch: Listener) {
    this.#fetch = fetch
  }

  /** Returns what stops it: fits `$effect`. */
  start(): () => void {
    this.#events = new EventSource('/api/events')
    this.#events.addEventListener('changed', () => this.#soon())
    this.#events.addEventListener('open', () => this.#soon())
    this.#events.addEventListener('error', () => this.#soon())
    this.#sweep = setInterval(() => void this.refresh(), SWEEP_MS)
    void this.refresh()
    return () => {
      this.#events?.close()
      clearInterval(this.#sweep)
      clearTimeout(this.#settling)
    }
  }

  #soon(): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => void this.refresh(), SETTLE_MS)
  }

  /** One fetch at a time; what is asked for meanwhile is one more afterwards. */
  async refresh(): Promise<void> {
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = true
    try {
      await this.#fetch()
      this.lostSince = null
    } catch {
      this.lostSince ??= new Date()
    } finally {
      this.#running = false
      if (this.#again) {
        this.#again = false
        this.#soon()
      }
    }
  }
}
