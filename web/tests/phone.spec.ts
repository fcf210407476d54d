// A phone, from its code to the advice for a dangerous reading, with and without signal.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { enrol, enter } from './steps'
import { hand, launch, look, open, service, textAt, tooWideBy } from './world'

let browser: Browser
let phoneContext: BrowserContext
let phone: Page
const troubles: string[] = []
/** What the story types: none of it belongs into an address. */
const typed = ['226/131']

beforeAll(async () => {
  browser = await launch()
  phoneContext = await browser.newContext(hand)
  phone = await open(phoneContext, troubles, typed)
})
afterAll(() => browser?.close())

test('enrols with code and date of birth', async () => {
  await phone.goto(`${service.url}/app/`)
  await phone.getByRole('heading', { name: 'Connect this phone' }).waitFor()
  expect(await look(phone, 'phone-enrol')).toEqual([])
  await enrol(phone)
  await expectHelp()
  expect(await look(phone, 'phone-home')).toEqual([])
})

test('opens without signal straight after', async () => {
  await phone.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await phoneContext.setOffline(true)
  await phone.reload()
  await phone.getByRole('button', { name: /^Blood pressure/ }).first().waitFor()
  await phoneContext.setOffline(false)
})

test('in a second tab keeps, and the first one sends', async () => {
  const second = await open(phoneContext, troubles, typed)
  await second.goto(`${service.url}/app/`)
  await enter(second, '127', '78')
  await second.getByText(/^Stored \d\d:\d\d$/).waitFor({ timeout: 30_000 })
  await second.close()
})

test('keeps a reading while there is no signal, and sends it when there is', async () => {
  await phoneContext.setOffline(true)
  await enter(phone, '128', '79')
  await phone.getByText('Not sent yet: no signal. Nobody has seen this.').waitFor()
  expect(await phone.evaluate(() => document.activeElement?.textContent)).toBe('128 over 79')
  await expectHelp()
  expect(await look(phone, 'phone-no-signal')).toEqual([])
  await phoneContext.setOffline(false)
  await phone.getByText(/^Stored \d\d:\d\d$/).waitFor({ timeout: 30_000 })
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  expect(await look(phone, 'phone-receipt')).toEqual([])
  await phone.getByRole('button', { name: 'Done' }).click()
})

test('fits at twice the text size', async () => {
  for (const width of [320, 390]) {
    await phone.setViewportSize({ width, height: 844 })
    await textAt(phone, 200)
    expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
    await phone.getByRole('button', { name: /^Blood pressure/ }).first().click()
    await phone.locator('#value-systolic').waitFor()
    expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
    await phone.getByRole('button', { name: 'Home' }).click()
  }
  await textAt(phone, 100)
  await phone.setViewportSize(hand.viewport)
})

test('says what is not a number, and sends nothing', async () => {
  await phone.getByRole('button', { name: /^Blood pressure/ }).first().click()
  await phone.getByRole('button', { name: 'Next' }).click()
  await phone.getByText(/^Enter /).first().waitFor()
  expect(await look(phone, 'phone-entry')).toEqual([])
  await phone.getByRole('button', { name: 'Home' }).click()
})

test('says how a pressure was taken, and says it back before it is sent', async () => {
  await phone.getByRole('button', { name: /^Blood pressure/ }).first().click()
  await phone.locator('#value-systolic').fill('129')
  await phone.locator('#value-diastolic').fill('80')
  expect(await phone.getByLabel('Measured while').inputValue()).toBe('sitting')
  await phone.getByLabel('Measured while').selectOption('standing')
  await phone.getByLabel(/^Sign for an irregular heartbeat/).selectOption('yes')
  expect(await look(phone, 'phone-entry-standing')).toEqual([])
  await phone.getByRole('button', { name: 'Next' }).click()
  await phone.getByText('standing, with the sign for an irregular heartbeat').waitFor()
  expect(await look(phone, 'phone-check-standing')).toEqual([])
  await phone.getByRole('button', { name: 'Send' }).click()
  await phone.getByText(/^Stored \d\d:\d\d$/).waitFor({ timeout: 30_000 })
  await phone.getByRole('button', { name: 'Done' }).click()
})

test('gives the clinician’s advice at once for a dangerous value', async () => {
  await enter(phone, '226', '131')
  await phone.getByText(/999/).first().waitFor()
  await phone.getByText(/^Stored \d\d:\d\d$/).waitFor()
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  expect(await look(phone, 'phone-advice')).toEqual([])
})

test('says when the team was paged and when to ring, and when that is past, to ring now', async () => {
  await phone.getByText(/^Belper team was paged at \d\d:\d\d\. Nobody has answered yet\. If nobody rings you by [^,]+, ring Belper team on 01773 000000\./).waitFor({ timeout: 30_000 })
  expect(await phone.getByRole('link', { name: 'Ring Belper team', exact: true }).getAttribute('href')).toBe('tel:01773000000')
  expect(await look(phone, 'phone-paged')).toEqual([])
  await textAt(phone, 200)
  expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
  expect(await look(phone, 'phone-paged-large')).toEqual([])
  await textAt(phone, 100)
  await phone.getByRole('button', { name: 'Done' }).click()
  await phone.getByRole('button', { name: 'My readings' }).click()
  await phone.getByText(/ · Belper team paged \d\d:\d\d$/).waitFor()
  expect(await look(phone, 'phone-readings-paged')).toEqual([])
  await phone.getByText(/ · Belper team paged \d\d:\d\d$/).click()
  await phone.clock.setFixedTime(Date.now() + 16 * 60_000)
  await phone.getByText(/ It is past [^:]*\d\d:\d\d: if nobody has rung you, ring Belper team now on 01773 000000\. If nobody answers there, ring 111\./).waitFor({ timeout: 30_000 })
  expect(await look(phone, 'phone-nobody-answered')).toEqual([])
})

test('a phone that may keep nothing says so, and whom to ring', async () => {
  const refusing = await open(await browser.newContext(hand), [])
  await refusing.addInitScript(() => Object.defineProperty(window, 'indexedDB', { value: { open: () => { throw new DOMException('refused', 'SecurityError') } } }))
  await refusing.goto(`${service.url}/app/`)
  await refusing.getByRole('heading', { name: 'This phone cannot keep readings' }).waitFor()
  for (const name of ['111', '999']) expect(await refusing.getByRole('link', { name, exact: true }).count()).toBe(1)
  expect(await look(refusing, 'phone-keeps-nothing')).toEqual([])
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))

/** The team, 111 and 999 are on every screen. */
async function expectHelp(): Promise<void> {
  for (const name of ['111', '999']) expect(await phone.getByRole('link', { name, exact: true }).count()).toBe(1)
}
