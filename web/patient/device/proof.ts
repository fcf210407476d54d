// Proofs: JWTs signed with the device's key over the service's own nonce and time.
import type { HttpProof } from '../../shared/api/mobile/HttpProof'
import type { SocketProof } from '../../shared/api/mobile/SocketProof'
import { base64url, base64urlOfText } from './base64url'

const HEADER = base64urlOfText(JSON.stringify({ alg: 'ES256', typ: 'derwent-proof+jwt' }))

async function jwt(key: CryptoKey, claims: SocketProof | HttpProof): Promise<string> {
  const signed = `${HEADER}.${base64urlOfText(JSON.stringify(claims))}`
  // WebCrypto's signature is r and s side by side: just what ES256 asks for.
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, new TextEncoder().encode(signed))
  return `${signed}.${base64url(signature)}`
}

/** Whole seconds since 1970 of the service's time: the phone's own clock is never asked. */
const seconds = (serverTime: string) => Math.floor(Date.parse(serverTime) / 1000)

export function socketProof(key: CryptoKey, device: string, origin: string, nonce: string, serverTime: string): Promise<string> {
  return jwt(key, { iss: device, aud: origin, nonce, iat: seconds(serverTime) })
}

export async function httpProof(
  key: CryptoKey,
  device: string,
  origin: string,
  challenge: { nonce: string; server_time: string },
  request: { method: string; path: string; body: string },
): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(request.body))
  return jwt(key, {
    iss: device,
    aud: origin,
    nonce: challenge.nonce,
    iat: seconds(challenge.server_time),
    htm: request.method,
    htu: request.path,
    body_sha256: base64url(hash),
  })
}
