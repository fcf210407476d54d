// What the stories share: the browser, the service under test, axe, and waiting without sleeping.
import { createHmac } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

function given(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: tests/README.md says what it is.`)
  return value
}

export const service = {
  url: given('DERWENT_URL').replace(/\/$/, ''),
  email: given('DERWENT_STAFF_EMAIL'),
  password: given('DERWENT_STAFF_PASSWORD'),
  code: given('DERWENT_PATIENT_CODE'),
  born: given('DERWENT_PATIENT_BORN'),
  name: given('DERWENT_PATIENT_NAME'),
  elsewhere: { name: given('DERWENT_ELSEWHERE_NAME'), born: given('DERWENT_ELSEWHERE_BORN') },
}

export const administrator = { invitation: given('DERWENT_ADMINISTRATOR_INVITATION') }
export const auditor = { invitation: given('DERWENT_AUDITOR_INVITATION') }

const OFFLINE_BROWSER = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['DERWENT_CHROMIUM'] ?? '/usr/bin/chromium', args: OFFLINE_BROWSER })
}

// A colour that is still changing has a contrast nobody chose.
const still = { reducedMotion: 'reduce' } as const
export const desk = { viewport: { width: 1280, height: 800 }, ...still }
export const hand = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, ...still }

/** A name in an address stays in histories and in the logs of proxies. */
const names = service.name.toLowerCase().split(' ')

/**
 * A page that fails the story when its console shows an error, its content security policy had to stop something, anything is asked of
 * another host than ours and `allowed` ones (origins), or an address holds the patient's name or what the story typed.
 */
export async function open(context: BrowserContext, troubles: string[], typed: string[] = [], allowed: string[] = []): Promise<Page> {
  const page = await context.newPage()
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} stopped ${event.blockedURI}`))
  })
  page.on('pageerror', (error) => troubles.push(`page error: ${error.message}`))
  page.on('console', (message) => {
    const { url } = message.location()
    if (URL.canParse(url) && allowed.includes(new URL(url).origin)) return
    // A refused sign-in and a cut line are part of the story.
    if (message.type() === 'error' && !/status of 401|ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|WebSocket connection/.test(message.text())) troubles.push(`console: ${message.text()}`)
  })
  const asked = (address: string) => {
    const { host, origin } = new URL(address)
    if (/^(https?|wss?):/.test(address) && host !== new URL(service.url).host && !allowed.includes(origin)) troubles.push(`asked another host: ${address}`)
    const small = decodeURIComponent(address).toLowerCase()
    for (const word of [...names, ...typed]) if (small.includes(word)) troubles.push(`${word} in an address: ${address}`)
  }
  page.on('request', (request) => asked(request.url()))
  page.on('websocket', (socket) => asked(socket.url()))
  page.on('framenavigated', (frame) => asked(frame.url()))
  return page
}

/** Serious and critical findings of axe, in words; and the page as a picture, if wanted. */
export async function look(page: Page, name: string): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await picture(page, `${name}-${colorScheme}`)
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze()
    for (const each of violations) {
      if (each.impact === 'serious' || each.impact === 'critical') found.push(`${name}, ${colorScheme}: ${each.id}: ${each.nodes.map((node) => node.target.join(' ')).join(' | ')}`)
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  return found
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['DERWENT_SCREENSHOTS']
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

/** How far the page is wider than its window: reflow at large text must leave nothing to scroll sideways. */
export const tooWideBy = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)

/** What an authenticator app shows now (RFC 6238) for a key in base 32. */
export function oneTimeCode(key: string): string {
  const bits = [...key.replaceAll(' ', '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const secret = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const digest = createHmac('sha1', secret).update(counter).digest()
  return String((digest.readUInt32BE((digest[19] ?? 0) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export async function textAt(page: Page, percent: number): Promise<void> {
  await page.evaluate((size) => (document.documentElement.style.fontSize = `${size}%`), percent)
}
