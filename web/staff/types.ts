// The staff API. Stands in until the types made from Rust arrive in shared/api/staff.ts.
export type Priority = 'high' | 'medium' | 'low'
export type Kind = 'clinical' | 'absence' | 'equipment' | 'service'
export type Role = 'co-ordinator' | 'clinician' | 'administrator' | 'auditor'
export type Whose = 'pack' | 'plan'
export type Person = { staff: string; name: string }
export type Team = { team: string; name: string; phone: string }
export type Failure = { error: { code: string; message: string } }
export type Me = { staff: string; name: string; role: Role; organisation: { organisation: string; name: string }; teams: Team[]; time_zone: string }
export type TeamNow = Team & { on_duty: { staff: string; name: string; until: string | null } | null; next: Person | null }
export type Counts = { high: number; medium: number; low: number }
export type LastReading = { vital: string; text: string; at: string }
export type PatientHead = { patient: string; given_name: string; family_name: string; age: number; lives_alone: boolean }
export type AlertHead = {
  alert: string
  reference: string
  kind: Kind
  priority: Priority
  sentence: string
  opened_at: string
  late_minutes: number
  act_by: string
  owner: Person | null
  acknowledged_at: string | null
}
export type WorklistRow = { patient: PatientHead; alert: AlertHead; more: number; last_reading: LastReading | null }
export type Worklist = { now: string; team: TeamNow; counts: Counts; rows: WorklistRow[] }
export type Outcome =
  | 'treatment_changed'
  | 'limit_changed'
  | 'sent_on'
  | 'called_999'
  | 'admitted'
  | 'expected'
  | 'device_fault'
  | 'wrong_entry'
  | 'could_not_reach'
  | 'no_action'
export type AlertEvent = { at: string; what: string; by: string | null; text: string }
export type Alert = AlertHead & {
  problem: string
  rule: string
  advice: string
  reasons: string[]
  history: AlertEvent[]
  closed_at: string | null
  outcome: Outcome | null
}
export type Limit = { name: string; value: number; unit: string; whose: Whose }
export type VitalSummary = { vital: string; title: string; unit: string; last: LastReading }
export type Refusal = { at: string; reason: string; detail: string }
export type Device = { device: string; name: string; platform: string; app_version: string; enrolled_at: string; revoked_at: string | null }
export type Plan = { version: number; packs: string[]; slots: { what: string; from: string; until: string }[]; tags: { [key in string]: boolean } }
export type PatientPage = {
  now: string
  patient: PatientHead
  date_of_birth: string
  phone: string | null
  time_zone: string
  team: Team
  live_since: string | null
  stored: number
  judged: number
  alerts: Alert[]
  plan: Plan
  limits: Limit[]
  vitals: VitalSummary[]
  refusals: Refusal[]
  devices: Device[]
}
export type PointState = 'standing' | 'impossible' | 'corrected' | 'withdrawn'
export type SeriesPoint = {
  seq: number
  at: string
  received_at: string
  values: { [key in string]: number }
  comparators: { [key in string]: string }
  given: { component: string; text: string }[]
  state: PointState
  late: boolean
  unconfirmed: boolean
  dated_by_arrival: boolean
  method: string | null
  context: string | null
  absent: string | null
}
export type LimitStep = { name: string; component: string; from: string; until: string | null; value: number; whose: Whose }
export type SeriesEvent = { at: string; event: string; text: string }
export type SeriesAlert = { alert: string; reference: string; at: string; kind: Kind; priority: Priority; sentence: string; closed_at: string | null }
export type Gap = { from: string; until: string; text: string }
export type Series = {
  vital: string
  title: string
  unit: string
  components: string[]
  from: string
  until: string
  points: SeriesPoint[]
  readings: number
  limits: LimitStep[]
  events: SeriesEvent[]
  alerts: SeriesAlert[]
  gaps: Gap[]
  usual_interval_hours: number
  sentence: string
}
