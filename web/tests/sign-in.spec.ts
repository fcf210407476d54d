// Everybody's way in: password, second factor, recovery code, passkey, and one's own account.
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { givePassword } from './steps'
import { desk, launch, look, oneTimeCode, open, service, tooWideBy } from './world'

let browser: Browser
let staff: Page
let secret = ''
let usedCode = ''
let recoveryCodes: string[] = []
const troubles: string[] = []

beforeAll(async () => {
  browser = await launch()
  staff = await open(await browser.newContext(desk), troubles)
})
afterAll(() => browser?.close())

test('nobody is told whether an account exists', async () => {
  await staff.goto(`${service.url}/staff/`)
  await staff.getByLabel('E-mail').fill('nobody@nowhere.example')
  await staff.getByLabel('Password').fill('wrong')
  await staff.keyboard.press('Enter')
  await staff.getByText('E-mail and password do not fit together.').waitFor()
  expect(await look(staff, 'staff-sign-in')).toEqual([])
})

test('a second factor is set up before anything opens, by keyboard alone', async () => {
  await staff.getByLabel('E-mail').fill(service.email)
  await staff.keyboard.press('Tab')
  await staff.keyboard.type(service.password)
  await staff.keyboard.press('Enter')
  await staff.getByRole('heading', { name: 'Set up your second factor' }).waitFor()
  expect(await look(staff, 'staff-set-up')).toEqual([])
  await staff.setViewportSize({ width: 390, height: 844 })
  expect(await tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-set-up-narrow')).toEqual([])
  await staff.setViewportSize(desk.viewport)
  secret = (await staff.locator('code').textContent()) ?? ''

  await staff.getByLabel('Six digits').focus()
  await staff.keyboard.type('000000')
  await staff.keyboard.press('Enter')
  await staff.getByText(/^This code is wrong/).waitFor()
  await staff.getByLabel('Six digits').focus()
  usedCode = oneTimeCode(secret)
  await staff.keyboard.type(usedCode)
  await staff.keyboard.press('Enter')
  await staff.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  expect(await look(staff, 'staff-recovery-codes')).toEqual([])
  recoveryCodes = await staff.locator('ol li').allTextContents()
  expect(recoveryCodes.length).toBe(10)
  await staff.getByLabel('I have kept them').focus()
  await staff.keyboard.press('Space')
  await staff.keyboard.press('Tab')
  await staff.keyboard.press('Enter')
  await staff.getByRole('link', { name: /: your account$/ }).waitFor()
})

test('signing out, and in again with a recovery code on a shared computer', async () => {
  await staff.getByRole('button', { name: 'Sign out' }).click()
  await staff.getByLabel('E-mail').fill(service.email)
  await staff.getByLabel('Password').fill(service.password)
  await staff.getByLabel('This is a shared computer').check()
  await staff.keyboard.press('Enter')
  await staff.getByRole('heading', { name: 'Your one-time code' }).waitFor()
  expect(await look(staff, 'staff-prove')).toEqual([])
  await staff.setViewportSize({ width: 390, height: 844 })
  expect(await tooWideBy(staff)).toBeLessThanOrEqual(0)
  await staff.setViewportSize(desk.viewport)
  await staff.getByLabel('Six digits').fill(usedCode)
  await staff.keyboard.press('Enter')
  await staff.getByText(/was used before/).waitFor()
  await staff.getByRole('button', { name: 'Use a recovery code' }).click()
  await staff.getByLabel('One of the ten you kept').fill(recoveryCodes[0] ?? '')
  await staff.keyboard.press('Enter')
  await staff.getByRole('link', { name: /: your account$/ }).waitFor()
})

test('one’s own account: sessions, second factor, password', async () => {
  await staff.getByRole('link', { name: /: your account$/ }).click()
  await staff.getByRole('heading', { name: 'Where you are signed in' }).waitFor()
  await staff.getByText('9 of 10 recovery codes left.').waitFor()
  await staff.getByText('shared computer').waitFor()
  expect(await look(staff, 'staff-account')).toEqual([])
  await staff.getByRole('button', { name: /^Send a test page: E-mail / }).click()
  await staff.getByText('handed over').waitFor()
  await staff.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => tooWideBy(staff)).toBeLessThanOrEqual(0)
  expect(await look(staff, 'staff-account-narrow')).toEqual([])
  await staff.setViewportSize(desk.viewport)
  await staff.getByRole('button', { name: 'Make new recovery codes' }).click()
  await staff.getByLabel('I have kept them').waitFor()
  recoveryCodes = await staff.locator('ol li').allTextContents()
  await staff.getByLabel('I have kept them').check()
  await staff.getByRole('button', { name: 'Go on' }).click()
  await staff.getByText('10 of 10 recovery codes left.').waitFor()
  await staff.getByRole('link', { name: /to the worklist/ }).click()
})

test('a passkey: added, as second factor, alone, and only by whom it belongs to', async () => {
  const device = await staff.context().newCDPSession(staff)
  await device.send('WebAuthn.enable')
  const { authenticatorId } = await device.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  })
  await staff.getByRole('link', { name: /: your account$/ }).click()
  await staff.getByLabel(/^Name of a new one/).fill('Ida’s phone')
  await staff.getByRole('button', { name: 'Add a passkey' }).click()
  await staff.getByText('Added: Ida’s phone. All other sessions are ended.').waitFor()
  expect(await look(staff, 'staff-account-passkey')).toEqual([])
  const { credentials } = await device.send('WebAuthn.getCredentials', { authenticatorId })
  expect(credentials.length).toBe(1)
  await staff.getByRole('button', { name: 'Add a passkey' }).waitFor()

  await staff.getByRole('button', { name: 'Sign out' }).click()
  await givePassword(staff)
  await staff.getByRole('button', { name: 'Use a passkey', exact: true }).click()
  await staff.getByRole('link', { name: /: your account$/ }).waitFor()

  await staff.getByRole('button', { name: 'Sign out' }).click()
  expect(await look(staff, 'staff-sign-in-passkey')).toEqual([])
  // Somebody else’s finger.
  await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await staff.getByRole('button', { name: 'Use a passkey instead' }).click()
  await staff.getByText(/^No passkey was used/).waitFor()
  await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
  const answer = staff.waitForRequest(/passkey-alone$/)
  await staff.getByRole('button', { name: 'Use a passkey instead' }).click()
  const overheard = (await answer).postData()
  await staff.getByRole('link', { name: /: your account$/ }).click()
  await staff.getByText(/last used/).last().waitFor()

  // A passkey of somebody else, under her name: what it signs does not fit the key that is known.
  await staff.getByRole('button', { name: 'Sign out' }).click()
  // What she signed before signs nothing again, for the same question or another.
  const replayed = await staff.evaluate(async (overheard) => {
    const post = (path: string, body: string) => fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then((answer) => answer.status)
    const again = await post('/api/sign-in/passkey-alone', overheard ?? '')
    await post('/api/sign-in/passkey-alone/options', '{}')
    return [again, await post('/api/sign-in/passkey-alone', overheard ?? '')]
  }, overheard)
  expect(replayed).toEqual([401, 401])
  const [hers] = credentials
  if (!hers) throw new Error('no credential')
  await device.send('WebAuthn.clearCredentials', { authenticatorId })
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
  await device.send('WebAuthn.addCredential', { authenticatorId, credential: { ...hers, privateKey: key } })
  await staff.getByRole('button', { name: 'Use a passkey instead' }).click()
  await staff.getByText(/^This passkey does not open this account/).waitFor()
  await device.send('WebAuthn.clearCredentials', { authenticatorId })
  await device.send('WebAuthn.addCredential', { authenticatorId, credential: { ...hers, signCount: 100 } })
  await staff.getByRole('button', { name: 'Use a passkey instead' }).click()
  await staff.getByRole('link', { name: /: your account$/ }).click()
  await staff.getByRole('button', { name: 'Remove Ida’s phone' }).click()
  await staff.getByText(/^Removed: Ida’s phone/).waitFor()
  await staff.getByRole('button', { name: 'Sign out' }).click()
  await staff.getByRole('button', { name: 'Use a passkey instead' }).click()
  await staff.getByText(/^This passkey does not open this account/).waitFor()

  await device.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
  await givePassword(staff)
  await staff.getByRole('button', { name: 'Use a recovery code' }).click()
  await staff.getByLabel('One of the ten you kept').fill(recoveryCodes[1] ?? '')
  await staff.keyboard.press('Enter')
  await staff.getByRole('link', { name: /to the worklist/ }).click()
  await staff.getByRole('link', { name: /: your account$/ }).waitFor()
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))
