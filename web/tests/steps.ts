// Steps that more than one story takes.
import type { Page } from 'playwright-core'
import { oneTimeCode, service } from './world'

export async function enrol(phone: Page): Promise<void> {
  const [year = '', month = '', day = ''] = service.born.split('-')
  await phone.getByLabel('Code from your care team').fill(service.code)
  await phone.getByLabel('Day').fill(day)
  await phone.getByLabel('Month').fill(month)
  await phone.getByLabel('Year').fill(year)
  await phone.getByRole('button', { name: 'Connect' }).click()
  await phone.getByRole('heading', { name: /^Good (morning|afternoon|evening), / }).waitFor()
  await phone.getByRole('button', { name: /^Blood pressure/ }).first().waitFor()
}

export async function enter(phone: Page, systolic: string, diastolic: string): Promise<void> {
  await phone.getByRole('button', { name: /^Blood pressure/ }).first().click()
  await phone.locator('#value-systolic').fill(systolic)
  await phone.locator('#value-diastolic').fill(diastolic)
  await phone.getByRole('button', { name: 'Next' }).click()
  await phone.getByText(`${systolic} over ${diastolic}`).waitFor()
  await phone.getByRole('button', { name: 'Send' }).click()
}

export async function givePassword(staff: Page): Promise<void> {
  // The page that was signed out of may have fields of these names, until it is gone.
  await staff.getByRole('heading', { name: 'Sign in', exact: true }).waitFor()
  await staff.getByLabel('E-mail').fill(service.email)
  await staff.getByLabel('Password').fill(service.password)
  await staff.keyboard.press('Enter')
}

/** Follows a link of an invitation as far as the password. */
export async function choosePassword(page: Page, password: string): Promise<void> {
  await page.getByLabel('New password').fill(password)
  await page.getByLabel('The same again').fill(password)
  await page.keyboard.press('Enter')
}

/** The page that offers one-time codes, to the end. */
export async function setUpCodes(page: Page): Promise<void> {
  await page.getByLabel('Six digits').fill(oneTimeCode((await page.locator('code').textContent()) ?? ''))
  await page.keyboard.press('Enter')
  await page.getByLabel('I have kept them').check()
  await page.getByRole('button', { name: 'Go on' }).click()
}
