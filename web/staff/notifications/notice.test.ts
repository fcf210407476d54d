import { expect, test } from 'vitest'
import { notice } from './notice'

const ORIGIN = 'https://derwent.example'
const page = { page: '019ab000-0000-7000-8000-000000000001', priority: 'high', subject: 'HIGH A7: acknowledge by 09:15', text: 'It waits.', link: `${ORIGIN}/staff/alerts/A7` }

test('a page is shown as it was written, and a high one stays until somebody looks', () => {
  const { title, options } = notice(page, ORIGIN)
  expect([title, options.body, options.tag, options.data.link]).toEqual([page.subject, page.text, page.page, page.link])
  expect(options.requireInteraction).toBe(true)
  expect(notice({ ...page, priority: 'medium' }, ORIGIN).options.requireInteraction).toBe(false)
})

test('a click leads nowhere but to our own pages', () => {
  for (const link of ['https://elsewhere.example/staff/', `${ORIGIN}/api/me`, `${ORIGIN}.elsewhere.example/staff/`, 'javascript:alert(1)', '/staff/alerts/A7', '', 7]) {
    expect(notice({ ...page, link }, ORIGIN).options.data.link, String(link)).toBe(`${ORIGIN}/staff/`)
  }
})

test('something is shown whatever came', () => {
  for (const sent of [null, undefined, 'text', [], {}, { subject: 7 }]) {
    expect(notice(sent, ORIGIN).title).toBe('Derwent: look at the worklist')
  }
})
