// Every request of the staff pages goes through here: same origin, JSON, one way to fail.
import type { Alert, AlertPlace, Failure, FoundPeople, GlassBroken, Me, Outcome, PatientPage, Series, Worklist } from '../shared/api/staff'

/** The service answered, but not with what was asked for; the message is its own. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    body: unknown,
  ) {
    super(isFailure(body) ? body.error.message : `The service answered ${status}.`)
  }
}

/** The session has ended: the sign-in page is due. */
export class SignedOut extends Error {}

function isFailure(body: unknown): body is Failure {
  return typeof body === 'object' && body !== null && 'error' in body && typeof (body as Failure).error?.message === 'string'
}

async function ask<T>(method: 'GET' | 'POST', path: string, send?: unknown): Promise<T> {
  const answer = await fetch(`/api${path}`, {
    method,
    headers: send === undefined ? {} : { 'content-type': 'application/json' },
    body: send === undefined ? null : JSON.stringify(send),
    signal: AbortSignal.timeout(20_000),
  })
  if (answer.status === 401 && path !== '/sign-in') throw new SignedOut()
  const text = await answer.text()
  const body: unknown = text && answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text || null
  if (!answer.ok) throw new Refused(answer.status, body)
  return body as T
}

export const me = () => ask<Me>('GET', '/me')
export const signIn = (email: string, password: string) => ask<void>('POST', '/sign-in', { email, password })
export const signOut = () => ask<void>('POST', '/sign-out')
export const worklist = () => ask<Worklist>('GET', '/worklist')
export const patient = (id: string) => ask<PatientPage>('GET', `/patients/${id}`)
export const findAlert = (reference: string) => ask<AlertPlace>('GET', `/alerts/${reference}`)
export const acknowledge = (alert: string) => ask<Alert>('POST', `/alerts/${alert}/acknowledge`)
export const close = (alert: string, outcome: Outcome, note: string) => ask<Alert>('POST', `/alerts/${alert}/close`, { outcome, note })

export const findPerson = (family_name: string, date_of_birth: string) =>
  ask<FoundPeople>('POST', '/break-glass/find', { family_name, date_of_birth })
export const breakGlass = (patient: string, reason: string) => ask<GlassBroken>('POST', `/patients/${patient}/break-glass`, { reason })

export function series(id: string, vital: string, from: string, until: string): Promise<Series> {
  return ask<Series>('GET', `/patients/${id}/series?${new URLSearchParams({ vital, from, until })}`)
}
