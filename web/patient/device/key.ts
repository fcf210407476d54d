// The device's key pair: made here, kept by the browser, never readable, not even by us.
import type { Jwk } from '../../shared/api/mobile/Jwk'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' }

export function makeKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])
}

export async function publicJwk(pair: CryptoKeyPair): Promise<Jwk> {
  const { x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  if (!x || !y) throw new Error('The browser made a key without coordinates. Update the browser and enrol again.')
  return { kty: 'EC', crv: 'P-256', x, y }
}

/** Keys exist only where the address is secure: https, or this very computer. */
export const canMakeKeys = () => globalThis.isSecureContext && crypto.subtle !== undefined
