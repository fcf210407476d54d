// Keeps the app's own shell (page, scripts, fonts), so that it opens without signal.
// It never stores an answer of the service: nothing under /mobile or /api is touched.
const SHELL = 'derwent-shell-1'
const worker = self as unknown as {
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
}
type Lasting = { waitUntil(work: Promise<unknown>): void }
type Fetching = { request: Request; respondWith(answer: Promise<Response>): void }

worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()))

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== SHELL) await caches.delete(name)
      await worker.clients.claim()
    })(),
  )
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const path = new URL(request.url).pathname
  if (request.method !== 'GET') return
  if (request.mode === 'navigate' && path.startsWith('/app')) event.respondWith(newest(request))
  else if (path.startsWith('/assets/') || path === '/icon.svg' || path === '/manifest.webmanifest') event.respondWith(kept(request))
})

/** The page itself: from the service when it answers, else the one kept. */
async function newest(request: Request): Promise<Response> {
  const shell = await caches.open(SHELL)
  try {
    const fresh = await fetch(request)
    if (fresh.ok) await keepPage(shell, fresh.clone())
    return fresh
  } catch (failure) {
    const old = await shell.match('/app/')
    if (old) return old
    throw failure
  }
}

/** A page that changed names other files: those of the page before are forgotten. */
async function keepPage(shell: Cache, fresh: Response): Promise<void> {
  const old = await shell.match('/app/')
  if (old && (await old.text()) !== (await fresh.clone().text())) for (const file of await shell.keys()) await shell.delete(file)
  await shell.put('/app/', fresh)
}

/** Files whose name holds their hash never change. */
async function kept(request: Request): Promise<Response> {
  const shell = await caches.open(SHELL)
  const old = await shell.match(request)
  if (old) return old
  const fresh = await fetch(request)
  if (fresh.ok) await shell.put(request, fresh.clone())
  return fresh
}
