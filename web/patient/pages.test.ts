import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Component } from 'svelte'
import type { Ask } from '../shared/api/mobile/Ask'
import type { Plan } from '../shared/api/mobile/Plan'
import type { Device, Sent } from './device/store'
import { freshBrowser } from './fake-browser'

const plan = (whom: string, team: string, over: Partial<Plan> = {}): Plan => ({
  for: whom, version: 1, time_zone: 'Europe/London', team: { name: team, phone: '01773 000000', time_zone: 'Europe/London', cover_from: '08:00', cover_until: '08:00', cover: [] },
  due: [], vitals: [{ vital: 'weight', title: 'Weight', components: [], off_scale: false }], questionnaires: [], advice: [], answer_advice: [], emergency: `Emergency words of ${team}`, ...over,
})
const ask: Ask = { n: 1, id: 'q', for: 'p2', text: 'Measure again.', vital: 'weight', until: '2026-03-01T08:15:00Z' }

/** A carer's phone: Dorothy is chosen, Joan is the other. */
async function carersPhone() {
  vi.resetModules()
  const { render } = await import('svelte/server')
  const { state } = await import('./state.svelte')
  const person = (whom: string, given_name: string, judged_through: number) => ({ for: whom, given_name, judged_through, live: true })
  state.opened = true
  state.device = { key: {} as CryptoKeyPair, device_id: 'd', revoked: false, people: [person('p1', 'Dorothy', 3), person('p2', 'Joan', 9)], push: 0, skew_ms: 0 } satisfies Device
  state.plans = [plan('p1', 'Belper team'), plan('p2', 'Ripley team')]
  state.chosen = 'p1'
  const text = (component: unknown, props = {}) => render(component as Component<Record<string, string>>, { props }).body.replace(/<!--.*?-->/g, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
  return { state, text }
}

beforeEach(() => freshBrowser())

describe('a carer', () => {
  test('sees what is asked of everybody, and of whom', async () => {
    const { state, text } = await carersPhone()
    state.asks = [{ id: 'q', ask, arrivedAt: 0, shown: false, done: false }]
    const { default: App } = await import('./App.svelte')
    expect(text(App)).toMatch(/For Joan Measure again\./)
  })

  test('reads on a receipt what the plan of the one it was sent for says', async () => {
    const { state, text } = await carersPhone()
    const values = { weight: { value: 70, unit: 'kg' } }
    const advice = [{ vital: 'weight', component: 'weight', unit: 'kg', at_or_above: 60, say: 'Words for Joan', call: 'team' as const }]
    state.plans = [plan('p1', 'Belper team'), plan('p2', 'Ripley team', { advice })]
    const sent: Sent = { id: 'a', item: { id: 'a', for: 'p2', kind: 'reading', taken_at: '', vital: 'weight', values }, sentAt: 0, skewMs: 0, state: 'stored', storedAt: 0, seq: 7, flags: [], refusal: null, seenBy: null }
    state.sent = [sent]
    const { default: Receipt } = await import('./receipt/Receipt.svelte')
    const said = text(Receipt, { id: 'a' })
    expect(said).toContain('Words for Joan')
    expect(said).toContain('Ring Ripley team')
  })
})

test('a phone that can keep nothing says so, with 111 and 999', async () => {
  const { state, text } = await carersPhone()
  state.opened = false
  state.keepsNothing = true
  const { default: App } = await import('./App.svelte')
  expect(text(App)).toMatch(/This phone cannot keep readings.* 111 .* 999 /)
})
