// What somebody who knows a person decides on their page: that a doubted value is real, a limit of their own, a pause, the end.
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

test('a limit of their own, within what the pack allows', async () => {
  await staff.getByRole('button', { name: 'Change severe systolic' }).click()
  const value = staff.getByLabel('This person’s, in mmHg')
  await value.fill('250')
  await staff.getByLabel('Why?').fill('as agreed with her')
  await staff.getByRole('button', { name: 'Set this limit' }).click()
  await staff.getByText('Hypertension/severe_systolic may be from 160 to 200 mmHg; choose one within, or have the pack changed.').waitFor()
  await looked('staff-limit')
  await value.fill('175')
  await staff.getByLabel(/^Until/).fill(dayFromNow(10))
  await staff.keyboard.press('Enter')
  await staff.getByRole('row', { name: /severe systolic 175 mmHg this person’s, until / }).waitFor()
  await staff.getByRole('button', { name: 'Change severe systolic' }).click()
  await staff.getByLabel('Why?').fill('as for everybody')
  await staff.getByRole('button', { name: 'Back to the pack’s own' }).click()
  await staff.getByRole('row', { name: /severe systolic 180 mmHg pack/ }).waitFor()
  await staff.getByText('Changes of limits (2)').click()
  await staff.getByRole('listitem').filter({ hasText: 'severe systolic back to the pack’s own: as for everybody' }).waitFor()
  await looked('staff-limits-changed')
})

test('away, and back', async () => {
  await staff.getByRole('button', { name: 'Pause …' }).click()
  await staff.getByLabel('First day back').fill(dayFromNow(5))
  await staff.getByLabel('Why are they away?').fill('visiting her sister')
  await looked('staff-pause')
  await staff.getByRole('button', { name: 'Pause', exact: true }).click()
  await staff.getByText(/^Paused from today .* until .*: visiting her sister/).waitFor()
  await looked('staff-paused')
  await staff.getByRole('button', { name: 'They are back …' }).click()
  await staff.getByLabel('Why does it go on now?').fill('came home early')
  await staff.getByRole('button', { name: 'They are back' }).click()
  await staff.getByText(/^Paused/).waitFor({ state: 'detached' })
})

test('a pause that the patient asks for', async () => {
  await phone.getByRole('button', { name: 'Done' }).click()
  await phone.getByRole('button', { name: 'I will be away' }).click()
  await phone.getByRole('button', { name: 'Ask my team' }).click()
  await phone.getByText('Choose the first day you are back, after the day you leave.').waitFor()
  await phone.getByLabel('First day back').fill(dayFromNow(4))
  await phone.getByLabel('Why?').fill('at my brother’s')
  expect(await look(phone, 'phone-away')).toEqual([])
  await phone.getByRole('button', { name: 'Ask my team' }).click()
  await phone.getByText('Your team has been asked.').waitFor()
  expect(await look(phone, 'phone-away-asked')).toEqual([])
  await staff.getByText('They ask to be away').waitFor()
  await looked('staff-asked-pause')
  await staff.getByRole('button', { name: 'Take it on' }).click()
  await staff.getByText(/^Paused from today .* until .*: at my brother’s/).waitFor()
  await staff.getByText('They ask to be away').waitFor({ state: 'detached' })
})

test('nobody watches any more', async () => {
  await staff.getByRole('button', { name: 'End the monitoring …' }).click()
  await staff.getByLabel(/^Why does it end/).fill('moved away')
  await staff.getByRole('button', { name: 'End the monitoring', exact: true }).click()
  await staff.getByText(/^Not monitored since today/).first().waitFor()
  await staff.getByRole('button', { name: 'Pause …' }).waitFor({ state: 'detached' })
  await looked('staff-ended')
})

test('nothing was said in the console, and nothing asked elsewhere', () => {
  // The limit that the pack does not allow was refused.
  expect(troubles.filter((trouble) => !trouble.includes('status of 400'))).toEqual([])
})

const dayFromNow = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
