// What somebody who knows a person decides on their page: that a doubted value is real.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { enrol, enter, givePassword, setUpCodes } from './steps'
import { desk, hand, launch, look, open, service, tooWideBy } from './world'

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
  await enter(phone, '226', '131')
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  await staff.goto(`${service.url}/staff/`)
  await givePassword(staff)
  await setUpCodes(staff)
  await staff.getByRole('link', { name: service.name }).click()
  await staff.getByRole('heading', { level: 1, name: service.name }).waitFor()
})
afterAll(() => browser?.close())

/** The page as it is now, at both widths and in both colours, has no fault and fits. */
async function looked(name: string): Promise<void> {
  expect(await look(staff, name)).toEqual([])
  await staff.setViewportSize(hand.viewport)
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, `${name}-narrow`)).toEqual([])
  await staff.setViewportSize(desk.viewport)
}

test('a value that is doubted is real for this person', async () => {
  const real = staff.getByRole('button', { name: /226\/131 mmHg, today .*: this value is real for this person$/ })
  await real.waitFor()
  await staff.getByText('Systolic 226 mmHg is not confirmed: above 220 mmHg, where one reading alone is doubted.').waitFor()
  await looked('staff-unconfirmed')
  await real.focus()
  await staff.keyboard.press('Enter')
  const dialog = staff.getByRole('dialog').filter({ visible: true })
  await dialog.getByText('Values like it are believed afterwards.').waitFor()
  await looked('staff-accept')
  await dialog.getByRole('button', { name: 'It is real' }).focus()
  await staff.keyboard.press('Enter')
  await staff.getByRole('heading', { name: 'Unconfirmed', exact: true }).waitFor({ state: 'detached' })
  await staff.getByText(/^Table of \d+ readings$/).click()
  await staff.getByRole('row', { name: /226\/131/ }).getByText(/accepted by /).waitFor()
})

test('nothing was said in the console, and nothing asked elsewhere', () => {
  expect(troubles).toEqual([])
})
