// In the demo the phone lies on a stage, in a frame. The stage may do what a hand on this phone could do, through the same
// pages: type a reading and press its buttons, and switch the signal off. No other page can frame us (frame-ancestors of
// the service's Content-Security-Policy), so outside a demo nobody is there to say anything.
import { state } from './state.svelte'
import { home, show } from './view.svelte'

/** What the stage says. */
export type StageWish = { derwent: 'measure'; vital: string; values: Record<string, string> } | { derwent: 'signal'; on: boolean }
/** What it is told: that the phone is ready, what became of a submission, and whether the line is up. */
export type PhoneNews =
  | { derwent: 'ready' }
  | { derwent: 'settled'; id: string; state: 'stored' | 'refused' }
  | { derwent: 'line'; enrolled: boolean; waiting: number }

const FINGER_MS = 450
const FIELD_MS = 5_000

export function letTheStageHoldThePhone(): void {
  if (window.parent === window) return
  const tell = (news: PhoneNews) => window.parent.postMessage(news, '*')
  addEventListener('message', (event: MessageEvent<StageWish>) => {
    if (event.source !== window.parent) return
    if (event.data.derwent === 'measure') void measure(event.data.vital, event.data.values)
    else if (event.data.derwent === 'signal') state.setSignal(event.data.on)
  })
  state.onSettled((id, settled) => tell({ derwent: 'settled', id, state: settled }))
  setInterval(() => tell({ derwent: 'line', enrolled: state.enrolled, waiting: state.waiting.length }), 1_000)
  tell({ derwent: 'ready' })
}

async function measure(vital: string, values: Record<string, string>): Promise<void> {
  home()
  await pause()
  show({ page: 'entry', vital })
  for (const [component, text] of Object.entries(values)) {
    const field = await found<HTMLInputElement>(`#value-${component}`)
    if (!field) return
    field.value = text
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await pause()
  }
  ;(await found<HTMLElement>('main form .primary'))?.click()
  await pause()
  await pause()
  ;(await found<HTMLElement>('main > .primary'))?.click()
}

const pause = () => new Promise((resolve) => setTimeout(resolve, FINGER_MS))

async function found<E extends HTMLElement>(selector: string): Promise<E | null> {
  for (const until = Date.now() + FIELD_MS; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const element = document.querySelector<E>(selector)
    if (element) return element
  }
  return null
}
