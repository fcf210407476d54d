// What the stage knows and does: the demo's state as it streams in, the phone in its frame, and the acts.
import type { PhoneNews, StageWish } from '../patient/stage-hand'
import type { StageAct, StageReceipts, StageState } from './api'

const BACK_ON_THE_LINE_MS = 400
const SWEEP_MS = 5_000

class Stage {
  state = $state.raw<StageState | null>(null)
  lost = $state(false)
  signal = $state(true)
  /** Her phone is enrolled and may be held. */
  ready = $state(false)
  acting = $state(false)
  wrong = $state('')
  phone: HTMLIFrameElement | null = null

  start(): () => void {
    const events = new EventSource('/stage/events')
    events.addEventListener('state', (event) => {
      this.#told(JSON.parse((event as MessageEvent<string>).data) as StageState)
      const { service, progress, worklist_url, chart_url } = this.state ?? {}
      if ((service === 'up' && !worklist_url) || (progress === null && !chart_url)) void this.#ask()
    })
    events.addEventListener('error', () => void this.#ask())
    const sweep = setInterval(() => void this.#ask(), SWEEP_MS)
    void this.#ask()
    return () => {
      events.close()
      clearInterval(sweep)
    }
  }

  measure(systolic: number, diastolic: number): void {
    this.#wish({ derwent: 'measure', vital: 'blood_pressure', values: { systolic: String(systolic), diastolic: String(diastolic) } })
  }

  switchSignal(): void {
    this.signal = !this.signal
    this.#wish({ derwent: 'signal', on: this.signal })
  }

  async act(what: StageAct['what']): Promise<void> {
    this.acting = true
    this.wrong = ''
    try {
      const answer = await fetch('/stage/act', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ what } satisfies StageAct) })
      if (!answer.ok) this.wrong = await answer.text()
    } catch {
      this.wrong = 'The demo does not answer.'
    } finally {
      this.acting = false
    }
    // Time has moved: her phone learns it with its next welcome.
    if (what === 'nobody_answers' && this.signal) {
      this.#wish({ derwent: 'signal', on: false })
      setTimeout(() => this.#wish({ derwent: 'signal', on: true }), BACK_ON_THE_LINE_MS)
    }
  }

  /** News from her phone, and from nobody else. */
  heard(event: MessageEvent<PhoneNews>): void {
    if (!this.phone || event.source !== this.phone.contentWindow || event.origin !== new URL(this.phone.src).origin) return
    const news = event.data
    if (news.derwent === 'ready') this.#wish({ derwent: 'signal', on: this.signal })
    else if (news.derwent === 'line') this.ready = news.enrolled
    else if (news.derwent === 'settled' && news.state === 'stored') {
      void fetch('/stage/receipts', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ids: [news.id] } satisfies StageReceipts) })
    }
  }

  #wish(wish: StageWish): void {
    if (this.phone) this.phone.contentWindow?.postMessage(wish, new URL(this.phone.src).origin)
  }

  #told(state: StageState): void {
    // A used enrolment link must not load the phone again; and events carry no staff pages, whose session comes with the answer of `#ask`.
    for (const url of ['phone_url', 'worklist_url', 'chart_url'] as const) state[url] = this.state?.[url] ?? state[url]
    this.state = state
    this.lost = false
  }

  async #ask(): Promise<void> {
    try {
      const answer = await fetch('/stage/state')
      if (answer.ok) this.#told((await answer.json()) as StageState)
    } catch {
      this.lost = true
    }
  }
}

export const stage = new Stage()
