// Signing in at the organisation's own provider, in a browser that goes there and comes back. The provider is another site to it
// (127.0.0.1, while the service is at localhost), so cookies that stay at home do.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { setUpCodes } from './steps'
import { desk, hand, launch, look, open, service, tooWideBy } from './world'

let browser: Browser
let page: Page
const troubles: string[] = []
const elsewhere = process.env['DERWENT_PROVIDER'] ?? ''

beforeAll(async () => (browser = await launch()))
afterAll(() => browser?.close())
beforeEach(async () => {
  page = await open(await browser.newContext(desk), troubles, [], [elsewhere])
  await page.goto(`${service.url}/staff/`)
})
afterEach(() => page.context().close())

/** With the keyboard alone, from our page to theirs. */
async function goThere(): Promise<void> {
  const button = page.getByRole('button', { name: /^Sign in at / })
  await button.waitFor()
  for (let steps = 0; steps < 20 && !(await button.evaluate((element) => element === document.activeElement)); steps += 1) await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Their provider' }).waitFor()
}

async function answerThere(email: string, withSecondFactor: boolean): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  if (withSecondFactor) await page.getByLabel('With a second factor').check()
  await page.getByRole('button', { name: 'Enter' }).click()
}

/** On a desk and in a hand, light and dark. */
async function lookEverywhere(name: string): Promise<void> {
  expect(await look(page, name)).toEqual([])
  await page.setViewportSize(hand.viewport)
  await expect.poll(() => tooWideBy(page)).toBeLessThanOrEqual(0)
  expect(await look(page, `${name}-narrow`)).toEqual([])
  await page.setViewportSize(desk.viewport)
}

test('there and back by keyboard, and what the provider said does not stay in the address bar', async () => {
  await page.getByRole('button', { name: /^Sign in at / }).waitFor()
  await lookEverywhere('staff-sign-in-provider')
  await goThere()
  // Their answer is slow to be believed: the page says meanwhile what is awaited.
  let letGo = () => {}
  const held = new Promise<void>((go) => (letGo = go))
  await page.route('**/api/sign-in/provider/finish', async (route) => held.then(() => route.continue()))
  await answerThere(service.email, true)
  await page.getByRole('heading', { name: 'Signing you in' }).waitFor()
  expect(page.url()).toBe(`${service.url}/staff/provider`)
  await lookEverywhere('staff-provider-wait')
  letGo()
  await page.getByRole('link', { name: /: your account$/ }).waitFor()
  expect(page.url()).toBe(`${service.url}/staff/`)
  await page.goBack().catch(() => null)
  expect(page.url()).not.toContain('code=')
})

test('without a second factor there, ours follows', async () => {
  await goThere()
  await answerThere(service.email, false)
  await page.getByRole('heading', { name: 'Set up your second factor' }).waitFor()
  await setUpCodes(page)
  await page.getByRole('link', { name: /: your account$/ }).waitFor()
})

test('whoever calls it off there is told, and begins again', async () => {
  await goThere()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
  await page.getByText('The sign-in at your organisation was called off.').waitFor()
  expect(page.url()).toBe(`${service.url}/staff/provider`)
  await lookEverywhere('staff-provider-called-off')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(page.url()).toBe(`${service.url}/staff/`)
})

test('whom nobody invited here is not let in, and learns what to do', async () => {
  await goThere()
  await answerThere('stranger@example.org', true)
  await page.getByText(/^Your organisation.s sign-in did not let you in here/).waitFor()
  await lookEverywhere('staff-provider-refused')
})

test('nothing went wrong on the way, and no host was asked but the provider', () => expect(troubles).toEqual([]))
