// Enrolment: the key is made and kept before the code is spent, so a lost reply strands nobody.
import type { Enrolled } from '../../shared/api/mobile/Enrolled'
import type { EnrolRequest } from '../../shared/api/mobile/EnrolRequest'
import type { HttpRefused } from '../../shared/api/mobile/HttpRefused'
import { publicJwk } from '../device/key'
import { APP_VERSION, state } from '../state.svelte'

/** What is wrong, in a sentence for the person. */
export class NotEnrolled extends Error {}

export async function enrol(code: string, dateOfBirth: string): Promise<void> {
  const key = await state.candidateKey()
  const request: EnrolRequest = {
    code,
    date_of_birth: dateOfBirth,
    device: { name: deviceName(navigator.userAgent), platform: platform(navigator.userAgent), app_version: APP_VERSION },
    public_key: await publicJwk(key),
  }
  let answer: Response
  try {
    answer = await fetch('/mobile/v1/enrol', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request), signal: AbortSignal.timeout(20_000) })
  } catch {
    throw new NotEnrolled('No answer. Check that the phone has signal and try again with the same code.')
  }
  if (answer.status !== 201) {
    const refused = (await answer.json().catch(() => null)) as HttpRefused | null
    throw new NotEnrolled(refused?.detail || `The service answered ${answer.status}. Try again, or ring your care team.`)
  }
  const { device_id, people } = (await answer.json()) as Enrolled
  await state.enrolledAs({
    key, device_id, revoked: false, push: 0, skew_ms: 0, people: people.map((each) => ({ for: each.for, given_name: each.given_name, judged_through: 0, live: false })),
  })
}

function platform(agent: string): string {
  if (/android/i.test(agent)) return 'Android, browser'
  if (/iphone|ipad/i.test(agent)) return 'iOS, browser'
  return 'browser'
}

function deviceName(agent: string): string {
  if (/android/i.test(agent)) return 'Android phone'
  if (/iphone/i.test(agent)) return 'iPhone'
  if (/ipad/i.test(agent)) return 'iPad'
  return 'Computer'
}

/** Three fields, as people write a birthday. Null when it is no date. */
export function dateOfBirth(day: string, month: string, year: string): string | null {
  const [d, m, y] = [day, month, year].map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : NaN)) as [number, number, number]
  const date = new Date(Date.UTC(y, m - 1, d))
  const real = y >= 1890 && date.getUTCFullYear() === y && date.getUTCMonth() === m - 1 && date.getUTCDate() === d
  return real ? date.toISOString().slice(0, 10) : null
}
