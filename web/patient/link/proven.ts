// A request to the service that this phone signs: a nonce, then exactly this request with a proof over it.
import type { HttpChallenge } from '../../shared/api/mobile/HttpChallenge'
import { httpProof } from '../device/proof'
import type { Device } from '../device/store'

const PATIENCE_MS = 20_000

export async function proven(device: Pick<Device, 'key' | 'device_id'>, method: 'GET' | 'POST', path: string, body = ''): Promise<Response> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const asked = await fetch('/mobile/v1/challenge', { method: 'POST', signal })
  if (!asked.ok) throw new Error(`no challenge: ${asked.status}`)
  const challenge = (await asked.json()) as HttpChallenge
  const proof = await httpProof(device.key.privateKey, device.device_id, location.origin, challenge, { method, path, body })
  return fetch(path, { method, headers: { 'derwent-proof': proof }, signal, ...(body && { body }) })
}
