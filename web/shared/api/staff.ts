// The staff API. Made from src/web/api/*.rs by `make schema`; do not edit.
// Times are RFC 3339 in UTC; ids are UUIDs.

/**
 * How soon a person must act (IEC 60601-1-8). Worst first, so that sorting puts the worst on top.
 */
export type Priority = "high" | "medium" | "low";

/**
 * What an alert is about: the patient's health, their silence, their instruments, or the service itself.
 */
export type Kind = "clinical" | "absence" | "equipment" | "service";

/**
 * A member of staff, by name.
 */
export type Person = { staff: string, name: string, };

/**
 * The body of every answer that is not a success.
 */
export type Failure = { error: FailureDetail, };

export type FailureDetail = { 
/**
 * For programs: `not_signed_in`, `not_found`, `already_acknowledged`, …
 */
code: string, 
/**
 * For people: what happened, and what to do next.
 */
message: string, };

/**
 * `POST /api/sign-in`. Answered with `SignInNext`, or 401 `wrong_credentials`, or 429 `too_many_guesses`.
 */
export type SignIn = { email: string, password: string, 
/**
 * Others use this computer too: the session ends soon.
 */
shared_computer: boolean, };

/**
 * The password was right. The cookie that comes with this opens nothing but the next step, for ten minutes.
 */
export type SignInNext = { next: NextStep, 
/**
 * There is a passkey, too: `POST /api/sign-in/passkey/options`, then `/api/sign-in/passkey`.
 */
passkey: boolean, };

export type NextStep = "prove" | "set_up";

/**
 * `POST /api/sign-in/code` (204), `/api/sign-in/recovery-code` (`RecoveryCodesLeft`),
 * `/api/sign-in/set-up/confirm` and `/api/me/totp/confirm` (`RecoveryCodes`): or 401 `wrong_code`, 401 `sign_in_ended`.
 */
export type SecondFactorCode = { code: string, };

export type RecoveryCodesLeft = { left: number, };

/**
 * What an authenticator app needs to make one-time codes; kept once a code has proven that it arrived.
 */
export type TotpOffer = { 
/**
 * To type in, base 32.
 */
secret: string, uri: string, 
/**
 * The URI as a picture, SVG.
 */
qr: string, };

/**
 * Shown once; each opens once.
 */
export type RecoveryCodes = { recovery_codes: Array<string>, };

/**
 * `POST /api/invitation`: whom this link invites (`Invited`), or 401 `invitation_ended`.
 */
export type InvitationToken = { token: string, };

export type Invited = { name: string, email: string, organisation: string, };

/**
 * `POST /api/invitation/accept`: a password is chosen, and the sign-in goes on with `SignInNext`.
 */
export type AcceptInvitation = { token: string, password: string, shared_computer: boolean, };

/**
 * `GET /api/sign-in/providers`: organisations that have one.
 */
export type ProviderList = { organisations: Array<Organisation>, };

/**
 * `POST /api/sign-in/provider`
 */
export type ProviderChoice = { organisation: string, shared_computer: boolean, };

/**
 * Where to go. The cookie that comes with it lets this browser, and no other, come back once.
 */
export type ProviderVisit = { url: string, };

/**
 * `POST /api/sign-in/provider/finish`: what stood in the address on coming back.
 */
export type ProviderAnswer = { code: string, state: string, iss: string | null, };

export type ProviderSignIn = { 
/**
 * The second factor that must follow; none: the provider vouched for one, and the session has begun.
 */
further: SignInNext | null, };

/**
 * What goes to `navigator.credentials`; the cookie that comes with it lets the answer come once, within five minutes.
 */
export type PasskeyOptions = { options: { publicKey: unknown }, };

/**
 * What the authenticator answered.
 */
export type PasskeyAnswer = { credential: unknown, shared_computer: boolean, };

/**
 * `POST /api/me/passkeys`
 */
export type NewPasskey = { 
/**
 * To tell it from others.
 */
name: string, credential: unknown, };

export type Passkey = { passkey: string, name: string, made_at: string, used_at: string | null, };

/**
 * `GET /api/me/sessions`, the one used last first.
 */
export type SessionList = { sessions: Array<Session>, };

/**
 * `GET /api/me/contacts`
 */
export type ContactList = { contacts: Array<Contact>, 
/**
 * What this service can send at all.
 */
kinds: Array<ContactKind>, 
/**
 * With which a browser subscribes to notifications (VAPID, base64url), where this service sends them.
 */
push_key: string | null, };

export type Contact = { contact: string, kind: ContactKind, 
/**
 * Of a pager's key the last four characters; of a browser its push service, and the last six of its address there.
 */
address: string, made_at: string, 
/**
 * Since then pages go there; of several of a kind, to the one proven last.
 */
verified_at: string | null, 
/**
 * A code that still counts.
 */
code: CodeSent | null, };

export type ContactKind = "email" | "pager" | "sms" | "webhook" | "web_push";

/**
 * How far a code has come.
 */
export type CodeSent = "on_its_way" | "sent" | "refused";

/**
 * `POST /api/me/contacts`. A code goes to it.
 */
export type NewContact = { kind: ContactKind, 
/**
 * Of a browser: the endpoint of its subscription.
 */
address: string, 
/**
 * Of a browser alone.
 */
keys: BrowserKeys | null, };

/**
 * What one browser reads notifications with, as its subscription says it (base64url).
 */
export type BrowserKeys = { p256dh: string, auth: string, };

export type ContactAdded = { contact: string, 
/**
 * Signs what goes to a webhook (Standard Webhooks). It is shown this once.
 */
secret: string | null, };

/**
 * `POST /api/me/contacts/{contact}/confirm`
 */
export type ContactCode = { 
/**
 * Six digits.
 */
code: string, };

/**
 * `GET /api/paging`: of one's organisation, the latest first.
 */
export type Paging = { pages: Array<PageLife>, 
/**
 * There are older ones that are not shown.
 */
more: boolean, 
/**
 * The organisation's, to choose from.
 */
teams: Array<Team>, };

/**
 * `GET /api/alerts/{alert}/pages`: how it was told, the latest first.
 */
export type AlertPages = { pages: Array<PageLife>, };

/**
 * One message to one person over one channel. `GET /api/paging/{page}`, and `GET /api/me/pages/{page}` of a test that one sent to oneself.
 */
export type PageLife = { page: string, made_at: string, priority: Priority, 
/**
 * `a test page`, `a code or a notice for this person alone`; null: it is about alerts.
 */
what: string | null, about: Array<PageAbout>, to: string | null, channel: ContactKind, 
/**
 * It went to a contact point that its owner confirmed.
 */
proven: boolean, state: PageState, 
/**
 * Not handed over, and nobody has its alert.
 */
unsettled: boolean, tries: Array<PageTry>, 
/**
 * Another page went another way when this one did not get out.
 */
went_on: PageWentOn | null, };

export type PageState = "waits" | "handed_over" | "given_up";

export type PageAbout = { 
/**
 * What pages and mails call it: `A1042`.
 */
reference: string, kind: Kind, priority: Priority, team: string | null, 
/**
 * In words, as in `step 2 of 3, because nobody acknowledged it`.
 */
why: Array<string>, owner: string | null, acknowledged_at: string | null, closed_at: string | null, };

export type PageTry = { n: number, 
/**
 * When it ended.
 */
at: string, 
/**
 * `handed over`, `given up`, `not taken, to be tried again`
 */
outcome: string, 
/**
 * By the other side.
 */
said: string, };

export type PageWentOn = { page: string, channel: ContactKind, };

/**
 * `GET /api/staff/{staff}/contacts`: the ways to page somebody that they confirmed, without where they lead.
 */
export type Ways = { ways: Array<Way>, };

export type Way = { contact: string, kind: ContactKind, };

/**
 * A test page is on its way: the page that shows its life.
 */
export type TestSent = { page: string, };

export type Session = { session: string, 
/**
 * The one that asks.
 */
this: boolean, shared_computer: boolean, made_at: string, used_at: string, address: string, 
/**
 * As in `Firefox on Windows`.
 */
browser: string, };

/**
 * `GET /api/me/security`
 */
export type Security = { 
/**
 * One-time codes, since when.
 */
totp_since: string | null, recovery_codes_left: number, passkeys: Array<Passkey>, 
/**
 * This session is young enough to change any of it; else these requests answer 403 `sign_in_again`.
 */
may_change: boolean, };

/**
 * `POST /api/me/password`. All other sessions end.
 */
export type NewPassword = { password: string, };

/**
 * `GET /api/staff`: everybody of the administrator's own organisation, by name.
 */
export type StaffList = { staff: Array<StaffRow>, 
/**
 * The organisation's, to choose from.
 */
teams: Array<Team>, };

export type StaffRow = { staff: string, name: string, email: string, role: Role, profession: string, teams: Array<string>, state: StaffState, 
/**
 * Until when the invitation's link works, if one is open.
 */
invited_until: string | null, sessions: number, 
/**
 * Names of teams that still page this person.
 */
on_rosters_of: Array<string>, };

export type StaffState = "active" | "invited" | "deactivated";

/**
 * `POST /api/staff/invitations`: answered with `StaffRow`; the link goes out by mail, to the invited alone.
 */
export type Invite = { email: string, name: string, role: Role, 
/**
 * As in nurse, physiotherapist.
 */
profession: string, teams: Array<string>, };

/**
 * `PUT /api/staff/{staff}/teams`
 */
export type StaffTeams = { teams: Array<string>, };

/**
 * `GET /api/teams/{team}/roster`
 */
export type RosterPage = { 
/**
 * Care time.
 */
now: string, team: Team, 
/**
 * The team's: hours are meant in it.
 */
time_zone: string, 
/**
 * One's role may change it, and one works in the team.
 */
may_change: boolean, 
/**
 * As in `mon-fri 08:00-18:00`.
 */
cover: Array<string>, 
/**
 * A bank holiday of England and Wales is a day of its own, with the hours of `bank`.
 */
keeps_bank_holidays: boolean, 
/**
 * The last year whose bank holidays are known.
 */
bank_holidays_until: number, outside: Array<OutsideCover>, 
/**
 * Who is on duty now, each with the end of that, in the order in which they are paged.
 */
on_duty: Array<OnDuty>, 
/**
 * Cover is declared for now.
 */
covered: boolean, 
/**
 * When who is on duty changes next, and to whom.
 */
next: RosterStretch | null, 
/**
 * Today and the next two weeks.
 */
days: Array<RosterDay>, 
/**
 * Within cover nobody is on duty, from now through two weeks.
 */
holes: Array<RosterStretch>, 
/**
 * When somebody went on or off duty last, or cover began or ended.
 */
changed_at: string | null, 
/**
 * In the order in which people are paged.
 */
shifts: Array<RosterShift>, 
/**
 * Not over yet, newest first.
 */
stand_ins: Array<StandIn>, leave: Array<Leave>, 
/**
 * Who may stand on this roster, by name.
 */
people: Array<Person>, 
/**
 * Teams of the organisation that may take what comes outside cover.
 */
takers: Array<Team>, };

export type RosterDay = { 
/**
 * On the team's calendar.
 */
day: string, 
/**
 * And it is a day of its own for this team.
 */
bank_holiday: boolean, 
/**
 * Without a gap.
 */
stretches: Array<RosterStretch>, };

/**
 * What happens to alerts of this priority outside cover.
 */
export type OutsideCover = { priority: Priority, 
/**
 * null: they wait until cover opens.
 */
taken_by: Team | null, };

export type RosterStretch = { from: string, until: string, 
/**
 * Cover is declared. With nobody on duty it is a hole.
 */
covered: boolean, 
/**
 * In the order in which they are paged.
 */
people: Array<Person>, };

export type RosterShift = { staff: string, name: string, 
/**
 * As in `mon-fri 08:00-16:00`.
 */
hours: string, };

export type StandIn = { stand_in: string, who: Person, 
/**
 * null: beside whoever is there.
 */
instead_of: Person | null, from: string, until: string, };

export type Leave = { leave: string, who: Person, from: string, until: string, };

/**
 * `POST /api/teams/{team}/roster/stand-ins`: answered with `RosterPage`, as every change.
 */
export type NewStandIn = { staff: string, instead_of: string | null, from: string, until: string, };

/**
 * `POST /api/teams/{team}/roster/stand-ins/end`
 */
export type EndStandIn = { stand_in: string, };

/**
 * `POST /api/teams/{team}/roster/leave`
 */
export type NewLeave = { staff: string, 
/**
 * The first day away, on the team's calendar.
 */
from: string, 
/**
 * The first day back.
 */
until: string, };

/**
 * `POST /api/teams/{team}/roster/leave/end`
 */
export type EndLeave = { staff: string, leave: string, };

/**
 * `PUT /api/teams/{team}/roster/shifts`: in the order in which people are paged.
 */
export type SetShifts = { shifts: Array<NewShift>, };

export type NewShift = { staff: string, 
/**
 * As in `mon-fri 08:00-16:00`.
 */
hours: string, };

/**
 * `PUT /api/teams/{team}/roster/cover`
 */
export type DeclareCover = { 
/**
 * As in `mon-fri 08:00-18:00`, `sat,bank 09:00-12:00`.
 */
hours: Array<string>, keeps_bank_holidays: boolean, 
/**
 * Other teams take these outside cover; what is not here waits.
 */
outside: { [key in Priority]?: string }, };

/**
 * `GET /api/teams/{team}/policy`: by what the team's alerts escalate. Answer of every change, too.
 */
export type PolicyPage = { 
/**
 * As it was written (TOML).
 */
content: string, 
/**
 * Not: the standard one.
 */
own: boolean, words: Array<PolicyWords>, 
/**
 * To begin with.
 */
presets: Array<PolicyPreset>, };

/**
 * Of a priority, and perhaps a kind.
 */
export type PolicyWords = { title: string, steps: Array<string>, };

export type PolicyPreset = { name: string, content: string, };

/**
 * `PUT /api/teams/{team}/policy`: in place of the one before. What cannot be read is refused as `Line 7: …`, a line for each.
 */
export type SetPolicy = { content: string, };

/**
 * `GET /api/me/calendar`
 */
export type Calendar = { 
/**
 * null: there is no address.
 */
made_at: string | null, };

/**
 * `POST /api/me/calendar`: shown this once. The address before it is no more.
 */
export type NewCalendar = { address: string, };

/**
 * `GET /api/me`
 */
export type Me = { staff: string, name: string, role: Role, organisation: Organisation, 
/**
 * The caseloads this person works on; empty for an administrator, who sees all of them.
 */
teams: Array<Team>, 
/**
 * The zone to show times in (IANA name): the organisation's.
 */
time_zone: string, };

export type Role = "co-ordinator" | "clinician" | "administrator" | "auditor";

export type Organisation = { organisation: string, name: string, };

export type Team = { team: string, name: string, 
/**
 * What a patient rings.
 */
phone: string, };

/**
 * `GET /api/worklist`: of all one's teams, or with `?team=` of one of them.
 */
export type Worklist = { 
/**
 * Care time: what every clock on the page counts from.
 */
now: string, 
/**
 * Those whose people are listed, by name; none: one is on no team.
 */
teams: Array<TeamNow>, 
/**
 * Open alerts by priority (a person may have several).
 */
counts: Counts, 
/**
 * When the service was not there, within the last day; the newest last. Nobody is held to be silent for that time.
 */
away: Array<Away>, 
/**
 * Worst first.
 */
rows: Array<WorklistRow>, };

export type Away = { from: string, until: string, };

export type TeamNow = { 
/**
 * null: nobody on the roster has a shift now.
 */
on_duty: OnDuty | null, 
/**
 * Who is paged after that person.
 */
next: Person | null, team: string, name: string, 
/**
 * What a patient rings.
 */
phone: string, };

export type OnDuty = { staff: string, name: string, 
/**
 * null: for two weeks and more.
 */
until: string | null, };

export type Counts = { high: number, medium: number, low: number, };

export type WorklistRow = { patient: PatientHead, 
/**
 * By name.
 */
team: string, 
/**
 * The worst open alert: by priority, then unacknowledged first, then the earliest promise.
 */
alert: AlertHead, 
/**
 * How many more are open.
 */
more: number, last_reading: LastReading | null, };

/**
 * The newest reading of any vital, in words.
 */
export type LastReading = { vital: string, 
/**
 * As in `148/92 mmHg`, `HI`, `71.4 kg`.
 */
text: string, at: string, };

/**
 * `GET /api/events` (server-sent events, named `changed`): a hint that something changed. Fetch again.
 */
export type Changed = { what: What, 
/**
 * null: perhaps anybody.
 */
patient: string | null, };

export type What = "alerts" | "readings";

export type PatientHead = { patient: string, given_name: string, family_name: string, 
/**
 * In whole years, on the patient's own calendar.
 */
age: number, lives_alone: boolean, };

/**
 * `POST /api/patients/search`
 */
export type Search = { 
/**
 * Part of a name.
 */
name: string, };

/**
 * `GET /api/patients`, and what a search found. By family name.
 */
export type PatientList = { patients: Array<PatientRow>, };

export type PatientRow = { patient: PatientHead, team: string, live_since: string | null, 
/**
 * Of the worst open alert; null: none is open.
 */
open: Priority | null, last_reading: LastReading | null, };

/**
 * `GET /api/patients/{id}`
 */
export type PatientPage = { 
/**
 * Care time.
 */
now: string, patient: PatientHead, date_of_birth: string, phone: string | null, 
/**
 * The zone the patient lives in (IANA name).
 */
time_zone: string, team: Team, 
/**
 * After one reading made the round trip; null: not yet heard from.
 */
live_since: string | null, 
/**
 * Since when nobody watches any more; null: they are monitored.
 */
ended_at: string | null, 
/**
 * Highest sequence number stored, and the highest judged by the computer.
 */
stored: number, judged: number, 
/**
 * Open ones first, worst first; then what was closed in the last 90 days, newest first.
 */
alerts: Array<Alert>, plan: Plan, 
/**
 * Limits in force now.
 */
limits: Array<Limit>, 
/**
 * Who set, changed and ended limits of the person's own, newest first.
 */
limit_changes: Array<LimitChange>, 
/**
 * Every vital this person has readings of, the most recently measured first.
 */
vitals: Array<VitalSummary>, 
/**
 * Doubted values of the last 30 days that no second reading agrees with, newest first.
 */
unconfirmed: Array<UnconfirmedValue>, 
/**
 * What they answered in the last 90 days, newest first; at most 20.
 */
answers: Array<AnswerSheet>, 
/**
 * What their phone sent and we would not take, newest first.
 */
refusals: Array<Refusal>, devices: Array<Device>, 
/**
 * In the last 90 days, newest first.
 */
broken_glass: Array<BrokenGlass>, 
/**
 * Null: it is not restricted. Otherwise those who are named see the record, and nobody else.
 */
restriction: Restriction | null, 
/**
 * What of the record was erased because it was old; null: nothing.
 */
erased: Erased | null, };

export type Plan = { version: number, packs: Array<string>, slots: Array<Slot>, 
/**
 * That are not over.
 */
pauses: Array<Pause>, 
/**
 * What the person asked for and nobody has answered.
 */
asked_pause: AskedPause | null, 
/**
 * What is known of the person that rules ask about, as in `pregnant`.
 */
tags: { [key in string]: boolean }, };

/**
 * What a patient is asked to do, and by when.
 */
export type Slot = { 
/**
 * As in `Blood pressure`.
 */
what: string, 
/**
 * The patient's local time of day, as in `08:00`.
 */
at: string, 
/**
 * On which days, as in `every day`, `on mon, thu`, `every 2 days from 1 March 2026`.
 */
days: string, };

/**
 * The person is away: nothing is due. What they measure is judged all the same.
 */
export type Pause = { from: string, until: string, 
/**
 * Who answers for it, and why it is.
 */
by: string, why: string, };

export type Limit = { 
/**
 * `hypertension`
 */
pack: string, 
/**
 * As rules name it: `severe_systolic`.
 */
name: string, value: number, 
/**
 * As people write it: `mmHg`.
 */
unit: string, whose: Whose, 
/**
 * What the pack allows, its ends included, and what it sets for everybody of this age.
 */
from: number, to: number, pack_value: number, 
/**
 * When the pack's own holds again; null: until somebody changes it.
 */
until: string | null, 
/**
 * Who set it for this person, and why; empty for the pack's own.
 */
by: string, why: string, };

/**
 * Who set a limit: the pack for everybody, or the plan for this person.
 */
export type Whose = "pack" | "plan";

export type VitalSummary = { 
/**
 * As on the wire: `blood_pressure`.
 */
vital: string, 
/**
 * As on a page: `Blood pressure`.
 */
title: string, unit: string, last: LastReading, };

/**
 * A questionnaire as it was filled in.
 */
export type AnswerSheet = { seq: number, at: string, 
/**
 * As it was shown: `How you feel now`.
 */
title: string, 
/**
 * What is to be known of it as a whole: `so far`, `taken back`, `14 (moderate)`.
 */
remarks: Array<string>, lines: Array<AnswerLine>, };

export type AnswerLine = { question: string, answer: string, 
/**
 * Why it does not fit what was asked; null: it does.
 */
odd: string | null, };

export type Refusal = { at: string, reason: string, detail: string, };

/**
 * `GET /api/patients/{id}/phones`
 */
export type Phones = { 
/**
 * Their own and carers', newest first.
 */
devices: Array<Device>, 
/**
 * What the person agreed to and took back, newest first.
 */
carers: Array<Consent>, 
/**
 * Numbers of instruments that are this person's.
 */
instruments: Array<InstrumentUser>, };

export type Device = { device: string, name: string, platform: string, app_version: string, enrolled_at: string, 
/**
 * Null: not since it was enrolled.
 */
heard_at: string | null, revoked_at: string | null, revoked_why: string | null, 
/**
 * Whose it is; null: the patient's own.
 */
carer: Carer | null, };

export type Carer = { carer: string, name: string, };

export type Consent = { carer: Carer, given_at: string, 
/**
 * Who wrote it down.
 */
given_to: string, how: string, 
/**
 * Readings and messages too, not only what there is to do.
 */
sees_record: boolean, withdrawn_at: string | null, };

export type InstrumentUser = { instrument_user: string, make: string, model: string, serial: string, user: number, bound_at: string, bound_by: string, };

/**
 * `POST /api/patients/{id}/codes`
 */
export type NewCode = { 
/**
 * Whose phone it will be; null: the patient's own.
 */
carer: string | null, 
/**
 * The phone that is let in no more when the code is used.
 */
replaces: string | null, };

/**
 * Shown once. For one phone.
 */
export type Code = { code: string, ends_at: string, 
/**
 * Opens the app with the code in it, behind the `#`, which no server sees.
 */
link: string, qr: Qr, };

/**
 * The link as a QR code: dark squares of a drawing that is so many units wide and high, as the path of an SVG.
 */
export type Qr = { size: number, path: string, };

/**
 * `POST /api/patients/{id}/devices/{device}/revoke`
 */
export type Revoke = { why: string, };

/**
 * `POST /api/patients/{id}/carers`: the person agreed to this carer. Said again, it takes the place of what was said before.
 */
export type Agreed = { name: string, 
/**
 * Asked for when the carer's phone is enrolled.
 */
date_of_birth: string, 
/**
 * As in `said so on the telephone`.
 */
how: string, sees_record: boolean, };

/**
 * `POST /api/patients/{id}/carers/{carer}/withdraw`
 */
export type Withdraw = { why: string, };

/**
 * `POST /api/patients/{id}/instruments`: this user number is this person's. Make and model as the phone reads them out.
 */
export type NewInstrumentUser = { make: string, model: string, serial: string, user: number, };

/**
 * What a row of the worklist says of an alert.
 */
export type AlertHead = { alert: string, 
/**
 * What pages and mails call it: `A1042`.
 */
reference: string, kind: Kind, priority: Priority, sentence: string, opened_at: string, 
/**
 * How late the data that opened it arrived; 0: in time.
 */
late_minutes: number, 
/**
 * The response promised.
 */
act_by: string, owner: Person | null, acknowledged_at: string | null, 
/**
 * How often there was something new in it. Every act names it as `saw`, so that nobody acts on what they have not seen.
 */
told: number, 
/**
 * A colleague it was handed to and who has not accepted; until then `owner` has it.
 */
offered_to: Person | null, 
/**
 * Calls to the patient that nobody answered, by whoever has it.
 */
rang: number, snoozed_until: string | null, snooze_reason: string | null, 
/**
 * The longest it may be put off, in minutes; 0: not any more.
 */
snooze_minutes: number, };

/**
 * Everything about one alert. Answer of every act (`POST /api/alerts/{id}/acknowledge`, `…/close`, …), too.
 * An act is refused with 409: `already_acknowledged` (the message names who has it), `already_closed`, `changed` (there is
 * something new in it since), `nobody_has_it`, `not_in_team`,
 * `not_offered`, `snoozed_before`.
 */
export type Alert = { 
/**
 * The problem, as rules name it: `blood pressure high`.
 */
problem: string, 
/**
 * `pack/rule`, as in `hypertension/severe`.
 */
rule: string, 
/**
 * The rule's advice to the team; empty where it has none.
 */
advice: string, 
/**
 * Why, in sentences: values, limits in force and whose, rule, source.
 */
reasons: Array<string>, 
/**
 * Oldest first, never rewritten.
 */
history: Array<AlertEvent>, closed_at: string | null, outcome: Outcome | null, alert: string, 
/**
 * What pages and mails call it: `A1042`.
 */
reference: string, kind: Kind, priority: Priority, sentence: string, opened_at: string, 
/**
 * How late the data that opened it arrived; 0: in time.
 */
late_minutes: number, 
/**
 * The response promised.
 */
act_by: string, owner: Person | null, acknowledged_at: string | null, 
/**
 * How often there was something new in it. Every act names it as `saw`, so that nobody acts on what they have not seen.
 */
told: number, 
/**
 * A colleague it was handed to and who has not accepted; until then `owner` has it.
 */
offered_to: Person | null, 
/**
 * Calls to the patient that nobody answered, by whoever has it.
 */
rang: number, snoozed_until: string | null, snooze_reason: string | null, 
/**
 * The longest it may be put off, in minutes; 0: not any more.
 */
snooze_minutes: number, };

/**
 * `GET /api/alerts/{reference}`, as in `A1042`: where the link in a page or a mail leads.
 */
export type AlertPlace = { alert: string, patient: string, };

export type AlertEvent = { at: string, 
/**
 * `opened`, `raised`, `worsened`, `paged`, `acknowledged`, `came_back`, `closed`, …
 */
what: string, 
/**
 * The member of staff who did it; null: the service.
 */
by: string | null, 
/**
 * In words; may be empty.
 */
text: string, };

/**
 * What came of an alert.
 */
export type Outcome = "treatment_changed" | "limit_changed" | "sent_on" | "called_999" | "admitted" | "expected" | "device_fault" | "wrong_entry" | "could_not_reach" | "no_action";

/**
 * `POST /api/alerts/{id}/close`
 */
export type Close = { saw: number, outcome: Outcome, 
/**
 * What was done, in words; may be empty.
 */
note: string, };

/**
 * `POST /api/alerts/{id}/acknowledge`, `…/accept`, `…/decline`, `…/release`, `…/rang-no-answer`
 */
export type Saw = { 
/**
 * `told` of the alert as it was shown.
 */
saw: number, };

/**
 * `POST /api/alerts/{id}/snooze`
 */
export type Snooze = { saw: number, until: string, reason: string, };

/**
 * `POST /api/alerts/{id}/offer`
 */
export type Offer = { saw: number, 
/**
 * One of `GET /api/alerts/{id}/colleagues`.
 */
to: string, };

/**
 * `GET /api/alerts/{id}/colleagues`: to whom it may be handed, by name.
 */
export type Colleagues = { colleagues: Array<Person>, };

/**
 * `POST /api/break-glass/find`: the whole family name and the day of birth, of a patient of one's own organisation.
 */
export type FindPerson = { family_name: string, date_of_birth: string, };

export type FoundPeople = { people: Array<FoundPerson>, };

export type FoundPerson = { patient: string, given_name: string, family_name: string, date_of_birth: string, 
/**
 * The team that looks after this person.
 */
team: string, };

/**
 * `POST /api/patients/{id}/break-glass`. The patient can read the reason.
 */
export type BreakGlass = { reason: string, };

export type GlassBroken = { 
/**
 * The record is open to whoever opened it until then.
 */
until: string, };

/**
 * On the patient's page: somebody opened the record although their teams do not look after the person.
 */
export type BrokenGlass = { by: Person, reason: string, 
/**
 * Machine time.
 */
at: string, until: string, 
/**
 * It has not ended.
 */
open: boolean, };

/**
 * The person asked that their record be kept and looked at by nobody but those who are named.
 */
export type Restriction = { 
/**
 * Machine time.
 */
since: string, 
/**
 * Who restricted it, as they named themselves.
 */
by: string, why: string, };

/**
 * What was measured before `before` was erased at `at`.
 */
export type Erased = { 
/**
 * Care time.
 */
before: string, 
/**
 * Machine time.
 */
at: string, };

/**
 * A value that alone raises alarms and calms none, until a second one agrees or somebody accepts it.
 */
export type UnconfirmedValue = { 
/**
 * The number it is accepted by.
 */
seq: number, at: string, 
/**
 * As on a page: `Weight`.
 */
title: string, 
/**
 * `176.0 kg`
 */
text: string, 
/**
 * Why it is doubted, in sentences.
 */
why: Array<string>, };

/**
 * `POST /api/patients/{id}/pauses`: the person is away. Days are those of where they live.
 */
export type NewPause = { 
/**
 * Its first day; null, or today: it begins now.
 */
from: string | null, 
/**
 * The first day on which things are due again.
 */
until: string, why: string, };

/**
 * The person asked on their phone that nothing be due while they are away.
 */
export type AskedPause = { request: string, from: string, until: string, why: string, asked_at: string, };

/**
 * `POST /api/patients/{id}/pauses/asked`: what somebody says to it.
 */
export type AnswerPause = { request: string, 
/**
 * Why not; null: it is taken on.
 */
declined: string | null, };

/**
 * `POST /api/patients/{id}/pauses/end`: they are back. Pauses that were to come are off, too.
 */
export type Resume = { why: string, };

/**
 * `POST /api/patients/{id}/limits`: a limit of the person's own, in the unit that the page shows it in.
 */
export type SetLimit = { pack: string, name: string, value: number, 
/**
 * The first day on which the pack's own holds again; null: until somebody changes it.
 */
until: string | null, why: string, };

/**
 * `POST /api/patients/{id}/limits/end`: the pack's own limit holds again.
 */
export type EndLimit = { pack: string, name: string, why: string, };

/**
 * `POST /api/patients/{id}/end`: nobody watches any more. Alerts that are open stay open.
 */
export type EndMonitoring = { why: string, };

/**
 * `POST /api/patients/{id}/end`
 */
export type MonitoringEnded = { 
/**
 * Care time.
 */
at: string, };

/**
 * The number of the plan's new version.
 */
export type PlanChanged = { version: number, };

/**
 * Somebody set, changed or ended a limit of the person's own.
 */
export type LimitChange = { at: string, by: string, why: string, pack: string, name: string, 
/**
 * As it was set; null: the pack's own holds again.
 */
value: number | null, unit: string, until: string | null, };

/**
 * `POST /api/patients/{id}/readings/{seq}/accept`: an unconfirmed value is real for this person.
 */
export type Accepted = { by: Person, 
/**
 * Care time.
 */
at: string, };

/**
 * `GET /api/audit`, newest first.
 */
export type AuditPage = { entries: Array<AuditEntry>, 
/**
 * There are more: ask again with this as `before`.
 */
next: number | null, };

export type AuditEntry = { audit: number, 
/**
 * By the machine's clock.
 */
at: string, 
/**
 * Whoever did it, as a name, or as what they are.
 */
who: string, 
/**
 * Role and profession of a member of staff.
 */
as_what: string | null, staff: string | null, 
/**
 * What was done: a name that stays, such as `record.read`.
 */
what: string, 
/**
 * The same in words that follow `who`.
 */
did: string, patient: AuditPatient | null, 
/**
 * The network address it was done from.
 */
address: string | null, 
/**
 * The reason given.
 */
why: string | null, 
/**
 * Ids and settings.
 */
detail: Record<string, unknown>, };

export type AuditPatient = { patient: string, 
/**
 * None: of another organisation, or nobody at all.
 */
name: string | null, };

/**
 * `GET /api/audit/choices`: what can be asked for.
 */
export type AuditChoices = { acts: Array<AuditAct>, 
/**
 * Of the organisation.
 */
staff: Array<Person>, };

export type AuditAct = { what: string, did: string, };

/**
 * `GET /api/patients/{id}/series?vital=blood_pressure&from=…&until=…` (times optional: the last 90 days). A score is asked for
 * like a vital: `phq9`, `gad7`, `news2`.
 */
export type Series = { vital: string, 
/**
 * As in `Blood pressure`.
 */
title: string, unit: string, 
/**
 * What the values 0, 1, … are called where they are no numbers (`alert`, `new confusion`); else empty.
 */
levels: Array<string>, 
/**
 * Names of the values a point may have, as in `systolic`, `diastolic`.
 */
components: Array<string>, from: string, until: string, 
/**
 * Oldest first.
 */
points: Array<SeriesPoint>, 
/**
 * How many times something was measured; more than `points` only when they were too many to draw. The highest and lowest
 * of every stretch of time are always among `points`, and whatever is marked. (A corrected reading is two points.)
 */
readings: number, 
/**
 * Limits as they were in force then: steps, oldest first.
 */
limits: Array<LimitStep>, 
/**
 * Of a score: what each stretch of totals is called, lowest first. Empty for what is measured.
 */
bands: Array<SeriesBand>, 
/**
 * When it was due and nothing came, oldest first.
 */
missed: Array<string>, events: Array<SeriesEvent>, alerts: Array<SeriesAlert>, 
/**
 * When no readings were expected, or the service could not listen, or where they were erased.
 */
gaps: Array<Gap>, 
/**
 * The longest wait between two readings that the plan asks for.
 */
usual_interval_hours: number, 
/**
 * `Last 148/92 today 08:05; 30-day mean 141/86, above target 135/85 on 19 of 27 days.`
 */
sentence: string, };

export type SeriesPoint = { seq: number, at: string, received_at: string, 
/**
 * In the series' unit; a component that was not measured is missing.
 */
values: { [key in string]: number }, 
/**
 * A meter's HI (`high`) or LO (`low`), by component.
 */
comparators: { [key in string]: string }, 
/**
 * As the phone sent it, for the table.
 */
given: Array<Given>, state: PointState, 
/**
 * Arrived more than an hour after it was taken.
 */
late: boolean, 
/**
 * Outside what is usual, and no second reading agrees yet.
 */
unconfirmed: boolean, 
/**
 * Who accepted it although it was doubted.
 */
accepted_by: string | null, 
/**
 * The phone's own time could not be believed: dated by its arrival.
 */
dated_by_arrival: boolean, 
/**
 * `manual`, `bluetooth`, `told_by_phone`, …
 */
method: string | null, 
/**
 * In words: `before breakfast`, `left arm`.
 */
context: string | null, 
/**
 * Why there is no value: `could_not_measure`.
 */
absent: string | null, };

export type PointState = "standing" | "impossible" | "corrected" | "withdrawn" | "not_theirs";

export type Given = { component: string, 
/**
 * As in `186 mm[Hg]`, `HI`.
 */
text: string, };

export type LimitStep = { 
/**
 * As rules name it: `severe_systolic`.
 */
name: string, 
/**
 * The component it is compared with.
 */
component: string, 
/**
 * Which side of it a rule fires on.
 */
side: Side, from: string, 
/**
 * null: still in force.
 */
until: string | null, value: number, whose: Whose, };

export type Side = "above" | "below";

/**
 * From one total to where the next band begins; the last reaches to the most there can be.
 */
export type SeriesBand = { from: number, until: number, 
/**
 * `moderately severe`
 */
words: string, };

export type SeriesEvent = { at: string, 
/**
 * `insulin`, `meal`, `exercise`, …
 */
event: string, 
/**
 * `Insulin 9 units`
 */
text: string, };

export type SeriesAlert = { alert: string, reference: string, 
/**
 * When the trouble began: the finding's start, in the time of the readings.
 */
at: string, kind: Kind, priority: Priority, sentence: string, closed_at: string | null, };

export type Gap = { from: string, until: string, 
/**
 * `away`, `the service was not there`, `erased`
 */
text: string, };

/**
 * `GET /api/rules`, and what every change of the rules answers.
 */
export type RulesInForce = { 
/**
 * Of all files, in hexadecimal.
 */
hash: string, since: string, by: string, packs: Array<PackRow>, stops: Array<RuleStop>, 
/**
 * Oldest first.
 */
proposals: Array<RulesProposal>, 
/**
 * Whoever asks owns the rules: proposes, approves, goes back, stops.
 */
owner: boolean, };

export type PackRow = { 
/**
 * The folder's name.
 */
pack: string, title: string, version: string, 
/**
 * Of the pack's own files: what is signed.
 */
files: string, 
/**
 * Why no plan may name it yet.
 */
draft: string | null, 
/**
 * `pack/rule`, in the order of the file.
 */
rules: Array<string>, signatures: Array<PackSignature>, };

export type PackSignature = { name: string, registration: string, at: string, };

export type RuleStop = { rule: string, until: string, by: string, why: string, };

export type RulesProposal = { hash: string, by: string, at: string, why: string, 
/**
 * Paths that differ from the rules in force.
 */
changed: Array<string>, 
/**
 * Whoever asks made it, so somebody else approves it.
 */
own: boolean, };

/**
 * `GET /api/rules/page`: a pack in plain sentences, to read and sign. Markdown.
 */
export type RulesPage = { text: string, };

/**
 * `POST /api/rules/proposals`. Larger changes than a request holds are proposed by command.
 */
export type ProposeRules = { 
/**
 * What the changes begin from.
 */
from: RulesFrom, 
/**
 * By path, as in `hypertension/rules.toml`: the new text, or null to take the file out.
 */
changes: { [key in string]: string | null }, why: string, };

export type RulesFrom = "in_force" | "this_version";

/**
 * `POST /api/rules/proposals/approve`, `POST /api/rules/proposals/withdraw`
 */
export type ProposedRules = { hash: string, };

/**
 * `POST /api/rules/undo`
 */
export type UndoRules = { why: string, };

/**
 * `POST /api/rules/stops`
 */
export type StopRule = { 
/**
 * `pack/rule`.
 */
rule: string, 
/**
 * 1 to 24.
 */
hours: number, why: string, };

/**
 * `POST /api/rules/stops/end`
 */
export type ResumeRule = { 
/**
 * `pack/rule`.
 */
rule: string, };

/**
 * `POST /api/rules/signatures`
 */
export type SignPack = { pack: string, 
/**
 * As the page that was read shows it.
 */
files: string, 
/**
 * Of one's profession, as in "GMC 1234567".
 */
registration: string, };

/**
 * `GET /api/patients/{patient}/rule`: what each part of a rule saw of one patient at one time, in lines.
 */
export type RuleExplained = { at: string, text: string, };

/**
 * `POST /api/rules/backtest`
 */
export type RunBacktest = { 
/**
 * Of a proposal.
 */
hash: string, 
/**
 * 1 to 90, until now.
 */
days: number, };

/**
 * Both columns are made in the same way: replayed, with everybody's alerts dealt with by one routine.
 */
export type BacktestReport = { days: number, monitored: number, 
/**
 * As many as there was time for; `derwent rules backtest --since` replays everybody.
 */
replayed: number, patient_days: number, hand_dealt_per_patient_day: BothRules, asks_per_patient_day: BothRules, 
/**
 * The highest priority first.
 */
rules: Array<BacktestRule>, newly_alerted: number, no_longer_alerted: number, 
/**
 * Of the patients whom one's own teams look after; the counts are of everybody.
 */
newly_alerted_patients: Array<string>, no_longer_alerted_patients: Array<string>, };

/**
 * Alerts per 100 patients a day.
 */
export type BacktestRule = { 
/**
 * `pack/rule`.
 */
rule: string, priority: Priority, per_100_patients_a_day: BothRules, };

export type BothRules = { proposed: number, in_force: number, };

/**
 * `POST /api/rules/shadow`
 */
export type StartShadow = { 
/**
 * Of a proposal.
 */
hash: string, 
/**
 * Four weeks from now at most; null: four weeks.
 */
until: string | null, why: string, };

/**
 * `GET /api/rules/shadow`, and what starting and stopping one answer.
 */
export type ShadowReport = { 
/**
 * Of the patients whom one's own teams look after; the counts are of everybody.
 */
differences: Array<ShadowDifference>, hash: string, since: string, 
/**
 * It ends by itself, or was stopped.
 */
until: string, runs: boolean, by: string, why: string, monitored: number, 
/**
 * Patients who were looked at since it began, and how many of those have a record that cannot be read.
 */
looked_at: number, unreadable: number, 
/**
 * When whoever was looked at longest ago was.
 */
oldest_look: string | null, patient_days: number, 
/**
 * The highest priority first.
 */
rules: Array<ShadowRule>, 
/**
 * Only the shadow tells anybody, or only the rules in force.
 */
newly_alerted: ShadowCount, no_longer_alerted: ShadowCount, louder: ShadowCount, quieter: ShadowCount, moved: ShadowCount, };

/**
 * Alerts of one rule and priority.
 */
export type ShadowRule = { 
/**
 * `pack/rule`.
 */
rule: string, priority: Priority, in_force: number, in_shadow: number, in_force_per_100_patients_a_day: number, in_shadow_per_100_patients_a_day: number, };

export type ShadowCount = { patients: number, problems: number, };

/**
 * A problem about which the two differ. No values.
 */
export type ShadowDifference = { patient: string, problem: string, rule: string, start: string, what: ShadowWhat, };

export type ShadowWhat = "new" | "no_longer" | "louder" | "quieter" | "moved";
