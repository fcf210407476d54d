import { describe, expect, test } from 'vitest'
import { makeKey, publicJwk } from './key'
import { httpProof, socketProof } from './proof'

const part = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown
const device = '019a0000-0000-7000-8000-000000000001'

async function verified(pair: CryptoKeyPair, token: string): Promise<{ header: unknown; claims: unknown; valid: boolean }> {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const key = await crypto.subtle.importKey('jwk', await publicJwk(pair), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  const valid = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, Buffer.from(signature, 'base64url'), new TextEncoder().encode(`${header}.${claims}`))
  return { header: part(header), claims: part(claims), valid }
}

describe('proofs', () => {
  test('the private key cannot be read', async () => {
    const pair = await makeKey()
    await expect(crypto.subtle.exportKey('jwk', pair.privateKey)).rejects.toThrow()
  })

  test('of the socket: dated by the service’s clock, valid under the public key', async () => {
    const pair = await makeKey()
    const token = await socketProof(pair.privateKey, device, 'https://derwent.example', 'n-1', '2026-03-01T08:00:00Z')
    expect(await verified(pair, token)).toEqual({
      header: { alg: 'ES256', typ: 'derwent-proof+jwt' },
      claims: { iss: device, aud: 'https://derwent.example', nonce: 'n-1', iat: 1772352000 },
      valid: true,
    })
    expect(token).not.toMatch(/[+/=]/)
  })

  test('of a request: over method, path and body', async () => {
    const pair = await makeKey()
    const challenge = { nonce: 'n-2', server_time: '2026-03-01T08:00:00Z' }
    const token = await httpProof(pair.privateKey, device, 'https://derwent.example', challenge, { method: 'GET', path: '/mobile/v1/readings?for=p1&since=0', body: '' })
    const { claims, valid } = await verified(pair, token)
    expect(valid).toBe(true)
    // The SHA-256 of nothing.
    expect(claims).toMatchObject({ htm: 'GET', htu: '/mobile/v1/readings?for=p1&since=0', body_sha256: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' })
  })
})
