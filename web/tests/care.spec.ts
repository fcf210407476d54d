// A dangerous reading reaches the worklist; a co-ordinator takes it and closes it without touching a mouse, and the phone says who
// saw it. Then another team's record is opened, and an auditor finds all of it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { choosePassword, enrol, enter, givePassword, setUpCodes } from './steps'
import { auditor, desk, hand, launch, look, open, service, tooWideBy } from './world'

let browser: Browser
let phone: Page
let staff: Page
const troubles: string[] = []
/** What the story types: none of it belongs into an address. */
const typed = ['no-such-person', 'at the surgery', 'rang her', '226/131', 'khan', 'found at home']

beforeAll(async () => {
  browser = await launch()
  phone = await open(await browser.newContext(hand), troubles, typed)
  staff = await open(await browser.newContext(desk), troubles, typed)
  await phone.goto(`${service.url}/app/`)
  await enrol(phone)
  await enter(phone, '128', '79')
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  await phone.getByRole('button', { name: 'Done' }).click()
  await enter(phone, '226', '131')
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  await staff.goto(`${service.url}/staff/`)
  await givePassword(staff)
  await setUpCodes(staff)
})
afterAll(() => browser?.close())

test('worklist by keyboard alone', async () => {
  await staff.getByRole('table').waitFor()
  await staff.getByRole('link', { name: service.name }).waitFor()
  expect(await look(staff, 'staff-worklist')).toEqual([])
  await staff.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-worklist-narrow')).toEqual([])
  await staff.setViewportSize(desk.viewport)

  await staff.keyboard.press('?')
  await staff.getByRole('heading', { name: 'Keys' }).waitFor()
  expect(await look(staff, 'staff-keys')).toEqual([])
  await staff.keyboard.press('Escape')
  await staff.getByRole('heading', { name: 'Keys' }).waitFor({ state: 'hidden' })

  await staff.keyboard.press('/')
  await staff.keyboard.type('no-such-person')
  await staff.getByText('No row fits this filter.').waitFor()
  await staff.keyboard.press('Escape')
  await staff.getByRole('link', { name: service.name }).waitFor()
})

test('acknowledging with a, and the phone says who saw it', async () => {
  await focusRow()
  await staff.keyboard.press('a')
  await staff.getByText(`Acknowledged: ${service.name}.`).waitFor()
  await phone.getByText(/^Seen by /).waitFor({ timeout: 30_000 })
  expect(await look(phone, 'phone-seen')).toEqual([])
})

test('why now, and the chart read with arrow keys', async () => {
  await focusRow()
  await staff.keyboard.press('Enter')
  await staff.getByRole('heading', { level: 1, name: service.name }).waitFor()
  const chart = staff.getByLabel(/Arrow keys read the readings one by one/)
  await chart.waitFor()
  expect(await look(staff, 'staff-patient')).toEqual([])
  await chart.focus()
  await staff.keyboard.press('End')
  await staff.getByText(/226\/131 mmHg/).last().waitFor()
  await staff.keyboard.press('ArrowLeft')
  await staff.getByText(/128\/79 mmHg/).last().waitFor()
  const table = staff.getByText(/^Table of \d+ readings$/)
  const before = await table.textContent()
  await phone.getByRole('button', { name: 'Done' }).click()
  await enter(phone, '129', '80')
  await expect.poll(() => table.textContent()).not.toBe(before)
  // What somebody reads stays where it is when a reading comes in.
  await staff.locator('.readout').getByText(/128\/79 mmHg/).waitFor()
  await table.focus()
  await staff.keyboard.press('Enter')
  await staff.getByRole('cell', { name: '226/131' }).waitFor()
  await staff.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-patient-narrow')).toEqual([])
  await staff.setViewportSize(desk.viewport)
})

test('a code for another phone, a carer and a number on a cuff', async () => {
  await staff.getByText('Phones, carers and instruments').click()
  await staff.getByText(/^heard of /).first().waitFor()
  expect(await look(staff, 'staff-phones')).toEqual([])
  await staff.getByRole('button', { name: 'Code for their phone', exact: true }).click()
  const dialog = staff.getByRole('dialog').filter({ visible: true })
  await dialog.getByText(/^[0-9A-Z]{5}-[0-9A-Z]{5}$/).waitFor()
  await dialog.getByRole('img', { name: /^QR code/ }).waitFor()
  expect(await look(staff, 'staff-code')).toEqual([])
  await dialog.getByRole('button', { name: 'Done' }).click()
  await staff.getByRole('button', { name: 'They agree to a carer …' }).click()
  await staff.getByLabel('Carer’s name').fill('Joan Bell')
  await staff.getByLabel(/^Carer’s date of birth/).fill('1961-04-30')
  await staff.getByLabel(/^How did the person agree/).fill('said so on the telephone')
  await staff.getByRole('button', { name: 'Write it down' }).click()
  await staff.getByText('Joan Bell: sends, and sees what there is to do').waitFor()
  await staff.getByRole('button', { name: 'A number is theirs …' }).click()
  await staff.getByLabel(/^Serial number/).fill('20260301')
  await staff.getByLabel(/^User number/).fill('1')
  await staff.getByRole('button', { name: 'This number is theirs' }).click()
  await staff.getByText('User 1 on Instrument 20260301').waitFor()
  await staff.getByRole('button', { name: 'Take back …' }).click()
  await staff.getByLabel(/^Why may Joan Bell/).fill('she moved away')
  expect(await look(staff, 'staff-phones-open')).toEqual([])
  await staff.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-phones-narrow')).toEqual([])
  await staff.setViewportSize(desk.viewport)
  await staff.getByRole('button', { name: 'Take back', exact: true }).click()
  await staff.getByText('None.', { exact: true }).waitFor()
})

test('rang without an answer, handed over, put off, taken up again', async () => {
  const card = staff.locator('article').filter({ hasText: 'Why now' })
  const dialog = staff.getByRole('dialog').filter({ visible: true })
  await card.getByRole('button', { name: 'Rang, no answer' }).click()
  await card.getByText(/Rang once, nobody answered/).waitFor()

  await card.getByRole('button', { name: 'Hand over …' }).click()
  await dialog.getByLabel('To whom?').waitFor()
  expect(await look(staff, 'staff-hand-over')).toEqual([])
  await dialog.getByRole('button', { name: 'Hand it over' }).click()
  await dialog.getByText('Choose a colleague.').waitFor()
  await dialog.getByLabel('To whom?').selectOption({ index: 1 })
  await dialog.getByRole('button', { name: 'Hand it over' }).click()
  await card.getByText(/who has not accepted yet/).waitFor()

  await card.getByRole('button', { name: 'Put off …' }).click()
  await dialog.getByRole('radio').first().check()
  await dialog.getByLabel('Why can it wait?').fill('at the surgery')
  expect(await look(staff, 'staff-snooze')).toEqual([])
  await dialog.getByRole('button', { name: 'Put it off' }).click()
  await card.getByText(/put it off until .*: at the surgery/).waitFor()
  await staff.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-snoozed-narrow')).toEqual([])
  await staff.setViewportSize(desk.viewport)
  await card.getByRole('button', { name: 'Take it up now' }).click()
  await card.getByText(/has it since/).waitFor()
  expect(await look(staff, 'staff-acts')).toEqual([])
})

test('closing asks what came of it', async () => {
  const close = staff.getByRole('button', { name: 'Close …' }).first()
  const before = await staff.getByRole('button', { name: 'Close …' }).count()
  await close.focus()
  await staff.keyboard.press('Enter')
  const dialog = staff.getByRole('dialog').filter({ visible: true })
  await dialog.waitFor()
  expect(await look(staff, 'staff-close')).toEqual([])
  await dialog.getByRole('button', { name: 'Close the alert' }).focus()
  await staff.keyboard.press('Enter')
  await dialog.getByText('Choose what came of it.').waitFor()
  await dialog.getByRole('radio').first().focus()
  await staff.keyboard.press('Space')
  await dialog.getByLabel(/What was done/).focus()
  await staff.keyboard.type('Rang her; the dose is raised.')
  await dialog.getByRole('button', { name: 'Close the alert' }).focus()
  await staff.keyboard.press('Enter')
  await staff.getByText('Treatment changed').waitFor()
  await expect.poll(() => staff.getByRole('button', { name: 'Close …' }).count()).toBe(before - 1)
})

test('the phone says who opened the record', async () => {
  await phone.getByRole('button', { name: 'Home' }).click()
  await phone.getByRole('button', { name: 'Who opened my record' }).click()
  await phone.getByText(/opened the record/).first().waitFor()
  await phone.getByText('closed an alert').first().waitFor()
  expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
  expect(await look(phone, 'phone-opened')).toEqual([])
  await phone.getByRole('button', { name: 'Home' }).click()
})

test('another team’s record opens with a reason, and says so', async () => {
  const family = service.elsewhere.name.split(' ').at(-1) ?? ''
  await staff.getByRole('link', { name: '← Worklist' }).click()
  await staff.getByRole('link', { name: 'Open another record' }).click()
  await staff.getByLabel('Family name').fill('Nobody')
  await staff.getByLabel('Date of birth').fill(service.elsewhere.born)
  await staff.keyboard.press('Enter')
  await staff.getByText('Nobody of your organisation has this name and date of birth.').waitFor()
  await staff.getByLabel('Family name').fill(family)
  await staff.getByRole('button', { name: 'Find' }).click()
  await staff.getByText(service.elsewhere.name).waitFor()
  await staff.getByLabel('Why you need this record now').fill('Found at home by a neighbour')
  expect(await look(staff, 'staff-break-glass')).toEqual([])
  await staff.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-break-glass-narrow')).toEqual([])
  await staff.setViewportSize(desk.viewport)
  await staff.getByRole('button', { name: 'Open the record' }).click()
  await staff.getByRole('heading', { level: 1, name: service.elsewhere.name }).waitFor()
  await staff.getByText('This record is open to you until').waitFor()
  expect(await look(staff, 'staff-patient-glass')).toEqual([])
})

test('an auditor sees who did what, and finds it by person', async () => {
  const page = await open(await browser.newContext(desk), troubles)
  await page.goto(auditor.invitation)
  await choosePassword(page, service.password)
  await setUpCodes(page)
  await page.getByRole('heading', { level: 1, name: /^Audit of / }).waitFor()
  await page.getByRole('cell', { name: 'Found at home by a neighbour' }).waitFor()
  expect(await look(page, 'staff-audit')).toEqual([])
  await page.getByLabel('Family name').fill(service.name.split(' ').at(-1) ?? '')
  await page.getByLabel('Date of birth').fill(service.born)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: service.name }).click()
  await page.getByText(`About ${service.name}`).waitFor()
  await page.getByRole('cell', { name: 'Found at home by a neighbour' }).waitFor({ state: 'detached' })
  await page.getByLabel('What').selectOption('alert.closed')
  await page.getByRole('button', { name: 'Search' }).click()
  await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
  await page.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(page)).toBeLessThanOrEqual(0)
  expect(await look(page, 'staff-audit-narrow')).toEqual([])
  await page.close()
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))

/** With j, as far down as the person is. */
async function focusRow(): Promise<void> {
  for (let steps = 0; steps < 100; steps += 1) {
    await staff.keyboard.press('j')
    if ((await staff.evaluate(() => document.activeElement?.textContent)) === service.name) return
  }
  throw new Error(`${service.name} has no row on the worklist`)
}