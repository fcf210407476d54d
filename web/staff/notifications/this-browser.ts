// This browser's own subscription to notifications, over which pages can reach it.
import type { BrowserKeys } from '../../shared/api/staff'

const WORKER = '/staff/service-worker.js'
const SCOPE = '/staff/'

/** A sentence for whoever wanted it. */
export class NotSubscribed extends Error {}

/** As the service shows it: the push service's host, and the end of the address there. */
export const shownAs = (endpoint: string) => `${new URL(endpoint).hostname} …${endpoint.slice(-6)}`

/** As `shownAs`; null: pages do not reach this browser. */
export async function subscribed(): Promise<string | null> {
  if (!('serviceWorker' in navigator)) return null
  const registration = await navigator.serviceWorker.getRegistration(SCOPE)
  const subscription = await registration?.pushManager?.getSubscription()
  return subscription ? shownAs(subscription.endpoint) : null
}

/** Asks whoever sits there for leave. `key`: the service's. Throws `NotSubscribed`. */
export async function subscribe(key: string): Promise<{ endpoint: string; keys: BrowserKeys }> {
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) {
    throw new NotSubscribed('This browser takes no notifications. On an iPhone or iPad, add this page to the Home Screen and open it from there.')
  }
  if ((await Notification.requestPermission()) !== 'granted') {
    throw new NotSubscribed('This browser may not show notifications of this page. Allow them in its settings, then add it again.')
  }
  await navigator.serviceWorker.register(WORKER, { scope: SCOPE })
  const { pushManager } = await navigator.serviceWorker.ready
  // One of another key would be refused.
  await (await pushManager.getSubscription())?.unsubscribe()
  const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }).catch(() => {
    throw new NotSubscribed("This browser's maker does not answer, so it gets no notifications just now. Try again, or use another browser.")
  })
  const { endpoint, keys } = subscription.toJSON()
  if (!endpoint || !keys?.['p256dh'] || !keys['auth']) throw new NotSubscribed('This browser gave no keys for its notifications. Use another one.')
  return { endpoint, keys: { p256dh: keys['p256dh'], auth: keys['auth'] } }
}
