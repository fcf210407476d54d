// A co-ordinator looks after the roster: somebody stands in, two are away, a hole is filled; the handover sheet, and a calendar's address.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { givePassword, setUpCodes } from './steps'
import { desk, launch, look, open, service, tooWideBy } from './world'

let browser: Browser
let page: Page
const troubles: string[] = []

beforeAll(async () => {
  browser = await launch()
  page = await open(await browser.newContext(desk), troubles)
  await page.goto(`${service.url}/staff/`)
  await givePassword(page)
  await setUpCodes(page)
})
afterAll(() => browser?.close())

test('somebody stands in with two clicks', async () => {
  await page.getByRole('link', { name: 'Belper team: roster' }).click()
  await page.getByRole('heading', { name: 'Roster of Belper team' }).waitFor()
  expect(await look(page, 'staff-roster')).toEqual([])
  await page.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(page)).toBeLessThanOrEqual(0)
  expect(await look(page, 'staff-roster-narrow')).toEqual([])
  await page.setViewportSize(desk.viewport)
  await page.getByRole('button', { name: 'Stand in for Tom Reid …', exact: true }).click()
  expect(await look(page, 'staff-roster-stand-in')).toEqual([])
  await page.getByRole('dialog').getByRole('button', { name: 'Ida Shaw' }).click()
  await page.getByText(/^Ida Shaw stands in for Tom Reid, /).waitFor()
  await page.getByRole('button', { name: /^Take back: Ida Shaw/ }).click()
  await page.getByText('Ida Shaw does not stand in.').waitFor()
})

test('where everybody is away there is a hole, which somebody fills', async () => {
  const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10)
  for (const name of ['Ida Shaw', 'Tom Reid']) {
    await page.getByRole('button', { name: 'Leave …' }).click()
    await page.getByLabel('Who').selectOption(name)
    await page.getByLabel('First day away').fill(day(3))
    await page.getByLabel('First day back').fill(day(4))
    await page.getByRole('button', { name: 'Enter the leave' }).click()
    await page.getByText(`${name}: leave is entered.`).waitFor()
  }
  await page.getByRole('heading', { name: '▲ Nobody is on duty within your cover' }).waitFor()
  expect(await look(page, 'staff-roster-hole')).toEqual([])
  await page.getByRole('button', { name: /^Put somebody there …/ }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Ada Hall' }).click()
  await page.getByText(/^Ada Hall is on duty /).waitFor()
  await expect.poll(() => page.getByRole('heading', { name: '▲ Nobody is on duty within your cover' }).count()).toBe(0)
})

test('cover, shifts and the policy are changed on the page, and refused at the line', async () => {
  await page.getByRole('button', { name: 'Change the shifts …' }).click()
  let dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Add a line' }).click()
  await dialog.getByLabel('Who, line 3').selectOption('Ada Hall')
  await dialog.getByLabel('Hours').nth(2).fill('moonday 08:00-16:00')
  await dialog.getByRole('button', { name: 'Set the shifts' }).click()
  await expect.poll(() => dialog.getByLabel('Hours').nth(2).getAttribute('aria-invalid')).toBe('true')
  expect(await look(page, 'staff-roster-shifts')).toEqual([])
  await dialog.getByLabel('Hours').nth(2).fill('mon-fri 08:00-16:00')
  await dialog.getByRole('button', { name: 'Set the shifts' }).click()
  await page.getByText('The shifts are set.').waitFor()
  await page.getByText('Ada Hall, mon-fri 08:00-16:00').waitFor()

  await page.getByRole('button', { name: 'Change the cover …' }).click()
  dialog = page.getByRole('dialog')
  await dialog.getByLabel('Outside cover, high alerts').selectOption('go to Alfreton team')
  expect(await look(page, 'staff-roster-cover')).toEqual([])
  await dialog.getByRole('button', { name: 'Declare the cover' }).click()
  await page.getByText('high: goes to Alfreton team').waitFor()

  await page.getByRole('button', { name: 'Change the policy …' }).click()
  dialog = page.getByRole('dialog')
  await dialog.getByLabel('Begin with').selectOption('urgent-community-response')
  const content = await dialog.getByLabel('Policy', { exact: true }).inputValue()
  await dialog.getByLabel('Policy', { exact: true }).fill(content.replace('10 min', '10 moons'))
  await dialog.getByRole('button', { name: 'Set the policy' }).click()
  await dialog.getByText(/^line \d+: /).first().waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(page)).toBeLessThanOrEqual(0)
  expect(await look(page, 'staff-roster-policy-narrow')).toEqual([])
  await page.setViewportSize(desk.viewport)
  await dialog.getByLabel('Policy', { exact: true }).fill(content)
  await dialog.getByRole('button', { name: 'Set the policy' }).click()
  await page.getByText(/^high alerts: acknowledged within 10 minutes/).waitFor()
  expect(await look(page, 'staff-roster-policy')).toEqual([])
})

test('the handover sheet', async () => {
  await page.getByRole('link', { name: 'Handover sheet' }).click()
  await page.getByRole('heading', { name: 'Handover, Belper team' }).waitFor()
  expect(await look(page, 'staff-handover')).toEqual([])
})

test('an address for a calendar, shown once', async () => {
  await page.getByRole('link', { name: /: your account$/ }).click()
  await page.getByRole('button', { name: 'Make an address' }).click()
  const address = await page.getByLabel(/^Copy it into your calendar now/).inputValue()
  expect(address).toMatch(/\/calendar\/[^/]+\.ics$/)
  expect(await look(page, 'staff-calendar')).toEqual([])
  const answer = await fetch(address)
  expect(answer.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
  await page.getByRole('button', { name: 'End it' }).click()
  await expect.poll(async () => (await fetch(address)).status).toBe(404)
})

// What the service refuses at a line is part of the story.
test('nothing went wrong on the way, and no other host was asked', () => expect(troubles.filter((trouble) => !trouble.includes('status of 400'))).toEqual([]))
