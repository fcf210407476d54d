// Lets the app open without signal. It never stores an answer of the service: nothing under /mobile or /api is touched.
import { fetchShell, file, page } from './shell'

const worker = self as unknown as {
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
}
type Lasting = { waitUntil(work: Promise<unknown>): void }
type Fetching = Lasting & { request: Request; respondWith(answer: Promise<Response>): void }

worker.addEventListener('install', (event) => event.waitUntil(fetchShell().then(() => worker.skipWaiting())))
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()))

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const path = new URL(request.url).pathname
  if (request.method !== 'GET') return
  if (request.mode === 'navigate' && path.startsWith('/app')) event.respondWith(page(request, (work) => event.waitUntil(work)))
  else if (path.startsWith('/assets/') || path === '/icon.svg' || path === '/manifest.webmanifest') event.respondWith(file(request))
})
