// How awake somebody is: chosen from words on a phone, with the clinician's words at the tap, and read in words on the chart.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { enrol, givePassword, setUpCodes } from './steps'
import { desk, hand, launch, look, open, service, textAt, tooWideBy } from './world'

let browser: Browser
let phone: Page
let staff: Page
const troubles: string[] = []

beforeAll(async () => {
  browser = await launch()
  phone = await open(await browser.newContext(hand), troubles)
  staff = await open(await browser.newContext(desk), troubles)
  await phone.goto(`${service.url}/app/`)
  await enrol(phone)
})
afterAll(() => browser?.close())

test('words to choose from, large enough at twice the text size', async () => {
  await phone.getByRole('button', { name: 'How awake' }).click()
  await phone.getByRole('heading', { name: 'How awake is the person?' }).waitFor()
  expect(await look(phone, 'phone-awake')).toEqual([])
  await fits('phone-awake-large')
})

test('awake: said back and stored, with no word of alarm', async () => {
  await phone.getByRole('button', { name: 'Awake, and as clear as usual' }).click()
  await phone.getByRole('heading', { name: 'Is this right?' }).waitFor()
  expect(await phone.getByRole('region', { name: 'Advice' }).count()).toBe(0)
  await phone.getByRole('button', { name: 'Send' }).click()
  await stored()
})

test('confused: whom to ring stands there before anything is sent', async () => {
  await phone.getByRole('button', { name: 'How awake' }).click()
  await phone.getByRole('button', { name: 'Awake, but more confused than usual' }).click()
  await phone.getByRole('link', { name: 'Ring 999' }).waitFor()
  expect(await look(phone, 'phone-awake-check')).toEqual([])
  await fits('phone-awake-check-large')
  await phone.getByRole('button', { name: 'Change' }).click()
  await phone.getByRole('button', { name: 'Wakes only when spoken to' }).click()
  await phone.getByRole('link', { name: 'Ring 999' }).waitFor()
  await phone.getByRole('button', { name: 'Send' }).click()
  await phone.getByRole('heading', { name: 'Wakes only when spoken to' }).waitFor()
  await phone.getByRole('link', { name: 'Ring 999' }).waitFor()
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  expect(await look(phone, 'phone-awake-receipt')).toEqual([])
  await fits('phone-awake-receipt-large')
  await stored()
  await phone.getByRole('button', { name: 'My readings' }).click()
  await phone.getByRole('button', { name: /^How awake: wakes only when spoken to/i }).waitFor()
  expect(await look(phone, 'phone-awake-readings')).toEqual([])
})

test('the chart has words for its scale, its sentence and its table', async () => {
  await staff.goto(`${service.url}/staff/`)
  await givePassword(staff)
  await setUpCodes(staff)
  await staff.getByRole('link', { name: service.name }).first().click()
  const chart = staff.getByLabel(/^Consciousness\. Last responds to voice today/)
  await chart.waitFor()
  await chart.focus()
  await staff.keyboard.press('Home')
  await staff.locator('.readout').getByText(/· alert · typed in/).waitFor()
  await staff.getByText('Table of 2 readings').click()
  await staff.getByRole('cell', { name: 'responds to voice' }).first().waitFor()
  expect(await look(staff, 'staff-awake')).toEqual([])
  await staff.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-awake-narrow')).toEqual([])
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))

/** At twice the text size on the narrowest phone, nothing lies outside. */
async function fits(name: string): Promise<void> {
  await phone.setViewportSize({ width: 320, height: 844 })
  await textAt(phone, 200)
  expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
  expect(await look(phone, name)).toEqual([])
  await textAt(phone, 100)
  await phone.setViewportSize(hand.viewport)
}

async function stored(): Promise<void> {
  await phone.getByText(/^Stored \d\d:\d\d$/).waitFor({ timeout: 30_000 })
  await phone.getByRole('button', { name: 'Done' }).click()
}
