import { afterEach, describe, expect, test, vi } from 'vitest'
import { leave, refreshSession, session } from './session.svelte'

const me = { staff: 's', name: 'Ida Shaw' }
const service = (signOut: () => Promise<Response>) =>
  vi.stubGlobal('fetch', (path: string) => (path === '/api/me' ? Promise.resolve(Response.json(me)) : signOut()))

afterEach(() => vi.unstubAllGlobals())

describe('signing out', () => {
  test('that the service did not hear leaves one signed in', async () => {
    for (const failure of [() => Promise.reject(new TypeError('no network')), () => Promise.resolve(new Response('', { status: 503 }))]) {
      service(failure)
      await refreshSession()
      await expect(leave()).rejects.toThrow()
      expect(session.me).toEqual(me)
    }
  })

  test('ends it, also when it had ended before', async () => {
    for (const status of [204, 401]) {
      service(() => Promise.resolve(new Response(null, { status })))
      await refreshSession()
      await leave()
      expect(session.me).toBeNull()
    }
  })
})
