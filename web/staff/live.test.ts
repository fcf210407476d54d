import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Live } from './live.svelte'

class Events extends EventTarget {
  static open = 0
  readyState = 1
  constructor() {
    super()
    Events.open += 1
  }
  close = () => (Events.open -= 1)
}

const page = Object.assign(new EventTarget(), { hidden: false })
const show = (shown: boolean) => {
  page.hidden = !shown
  page.dispatchEvent(new Event('visibilitychange'))
}

beforeEach(() => {
  Events.open = 0
  page.hidden = false
  vi.stubGlobal('EventSource', Events)
  vi.stubGlobal('document', page)
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a page that nobody sees holds no stream and asks nothing; seen again, it asks at once', async () => {
  let asked = 0
  const live = new Live(() => Promise.resolve(void (asked += 1)))
  const stop = live.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([asked, Events.open, live.resting]).toEqual([3, 1, false])
  show(false)
  await vi.advanceTimersByTimeAsync(600_000)
  expect([asked, Events.open, live.resting]).toEqual([3, 0, true])
  show(true)
  await vi.advanceTimersByTimeAsync(0)
  expect([asked, Events.open, live.resting]).toEqual([4, 1, false])
  stop()
  show(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect([asked, Events.open]).toEqual([4, 0])
})
