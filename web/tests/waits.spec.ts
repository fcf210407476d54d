// Outside cover that nobody took: the phone says at once until when nobody looks, and whom to ring.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { enrol, enter } from './steps'
import { hand, launch, look, open, service, textAt, tooWideBy } from './world'

let browser: Browser
let phone: Page
const troubles: string[] = []

beforeAll(async () => {
  browser = await launch()
  phone = await open(await browser.newContext(hand), troubles, ['226/131'])
  await phone.goto(`${service.url}/app/`)
  await enrol(phone)
})
afterAll(() => browser?.close())

test('nobody looks until then, with 111 and 999', async () => {
  await enter(phone, '226', '131')
  await phone.getByText(/^Nobody looks at this until [^.]*\d\d:\d\d\. Then it goes to Belper team\. If you feel unwell before then, do not wait: ring 111\. In an emergency, ring 999\.$/).waitFor({ timeout: 30_000 })
  expect(await look(phone, 'phone-waits')).toEqual([])
  await textAt(phone, 200)
  expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
  await textAt(phone, 100)
  await phone.getByRole('button', { name: 'Done' }).click()
  await phone.getByRole('button', { name: 'My readings' }).click()
  await phone.getByText(/ · nobody looks until /).waitFor()
})

test('and after the page was closed and opened again without signal it still says so', async () => {
  await phone.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await phone.context().setOffline(true)
  await phone.reload()
  await phone.getByRole('button', { name: 'My readings' }).click()
  await phone.getByText(/ · nobody looks until /).click()
  await phone.getByText(/^Nobody looks at this until /).waitFor()
  await phone.context().setOffline(false)
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))
