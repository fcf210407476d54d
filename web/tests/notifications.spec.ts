// A browser is added as a way to be paged, proven with the code that comes up in it, and shows a test page. The push service is ours: each
// browser's own is on the internet. What it takes is opened by a library that nobody here wrote, and handed to the browser as its own would.
import { createECDH, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decrypt } from 'http_ece'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, BrowserContext, CDPSession, Page, Worker } from 'playwright-core'
import { givePassword, setUpCodes } from './steps'
import { desk, hand, launch, look, open, service, tooWideBy } from './world'

type Clicking = {
  opened: string[]
  registration: ServiceWorkerRegistration
  clients: { openWindow: (url: string) => Promise<null> }
  NotificationEvent: new (type: string, init: { notification: Notification | undefined }) => Event
  dispatchEvent(event: Event): boolean
}
/** Of a busy machine, on which a worker is woken. */
const patience = { timeout: 20_000 }

type Shown = { title: string; body: string; stays: boolean; link: string }

const key = createECDH('prime256v1')
const auth = randomBytes(16).toString('base64url')
const subscription = { p256dh: key.generateKeys().toString('base64url'), auth }

let push: Server
const sealed: Buffer[] = []
let browser: Browser
let context: BrowserContext
let page: Page
let workers: CDPSession
let registration: string
const troubles: string[] = []

beforeAll(async () => {
  push = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      sealed.push(Buffer.concat(parts))
      response.writeHead(201).end()
    })
  })
  await new Promise<void>((ready) => push.listen(0, '127.0.0.1', ready))
  const endpoint = `http://127.0.0.1:${(push.address() as AddressInfo).port}/push/of-this-browser`
  browser = await launch()
  context = await browser.newContext(desk)
  await context.addInitScript(
    ({ endpoint, keys }) => {
      let taken: { endpoint: string; toJSON: () => unknown; unsubscribe: () => Promise<boolean> } | null = null
      PushManager.prototype.getSubscription = () => Promise.resolve(taken as PushSubscription | null)
      PushManager.prototype.subscribe = (options) => {
        if (atob(String(options?.applicationServerKey).replaceAll('-', '+').replaceAll('_', '/')).length !== 65) return Promise.reject(new Error('no key'))
        taken = { endpoint, toJSON: () => ({ endpoint, keys }), unsubscribe: () => Promise.resolve(true) }
        return Promise.resolve(taken as PushSubscription)
      }
    },
    { endpoint, keys: subscription },
  )
  page = await open(context, troubles)
  workers = await context.newCDPSession(page)
  workers.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => (registration = registrations[0]?.registrationId ?? registration))
  await workers.send('ServiceWorker.enable')
  await page.goto(`${service.url}/staff/`)
  await givePassword(page)
  await setUpCodes(page)
})
afterAll(async () => {
  await browser?.close()
  push?.close()
})

/** The next one that the push service took, as it comes up. */
async function shown(count: number): Promise<Shown> {
  await expect.poll(() => sealed.length, patience).toBe(count)
  const data = decrypt(sealed[count - 1] ?? Buffer.alloc(0), { version: 'aes128gcm', privateKey: key, authSecret: auth }).toString()
  await workers.send('ServiceWorker.deliverPushMessage', { origin: service.url, registrationId: registration, data })
  const notifications = () =>
    page.evaluate(async () => {
      const all = await (await navigator.serviceWorker.ready).getNotifications()
      return all.map(({ title, body, requireInteraction, data }) => ({ title, body, stays: requireInteraction, link: (data as { link: string }).link }))
    })
  await expect.poll(async () => (await notifications()).length, patience).toBe(count)
  const subject = (JSON.parse(data) as { subject: string }).subject
  const found = (await notifications()).find(({ title }) => title === subject)
  if (!found) throw new Error(`${subject} did not come up`)
  return found
}

test('a browser that may show nothing says what to do', async () => {
  await page.goto(`${service.url}/staff/account`)
  await page.getByLabel('Another way').selectOption('Browser notification')
  await page.getByRole('button', { name: 'Add this browser and send a code' }).click()
  await page.getByText('This browser may not show notifications of this page. Allow them in its settings, then add it again.').waitFor()
  expect(sealed).toEqual([])
})

test('a browser is added and proven with the code that comes up in it', async () => {
  await context.grantPermissions(['notifications'], { origin: service.url })
  expect(await look(page, 'staff-account-browser')).toEqual([])
  await page.getByRole('button', { name: 'Add this browser and send a code' }).click()
  await page.getByText('Added. Type in the code that arrives there.').waitFor()
  await page.getByText('this browser', { exact: true }).waitFor()
  const { title } = await shown(1)
  const code = /^\d{6}/.exec(title)?.[0] ?? ''
  await page.getByLabel('Code', { exact: true }).fill(code)
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText('Confirmed: pages reach you in this browser.').waitFor()
  expect(await look(page, 'staff-account-browser-confirmed')).toEqual([])
  await page.setViewportSize(hand.viewport)
  expect(await tooWideBy(page)).toBeLessThanOrEqual(0)
  expect(await look(page, 'staff-account-browser-narrow')).toEqual([])
  await page.setViewportSize(desk.viewport)
})

test('a test page comes up, and a click on it opens our page in a window of its own', async () => {
  await page.getByRole('button', { name: /^Send a test page: Browser notification/ }).click()
  const test = await shown(2)
  expect(test.link.startsWith(`${service.url}/staff/`)).toBe(true)
  const worker = context.serviceWorkers().find((each) => each.url().endsWith('/staff/service-worker.js')) as Worker
  await page.goto(`${service.url}/staff/`)
  // A browser opens a window for a person's click alone; this one is ours.
  await worker.evaluate(async () => {
    const scope = self as unknown as Clicking
    scope.opened = []
    scope.clients.openWindow = (url) => Promise.resolve((scope.opened.push(url), null))
    const [, notification] = await scope.registration.getNotifications()
    scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }))
  })
  await expect.poll(() => worker.evaluate(() => (self as unknown as Clicking).opened), patience).toEqual([test.link])
  expect(await worker.evaluate(async () => (await (self as unknown as Clicking).registration.getNotifications()).length)).toBe(1)
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))
