// Questions on the phone: each kind of answer, words at the tap of one, and what a rule asks beside a reading.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { enrol, enter, givePassword, setUpCodes } from './steps'
import { desk, hand, launch, look, open, service, textAt, tooWideBy } from './world'

let browser: Browser
let context: BrowserContext
let phone: Page
const troubles: string[] = []

const tap = (name: string) => phone.getByRole('button', { name, exact: true }).click()
const heading = (name: string | RegExp) => phone.getByRole('heading', { name, level: 1 }).waitFor()
const focused = () => phone.evaluate(() => document.activeElement?.textContent?.replace(/\s+/g, ' ').trim())

beforeAll(async () => {
  browser = await launch()
  context = await browser.newContext(hand)
  phone = await open(context, troubles)
  await phone.goto(`${service.url}/app/`)
  await enrol(phone)
})
afterAll(() => browser?.close())

test('asks each kind of question, says them back, and lets each be changed', async () => {
  await tap('A little of everything')
  await heading('Sit down first.')
  expect(await focused()).toBe('Sit down first.')
  expect(await look(phone, 'questions-words')).toEqual([])
  await tap('Next')
  await heading('Your breath Is it worse than usual?')
  expect(await look(phone, 'questions-yes-no')).toEqual([])
  await tap('Yes')
  await heading('Your breath How is it?')
  expect(await look(phone, 'questions-choice')).toEqual([])
  await tap('Much worse')
  await heading('Your breath How many pillows do you sleep on?')
  await phone.getByLabel('How many pillows do you sleep on?').fill('12')
  await tap('Next')
  await phone.getByText('Enter a whole number from 0 to 9.').waitFor()
  expect(await look(phone, 'questions-number-wrong')).toEqual([])
  await phone.getByLabel('How many pillows do you sleep on?').fill('3')
  await tap('Next')
  await heading('How many litres did you drink?')
  await phone.getByLabel('How many litres did you drink?').fill('1,5')
  await tap('Next')
  await heading('Who is with you?')
  await tap('Skip this question')
  await heading('Anything else?')
  await phone.getByLabel('Anything else?').fill('The stairs are hard.')
  expect(await look(phone, 'questions-text')).toEqual([])
  await tap('Next')
  await heading('Is this right?')
  expect(await phone.getByRole('definition').allTextContents()).toEqual(
    ['Yes', 'Much worse', '3', '1.5', 'not answered', 'The stairs are hard.'].map((answer) => expect.stringContaining(answer)),
  )
  expect(await look(phone, 'questions-said-back')).toEqual([])
  for (const width of [320, 390]) {
    await phone.setViewportSize({ width, height: 844 })
    await textAt(phone, 200)
    expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
  }
  await textAt(phone, 100)
  await phone.setViewportSize(hand.viewport)
  // Another answer hides what hung on it.
  await phone.getByRole('button', { name: /^change.*worse than usual/ }).click()
  await tap('No')
  await heading('How many litres did you drink?')
  for (const next of ['Next', 'Skip this question', 'Next']) await tap(next)
  expect(await phone.getByRole('definition').count()).toBe(4)
  await tap('Send')
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  await tap('Done')
})

test('crisis words come at the tap of the answer, without signal too, and the answers so far are kept', async () => {
  await tap('How you have felt for two weeks')
  for (let question = 1; question < 9; question++) {
    await phone.getByText(`${question} of 9`).waitFor()
    await tap('Several days')
  }
  await heading(/better off dead/)
  expect(await look(phone, 'questions-ninth')).toEqual([])
  await context.setOffline(true)
  await tap('Nearly every day')
  await heading('Please read this first')
  expect(await focused()).toBe('Please read this first')
  await phone.getByRole('link', { name: 'Ring 999' }).waitFor()
  expect(await phone.getByRole('link', { name: '116 123' }).getAttribute('href')).toBe('tel:116123')
  expect(await look(phone, 'questions-crisis')).toEqual([])
  await textAt(phone, 200)
  expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
  await textAt(phone, 100)
  await context.setOffline(false)
  await tap('Go on with the questions')
  await heading('Send your answers?')
  expect(await phone.getByText('Nearly every day').count()).toBe(0)
  expect(await look(phone, 'questions-sensitive')).toEqual([])
  await tap('Send')
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  await tap('Done')
})

test('a rule’s questions beside a reading may be of any kind', async () => {
  await enter(phone, '186', '101')
  await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
  await tap('Done')
  const card = phone.locator('section.card', { has: phone.getByText('Measure your blood pressure again.') })
  await card.waitFor({ timeout: 30_000 })
  const no = (question: RegExp) => card.getByRole('group', { name: question }).getByRole('button', { name: 'No', exact: true }).click()
  await no(/any of these now/)
  await no(/been dizzy/)
  await card.getByLabel('How bad is your headache, from 0 to 10?').fill('11')
  await card.getByRole('button', { name: 'Keep this answer' }).click()
  await card.getByText('Enter a whole number from 0 to 10.').waitFor()
  expect(await look(phone, 'ask-every-kind')).toEqual([])
  await card.getByLabel('How bad is your headache, from 0 to 10?').fill('7')
  await card.getByRole('button', { name: 'Keep this answer' }).click()
  await card.getByRole('button', { name: 'Much worse' }).click()
  await card.getByText('Your answers are kept and on their way.').waitFor()
  expect(await look(phone, 'ask-answered')).toEqual([])
})

test('staff read the answers beside their questions, and the total on a chart with its bands', async () => {
  const staff = await open(await browser.newContext(desk), troubles)
  await staff.goto(`${service.url}/staff/`)
  await givePassword(staff)
  await setUpCodes(staff)
  await staff.getByRole('link', { name: service.name }).click()
  await staff.getByRole('heading', { level: 1, name: service.name }).waitFor()
  await staff.getByLabel('Vital').selectOption({ label: 'PHQ-9 score' })
  await staff.getByText(/^Last 11 \(moderate\) today \d\d:\d\d\.$/).waitFor()
  expect(await look(staff, 'staff-score')).toEqual([])
  const chart = staff.getByLabel(/Arrow keys read the readings one by one/)
  await chart.focus()
  await staff.keyboard.press('End')
  await staff.getByText(/11 · moderate/).last().waitFor()
  const answers = staff.getByRole('region', { name: 'Answers' })
  const sheet = answers.getByRole('group').filter({ hasText: ', 11 (moderate)', hasNotText: 'so far' })
  await sheet.locator('summary').click()
  expect(await sheet.getByRole('definition').last().textContent()).toBe('Nearly every day')
  await staff.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-score-narrow')).toEqual([])
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))
