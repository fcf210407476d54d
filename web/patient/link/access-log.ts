// Who opened the record: asked of the service each time, and not kept on the phone.
import type { Access } from '../../shared/api/mobile/Access'
import type { AccessLog } from '../../shared/api/mobile/AccessLog'
import type { Device } from '../device/store'
import { proven } from './proven'

/** One page of it, newest first; `before` is the number of the last entry of the page before. Null: not on a carer's phone. */
export async function accessLog(device: Pick<Device, 'key' | 'device_id'>, person: string, before?: number): Promise<AccessLog | null> {
  const query = new URLSearchParams({ for: person, ...(before === undefined ? {} : { before: String(before) }) })
  const answer = await proven(device, 'GET', `/mobile/v1/access-log?${query}`)
  if (answer.status === 403) return null
  if (!answer.ok) throw new Error(`no access log: ${answer.status}`)
  return (await answer.json()) as AccessLog
}

/** What one person did within one visit: their entries that follow each other within an hour are one. */
export interface Visit {
  first: Access
  did: string[]
}

const ONE_VISIT_MS = 3_600_000

export function visits(entries: Access[]): Visit[] {
  const all: Visit[] = []
  for (const entry of entries) {
    const last = all.at(-1)
    const same =
      last &&
      last.first.who === entry.who &&
      last.first.organisation === entry.organisation &&
      !last.first.why &&
      !entry.why &&
      Date.parse(last.first.at) - Date.parse(entry.at) < ONE_VISIT_MS
    if (same) {
      if (!last.did.includes(entry.did)) last.did.unshift(entry.did)
    } else all.push({ first: entry, did: [entry.did] })
  }
  return all
}
