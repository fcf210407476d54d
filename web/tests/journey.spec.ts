// One story: a phone is enrolled, a reading without signal waits and goes, a dangerous one reaches the worklist, a co-ordinator takes it and closes it
// without touching a mouse, and the phone says who saw it.
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { administrator, auditor, desk, hand, launch, look, oneTimeCode, open, service, textAt, tooWideBy } from './world'

let browser: Browser
let phoneContext: BrowserContext
let phone: Page
let staff: Page
let secret = ''
let usedCode = ''
let recoveryCodes: string[] = []
const troubles: string[] = []
/** What the story types: none of it belongs into an address. */
const typed = ['no-such-person', 'rang her', '226/131', 'khan', 'found at home']

beforeAll(async () => {
  browser = await launch()
  phoneContext = await browser.newContext(hand)
  phone = await open(phoneContext, troubles, typed)
  staff = await open(await browser.newContext(desk), troubles, typed)
})
afterAll(() => browser?.close())

describe('the phone', () => {
  test('enrols with code and date of birth', async () => {
    await phone.goto(`${service.url}/app/`)
    await phone.getByRole('heading', { name: 'Connect this phone' }).waitFor()
    expect(await look(phone, 'phone-enrol')).toEqual([])
    const [year = '', month = '', day = ''] = service.born.split('-')
    await phone.getByLabel('Code from your care team').fill(service.code)
    await phone.getByLabel('Day').fill(day)
    await phone.getByLabel('Month').fill(month)
    await phone.getByLabel('Year').fill(year)
    await phone.getByRole('button', { name: 'Connect' }).click()
    await phone.getByRole('heading', { name: /^Good (morning|afternoon|evening), / }).waitFor()
    await phone.getByRole('button', { name: /^Blood pressure/ }).first().waitFor()
    await expectHelp()
    expect(await look(phone, 'phone-home')).toEqual([])
  })

  test('opens without signal straight after', async () => {
    await phone.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await phoneContext.setOffline(true)
    await phone.reload()
    await phone.getByRole('button', { name: /^Blood pressure/ }).first().waitFor()
    await phoneContext.setOffline(false)
  })

  test('in a second tab keeps, and the first one sends', async () => {
    const second = await open(phoneContext, troubles, typed)
    await second.goto(`${service.url}/app/`)
    await enter('127', '78', second)
    await second.getByText(/^Stored \d\d:\d\d$/).waitFor({ timeout: 30_000 })
    await second.close()
  })

  test('keeps a reading while there is no signal, and sends it when there is', async () => {
    await phoneContext.setOffline(true)
    await enter('128', '79')
    await phone.getByText('Not sent yet: no signal. Nobody has seen this.').waitFor()
    expect(await phone.evaluate(() => document.activeElement?.textContent)).toBe('128 over 79')
    await expectHelp()
    expect(await look(phone, 'phone-no-signal')).toEqual([])
    await phoneContext.setOffline(false)
    await phone.getByText(/^Stored \d\d:\d\d$/).waitFor({ timeout: 30_000 })
    await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
    expect(await look(phone, 'phone-receipt')).toEqual([])
    await phone.getByRole('button', { name: 'Done' }).click()
  })

  test('fits at twice the text size', async () => {
    for (const width of [320, 390]) {
      await phone.setViewportSize({ width, height: 844 })
      await textAt(phone, 200)
      expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
      await phone.getByRole('button', { name: /^Blood pressure/ }).first().click()
      await phone.locator('#value-systolic').waitFor()
      expect(await tooWideBy(phone)).toBeLessThanOrEqual(0)
      await phone.getByRole('button', { name: 'Home' }).click()
    }
    await textAt(phone, 100)
    await phone.setViewportSize(hand.viewport)
  })

  test('says what is not a number, and sends nothing', async () => {
    await phone.getByRole('button', { name: /^Blood pressure/ }).first().click()
    await phone.getByRole('button', { name: 'Next' }).click()
    await phone.getByText(/^Enter /).first().waitFor()
    expect(await look(phone, 'phone-entry')).toEqual([])
    await phone.getByRole('button', { name: 'Home' }).click()
  })

  test('gives the clinician’s advice at once for a dangerous value', async () => {
    await enter('226', '131')
    await phone.getByText(/999/).first().waitFor()
    await phone.getByText(/^Stored \d\d:\d\d$/).waitFor()
    await phone.getByText('Checked by the computer.').waitFor({ timeout: 30_000 })
    expect(await look(phone, 'phone-advice')).toEqual([])
  })
})

describe('the staff pages', () => {
  test('do not tell whether an account exists', async () => {
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
    await staff.getByRole('table').waitFor()
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
    await staff.getByRole('table').waitFor()
  })

  test('one’s own account: sessions, second factor, password', async () => {
    await staff.getByRole('link', { name: /: your account$/ }).click()
    await staff.getByRole('heading', { name: 'Where you are signed in' }).waitFor()
    await staff.getByText('9 of 10 recovery codes left.').waitFor()
    await staff.getByText('shared computer').waitFor()
    expect(await look(staff, 'staff-account')).toEqual([])
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
    await staff.getByLabel('E-mail').fill(service.email)
    await staff.getByLabel('Password').fill(service.password)
    await staff.keyboard.press('Enter')
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
    await staff.getByLabel('E-mail').fill(service.email)
    await staff.getByLabel('Password').fill(service.password)
    await staff.keyboard.press('Enter')
    await staff.getByRole('button', { name: 'Use a recovery code' }).click()
    await staff.getByLabel('One of the ten you kept').fill(recoveryCodes[1] ?? '')
    await staff.keyboard.press('Enter')
    await staff.getByRole('link', { name: /to the worklist/ }).click()
    await staff.getByRole('table').waitFor()
  })

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
    await enter('129', '80')
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
})

test('an auditor sees who did what, and finds it by person', async () => {
  const page = await open(await browser.newContext(desk), troubles)
  await page.goto(auditor.invitation)
  await page.getByLabel('New password').fill(service.password)
  await page.getByLabel('The same again').fill(service.password)
  await page.keyboard.press('Enter')
  await page.getByLabel('Six digits').fill(oneTimeCode((await page.locator('code').textContent()) ?? ''))
  await page.keyboard.press('Enter')
  await page.getByLabel('I have kept them').check()
  await page.getByRole('button', { name: 'Go on' }).click()
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

describe('an administrator', () => {
  let page: Page
  test('follows an invitation, whose token leaves the address bar', async () => {
    page = await open(await browser.newContext(desk), troubles)
    await page.goto(administrator.invitation)
    await page.getByRole('heading', { name: /^Welcome, / }).waitFor()
    expect(page.url()).toBe(`${service.url}/staff/invitation`)
    expect(await look(page, 'staff-invitation')).toEqual([])
    await page.getByLabel('New password').fill('short')
    await page.getByLabel('The same again').fill('short')
    await page.keyboard.press('Enter')
    await page.getByText(/^A password has at least 12 characters/).waitFor()
    await page.getByLabel('New password').fill(service.password)
    await page.getByLabel('The same again').fill(service.password)
    await page.keyboard.press('Enter')
    await page.getByLabel('Six digits').fill(oneTimeCode((await page.locator('code').textContent()) ?? ''))
    await page.keyboard.press('Enter')
    await page.getByLabel('I have kept them').check()
    await page.getByRole('button', { name: 'Go on' }).click()
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
})

test('a phone that may keep nothing says so, and whom to ring', async () => {
  const refusing = await open(await browser.newContext(hand), [])
  await refusing.addInitScript(() => Object.defineProperty(window, 'indexedDB', { value: { open: () => { throw new DOMException('refused', 'SecurityError') } } }))
  await refusing.goto(`${service.url}/app/`)
  await refusing.getByRole('heading', { name: 'This phone cannot keep readings' }).waitFor()
  for (const name of ['111', '999']) expect(await refusing.getByRole('link', { name, exact: true }).count()).toBe(1)
  expect(await look(refusing, 'phone-keeps-nothing')).toEqual([])
})

test('nothing went wrong on the way, and no other host was asked', () => expect(troubles).toEqual([]))

async function enter(systolic: string, diastolic: string, page = phone): Promise<void> {
  await page.getByRole('button', { name: /^Blood pressure/ }).first().click()
  await page.locator('#value-systolic').fill(systolic)
  await page.locator('#value-diastolic').fill(diastolic)
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByText(`${systolic} over ${diastolic}`).waitFor()
  await page.getByRole('button', { name: 'Send' }).click()
}

/** The team, 111 and 999 are on every screen. */
async function expectHelp(): Promise<void> {
  for (const name of ['111', '999']) expect(await phone.getByRole('link', { name, exact: true }).count()).toBe(1)
}

/** With j, as far down as the person is. */
async function focusRow(): Promise<void> {
  for (let steps = 0; steps < 100; steps += 1) {
    await staff.keyboard.press('j')
    if ((await staff.evaluate(() => document.activeElement?.textContent)) === service.name) return
  }
  throw new Error(`${service.name} has no row on the worklist`)
}
