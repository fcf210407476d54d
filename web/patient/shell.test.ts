import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fetchShell, file, filesNamedBy, page } from './shell'

const ORIGIN = 'https://derwent.example'
const path = (of: RequestInfo | URL) => new URL(of instanceof Request ? of.url : of, ORIGIN).pathname
const html = (version: number) => `<link rel="icon" href="/icon.svg"><script type="module" crossorigin src="/assets/app-${version}.js"></script><link rel="stylesheet" href="/assets/app-${version}.css">`

/** What the service gives; a path that is not here cannot be reached. */
let service: Record<string, () => Response | Promise<Response>>
let shells: Map<string, Map<string, Response>>

class FakeCache {
  constructor(readonly files: Map<string, Response>) {}
  match = (of: RequestInfo) => Promise.resolve(this.files.get(path(of))?.clone())
  put = (of: RequestInfo, answer: Response) => Promise.resolve(void this.files.set(path(of), answer))
  addAll = async (all: string[]) => {
    for (const each of all) this.files.set(each, await fetch(each))
  }
}

function give(version: number): void {
  service = {
    '/app/': () => new Response(html(version)),
    '/icon.svg': () => new Response('icon'),
    [`/assets/app-${version}.js`]: () => new Response(`script ${version}`),
    [`/assets/app-${version}.css`]: () => new Response('@font-face{src:url(/assets/letters.woff2)format("woff2-variations")}'),
    '/assets/letters.woff2': () => new Response('letters'),
  }
}

beforeEach(() => {
  shells = new Map()
  vi.stubGlobal('fetch', (of: RequestInfo) => {
    const answer = service[path(of)]
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError('no network'))
  })
  vi.stubGlobal('caches', {
    open: (name: string) => {
      const files = shells.get(name) ?? new Map<string, Response>()
      shells.set(name, files)
      return Promise.resolve(new FakeCache(files))
    },
    match: (of: RequestInfo) => Promise.resolve([...shells.values()].find((files) => files.has(path(of)))?.get(path(of))?.clone()),
    keys: () => Promise.resolve([...shells.keys()]),
    delete: (name: string) => Promise.resolve(shells.delete(name)),
  })
  give(1)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const opened = async () => {
  const work: Promise<unknown>[] = []
  const answer = await page(new Request(`${ORIGIN}/app/`), (more) => work.push(more))
  return { text: await answer.text(), status: answer.status, done: () => Promise.all(work) }
}

test('files are named by the page and by its styles', () => {
  expect(filesNamedBy(html(1))).toEqual(['/icon.svg', '/assets/app-1.js', '/assets/app-1.css'])
  expect(filesNamedBy('a{src:url(/assets/x.woff2)}b{src:url("/assets/y.woff2")}c{background:url(data:x)}')).toEqual(['/assets/x.woff2', '/assets/y.woff2'])
})

describe('the shell', () => {
  test('is all there straight after it was installed', async () => {
    await fetchShell()
    service = {}
    expect((await opened()).text).toBe(html(1))
    for (const name of ['/icon.svg', '/assets/app-1.js', '/assets/app-1.css', '/assets/letters.woff2']) expect((await file(new Request(`${ORIGIN}${name}`))).ok).toBe(true)
  })

  test('is replaced by a newer one that is complete', async () => {
    await fetchShell()
    give(2)
    const { text, done } = await opened()
    await done()
    expect(text).toBe(html(2))
    expect([...shells.values()].map((files) => [...files.keys()].toSorted())).toEqual([['/app/', '/assets/app-2.css', '/assets/app-2.js', '/assets/letters.woff2', '/icon.svg']])
  })

  test('stays whole when the newer one did not come whole', async () => {
    await fetchShell()
    give(2)
    delete service['/assets/app-2.js']
    expect((await opened()).text).toBe(html(1))
    service = {}
    expect((await opened()).text).toBe(html(1))
    expect(await (await file(new Request(`${ORIGIN}/assets/app-1.js`))).text()).toBe('script 1')
  })

  test('is shown when something on the way answers with a failure, or nothing does', async () => {
    service['/app/'] = () => new Response('bad gateway', { status: 502 })
    expect(await opened()).toMatchObject({ status: 502 })
    give(1)
    await fetchShell()
    service['/app/'] = () => new Response('bad gateway', { status: 502 })
    expect(await opened()).toMatchObject({ status: 200, text: html(1) })
  })

  test('is shown when the network hangs; what comes later is kept for the next time', async () => {
    await fetchShell()
    give(2)
    let late = (_answer: Response) => {}
    service['/app/'] = () => new Promise<Response>((resolve) => (late = resolve))
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const opening = opened()
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0))
    await vi.advanceTimersByTimeAsync(3_000)
    const { text, done } = await opening
    expect(text).toBe(html(1))
    late(new Response(html(2)))
    await done()
    service = {}
    expect((await opened()).text).toBe(html(2))
  })
})
