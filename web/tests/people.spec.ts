// An administrator: invited, inviting, and deactivating.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { choosePassword, setUpCodes } from './steps'
import { administrator, desk, launch, look, open, service, tooWideBy } from './world'

let browser: Browser
let page: Page
const troubles: string[] = []

beforeAll(async () => {
  browser = await launch()
  page = await open(await browser.newContext(desk), troubles)
})
afterAll(() => browser?.close())

test('follows an invitation, whose token leaves the address bar', async () => {
  await page.goto(administrator.invitation)
  await page.getByRole('heading', { name: /^Welcome, / }).waitFor()
  expect(page.url()).toBe(`${service.url}/staff/invitation`)
  expect(await look(page, 'staff-invitation')).toEqual([])
  await choosePassword(page, 'short')
  await page.getByText(/^A password has at least 12 characters/).waitFor()
  await choosePassword(page, service.password)
  await setUpCodes(page)
  await page.getByRole('link', { name: 'Staff' }).click()
  const again = await open(await browser.newContext(desk), [])
  await again.goto(administrator.invitation)
  await again.getByRole('heading', { name: 'This link does not work' }).waitFor()
  expect(await look(again, 'staff-invitation-over')).toEqual([])
  await again.close()
})

test('invites, and deactivates after being told what that does', async () => {
  await page.getByText('Invite somebody').click()
  await page.getByLabel('Name', { exact: true }).fill('Nell Wood')
  await page.getByLabel('E-mail').fill('nell@example.org')
  await page.getByLabel(/^Profession/).fill('nurse')
  expect(await look(page, 'staff-people')).toEqual([])
  await page.getByRole('button', { name: 'Send the invitation' }).click()
  await page.getByText('Invited: Nell Wood. The link went to nell@example.org.').waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(page)).toBeLessThanOrEqual(0)
  expect(await look(page, 'staff-people-narrow')).toEqual([])
  await page.setViewportSize(desk.viewport)
  await page.getByRole('button', { name: 'Teams …, Nell Wood', exact: true }).click()
  await page.getByRole('checkbox').first().check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Nell Wood: the teams are set.').waitFor()
  await page.getByRole('button', { name: 'Deactivate …, Nell Wood', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/can sign in no more/).waitFor()
  expect(await look(page, 'staff-deactivate')).toEqual([])
  await dialog.getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('button', { name: 'Activate …, Nell Wood', exact: true }).waitFor()
})

test('tries whether pages reach a colleague, and reads what the service paged', async () => {
  await page.getByRole('button', { name: /^Paging …, (?!Nell)/ }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: /^Send a test page: / }).click()
  await dialog.getByText('handed over').waitFor()
  expect(await look(page, 'staff-test-page')).toEqual([])
  await dialog.getByRole('button', { name: 'Close' }).click()

  await page.getByRole('link', { name: 'Paging' }).click()
  await page.getByRole('heading', { name: 'Whom the service paged' }).waitFor()
  await page.getByText('a test page').first().waitFor()
  expect(await look(page, 'staff-paging')).toEqual([])
  await page.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(page)).toBeLessThanOrEqual(0)
  expect(await look(page, 'staff-paging-narrow')).toEqual([])
  await page.getByRole('link', { name: / by e-mail$/ }).first().click()
  await page.getByRole('heading', { name: 'The life of a page' }).waitFor()
  await page.getByText('try 1:').waitFor()
  await expect.poll(() => tooWideBy(page)).toBeLessThanOrEqual(0)
  expect(await look(page, 'staff-page-life')).toEqual([])
  await page.setViewportSize(desk.viewport)
  await page.getByRole('link', { name: 'All pages' }).click()
  await page.getByLabel('only what is unsettled').check()
  await page.getByText('Nothing is unsettled.').waitFor()
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))
