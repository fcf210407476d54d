// Shows pages as notifications. A click opens what the page is about and changes nothing; no request is answered from here.
import { notice } from './notice'

const worker = self as unknown as {
  addEventListener(type: 'install', listener: (event: Lasting) => void): void
  addEventListener(type: 'push', listener: (event: Pushed) => void): void
  addEventListener(type: 'notificationclick', listener: (event: Clicked) => void): void
  skipWaiting(): Promise<void>
  registration: { showNotification(title: string, options: NotificationOptions): Promise<void> }
  clients: { matchAll(which: { type: 'window'; includeUncontrolled: boolean }): Promise<OpenPage[]>; openWindow(url: string): Promise<unknown> }
  location: Location
}
type Lasting = { waitUntil(work: Promise<unknown>): void }
type Pushed = Lasting & { data: { json(): unknown } | null }
type Clicked = Lasting & { notification: Notification }
type OpenPage = { url: string; focus(): Promise<unknown> }

// The worklist stays open for weeks: a new version does not wait until it is closed.
worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()))

worker.addEventListener('push', (event) => {
  const { title, options } = notice(read(event), worker.location.origin)
  event.waitUntil(worker.registration.showNotification(title, options))
})

worker.addEventListener('notificationclick', (event) => {
  const { link } = event.notification.data as { link: string }
  event.notification.close()
  event.waitUntil(open(link))
})

function read(event: Pushed): unknown {
  try {
    return event.data?.json()
  } catch {
    return null
  }
}

/** In a window of its own: what is being written in another stays as it is. */
async function open(link: string): Promise<unknown> {
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const there = pages.find((page) => page.url === link)
  return there ? there.focus() : worker.clients.openWindow(link)
}
