// Every request of the staff pages goes through here: same origin, JSON, one way to fail.
import { unattended } from './attention'
import type {
  Accepted,
  Agreed,
  Alert,
  AlertPages,
  AlertPlace,
  AuditChoices,
  AuditPage,
  Calendar,
  Code,
  Colleagues,
  ContactAdded,
  ContactList,
  DeclareCover,
  EndLimit,
  Failure,
  FoundPeople,
  GlassBroken,
  Invite,
  Invited,
  Me,
  MonitoringEnded,
  NewCalendar,
  NewCode,
  NewContact,
  NewInstrumentUser,
  NewLeave,
  NewPause,
  NewShift,
  NewStandIn,
  Outcome,
  PageLife,
  Paging,
  PasskeyOptions,
  PatientPage,
  Phones,
  PlanChanged,
  PolicyPage,
  ProviderAnswer,
  ProviderList,
  ProviderSignIn,
  ProviderVisit,
  RecoveryCodes,
  RecoveryCodesLeft,
  RosterPage,
  Security,
  Series,
  SessionList,
  SetLimit,
  SignIn,
  SignInNext,
  StaffList,
  StaffRow,
  TestSent,
  TotpOffer,
  Ways,
  Worklist,
} from '../shared/api/staff'

/** The service answered, but not with what was asked for; the message is its own. */
export class Refused extends Error {
  /** For programs, as in `sign_in_ended`. */
  readonly code: string
  constructor(
    readonly status: number,
    body: unknown,
  ) {
    super(isFailure(body) ? body.error.message : `The service answered ${status}.`)
    this.code = isFailure(body) ? body.error.code : ''
  }
}

/** The session has ended: the sign-in page is due. */
export class SignedOut extends Error {}

function isFailure(body: unknown): body is Failure {
  return typeof body === 'object' && body !== null && 'error' in body && typeof (body as Failure).error?.message === 'string'
}

/** Before a session there is none that could end. */
const BEFORE_A_SESSION = /^\/(sign-in|invitation)(\/|$)/

async function ask<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, send?: unknown): Promise<T> {
  const answer = await fetch(`/api${path}`, {
    method,
    headers: { ...(send !== undefined && { 'content-type': 'application/json' }), ...(unattended() && { 'x-unattended': '1' }) },
    body: send === undefined ? null : JSON.stringify(send),
    signal: AbortSignal.timeout(20_000),
  })
  if (answer.status === 401 && !BEFORE_A_SESSION.test(path)) throw new SignedOut()
  const text = await answer.text()
  const body: unknown = text && answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text || null
  if (!answer.ok) throw new Refused(answer.status, body)
  return body as T
}

export const me = () => ask<Me>('GET', '/me')
export const signIn = (first: SignIn) => ask<SignInNext>('POST', '/sign-in', first)
export const signInCode = (code: string) => ask<void>('POST', '/sign-in/code', { code })
export const signInRecoveryCode = (code: string) => ask<RecoveryCodesLeft>('POST', '/sign-in/recovery-code', { code })
export const setUp = () => ask<TotpOffer>('POST', '/sign-in/set-up', {})
export const setUpConfirm = (code: string) => ask<RecoveryCodes>('POST', '/sign-in/set-up/confirm', { code })
export const passkeyOptions = () => ask<PasskeyOptions>('POST', '/sign-in/passkey/options', {})
export const signInPasskey = (credential: unknown) => ask<void>('POST', '/sign-in/passkey', { credential })
export const passkeyAloneOptions = () => ask<PasskeyOptions>('POST', '/sign-in/passkey-alone/options', {})
export const signInPasskeyAlone = (credential: unknown, shared_computer: boolean) => ask<void>('POST', '/sign-in/passkey-alone', { credential, shared_computer })
export const newPasskeyOptions = () => ask<PasskeyOptions>('POST', '/me/passkeys/options', {})
export const addPasskey = (name: string, credential: unknown) => ask<void>('POST', '/me/passkeys', { name, credential })
export const removePasskey = (passkey: string) => ask<void>('DELETE', `/me/passkeys/${passkey}`)
export const providers = () => ask<ProviderList>('GET', '/sign-in/providers')
export const providerVisit = (organisation: string, shared_computer: boolean) => ask<ProviderVisit>('POST', '/sign-in/provider', { organisation, shared_computer })
export const providerFinish = (answer: ProviderAnswer) => ask<ProviderSignIn>('POST', '/sign-in/provider/finish', answer)
export const invitation = (token: string) => ask<Invited>('POST', '/invitation', { token })
export const acceptInvitation = (token: string, password: string, shared_computer: boolean) =>
  ask<SignInNext>('POST', '/invitation/accept', { token, password, shared_computer })
export const signOut = () => ask<void>('POST', '/sign-out')
export const sessions = () => ask<SessionList>('GET', '/me/sessions')
export const endSession = (session: string) => ask<void>('DELETE', `/me/sessions/${session}`)
export const endOtherSessions = () => ask<void>('POST', '/me/sessions/end-others', {})
export const security = () => ask<Security>('GET', '/me/security')
export const contacts = () => ask<ContactList>('GET', '/me/contacts')
export const addContact = (contact: NewContact) => ask<ContactAdded>('POST', '/me/contacts', contact)
export const sendContactCode = (contact: string) => ask<void>('POST', `/me/contacts/${contact}/code`)
export const confirmContact = (contact: string, code: string) => ask<void>('POST', `/me/contacts/${contact}/confirm`, { code })
export const removeContact = (contact: string) => ask<void>('DELETE', `/me/contacts/${contact}`)
export const testContact = (contact: string) => ask<TestSent>('POST', `/me/contacts/${contact}/test`, {})
export const ownPage = (page: string) => ask<PageLife>('GET', `/me/pages/${page}`)
export const setPassword = (password: string) => ask<void>('POST', '/me/password', { password })
export const newRecoveryCodes = () => ask<RecoveryCodes>('POST', '/me/recovery-codes', {})
export const offerTotp = () => ask<TotpOffer>('POST', '/me/totp', {})
export const confirmTotp = (code: string) => ask<RecoveryCodes>('POST', '/me/totp/confirm', { code })
export const staffList = () => ask<StaffList>('GET', '/staff')
export const invite = (invite: Invite) => ask<StaffRow>('POST', '/staff/invitations', invite)
export const setTeams = (staff: string, teams: string[]) => ask<StaffRow>('PUT', `/staff/${staff}/teams`, { teams })
export const toStaff = (staff: string, act: 'invitation' | 'end-sessions' | 'reset' | 'deactivate' | 'activate') =>
  ask<StaffRow>('POST', `/staff/${staff}/${act}`, {})
export const ways = (staff: string) => ask<Ways>('GET', `/staff/${staff}/contacts`)
export const testStaff = (staff: string, contact: string) => ask<TestSent>('POST', `/staff/${staff}/contacts/${contact}/test`, {})
/** `team`: empty for all. */
export const paging = (team: string, days: number, unsettled: boolean) =>
  ask<Paging>('GET', `/paging?${new URLSearchParams({ ...(team && { team }), days: String(days), unsettled: String(unsettled) })}`)
export const pageLife = (page: string) => ask<PageLife>('GET', `/paging/${page}`)
export const alertPages = (alert: string) => ask<AlertPages>('GET', `/alerts/${alert}/pages`)
export const worklist = () => ask<Worklist>('GET', '/worklist')
export const patient = (id: string) => ask<PatientPage>('GET', `/patients/${id}`)
export const findAlert = (reference: string) => ask<AlertPlace>('GET', `/alerts/${reference}`)
type Seen = Pick<Alert, 'alert' | 'told'>
export type AlertAct = 'acknowledge' | 'accept' | 'decline' | 'release' | 'rang-no-answer'
export const act = (seen: Seen, act: AlertAct) => ask<Alert>('POST', `/alerts/${seen.alert}/${act}`, { saw: seen.told })
export const snooze = (seen: Seen, until: Date, reason: string) =>
  ask<Alert>('POST', `/alerts/${seen.alert}/snooze`, { saw: seen.told, until: until.toISOString(), reason })
export const colleagues = (alert: string) => ask<Colleagues>('GET', `/alerts/${alert}/colleagues`)
export const offer = (seen: Seen, to: string) => ask<Alert>('POST', `/alerts/${seen.alert}/offer`, { saw: seen.told, to })
export const close = (seen: Seen, outcome: Outcome, note: string) =>
  ask<Alert>('POST', `/alerts/${seen.alert}/close`, { saw: seen.told, outcome, note })

export const accept = (patient: string, seq: number) => ask<Accepted>('POST', `/patients/${patient}/readings/${seq}/accept`)

export const pause = (patient: string, pause: NewPause) => ask<PlanChanged>('POST', `/patients/${patient}/pauses`, pause)
export const resume = (patient: string, why: string) => ask<PlanChanged>('POST', `/patients/${patient}/pauses/end`, { why })
export const answerPause = (patient: string, request: string, declined: string | null) => ask<PlanChanged>('POST', `/patients/${patient}/pauses/asked`, { request, declined })
export const setLimit = (patient: string, limit: SetLimit) => ask<PlanChanged>('POST', `/patients/${patient}/limits`, limit)
export const endLimit = (patient: string, limit: EndLimit) => ask<PlanChanged>('POST', `/patients/${patient}/limits/end`, limit)
export const endMonitoring = (patient: string, why: string) => ask<MonitoringEnded>('POST', `/patients/${patient}/end`, { why })

export const phones = (patient: string) => ask<Phones>('GET', `/patients/${patient}/phones`)
export const makeCode = (patient: string, code: NewCode) => ask<Code>('POST', `/patients/${patient}/codes`, code)
export const revokePhone = (patient: string, device: string, why: string) => ask<Phones>('POST', `/patients/${patient}/devices/${device}/revoke`, { why })
export const agreeToCarer = (patient: string, agreed: Agreed) => ask<Phones>('POST', `/patients/${patient}/carers`, agreed)
export const withdrawCarer = (patient: string, carer: string, why: string) => ask<Phones>('POST', `/patients/${patient}/carers/${carer}/withdraw`, { why })
export const bindInstrument = (patient: string, number: NewInstrumentUser) => ask<Phones>('POST', `/patients/${patient}/instruments`, number)
export const releaseInstrument = (patient: string, number: string) => ask<Phones>('POST', `/patients/${patient}/instruments/${number}/release`)

export const roster = (team: string) => ask<RosterPage>('GET', `/teams/${team}/roster`)
export const standIn = (team: string, standIn: NewStandIn) => ask<RosterPage>('POST', `/teams/${team}/roster/stand-ins`, standIn)
export const endStandIn = (team: string, stand_in: string) => ask<RosterPage>('POST', `/teams/${team}/roster/stand-ins/end`, { stand_in })
export const goOnLeave = (team: string, leave: NewLeave) => ask<RosterPage>('POST', `/teams/${team}/roster/leave`, leave)
export const endLeave = (team: string, staff: string, leave: string) => ask<RosterPage>('POST', `/teams/${team}/roster/leave/end`, { staff, leave })
export const setShifts = (team: string, shifts: NewShift[]) => ask<RosterPage>('PUT', `/teams/${team}/roster/shifts`, { shifts })
export const declareCover = (team: string, cover: DeclareCover) => ask<RosterPage>('PUT', `/teams/${team}/roster/cover`, cover)
export const policy = (team: string) => ask<PolicyPage>('GET', `/teams/${team}/policy`)
export const setPolicy = (team: string, content: string) => ask<PolicyPage>('PUT', `/teams/${team}/policy`, { content })
export const calendar = () => ask<Calendar>('GET', '/me/calendar')
export const newCalendar = () => ask<NewCalendar>('POST', '/me/calendar', {})
export const noCalendar = () => ask<void>('DELETE', '/me/calendar')
export const worklistOf = (team: string) => ask<Worklist>('GET', `/worklist?${new URLSearchParams({ team })}`)

export const findPerson = (family_name: string, date_of_birth: string) =>
  ask<FoundPeople>('POST', '/break-glass/find', { family_name, date_of_birth })
export const breakGlass = (patient: string, reason: string) => ask<GlassBroken>('POST', `/patients/${patient}/break-glass`, { reason })

export function series(id: string, vital: string, from: string, until: string): Promise<Series> {
  return ask<Series>('GET', `/patients/${id}/series?${new URLSearchParams({ vital, from, until })}`)
}

/** `query` as `audit/wanted.ts` writes it. */
export const audit = (query: string) => ask<AuditPage>('GET', query ? `/audit?${query}` : '/audit')
export const auditChoices = () => ask<AuditChoices>('GET', '/audit/choices')
export const findToAudit = (family_name: string, date_of_birth: string) => ask<FoundPeople>('POST', '/audit/find', { family_name, date_of_birth })
