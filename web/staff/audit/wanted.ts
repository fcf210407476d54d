// What an auditor asks for, as the service's query.

export interface Wanted {
  staff: string
  what: string
  /** As a date field has it: in the reader's own time. */
  from: string
  until: string
}

export function asked(wanted: Wanted, patient?: string): string {
  const query = new URLSearchParams()
  if (patient) query.set('patient', patient)
  if (wanted.staff) query.set('staff', wanted.staff)
  if (wanted.what) query.set('what', wanted.what)
  if (wanted.from) query.set('from', new Date(wanted.from).toISOString())
  if (wanted.until) query.set('until', new Date(wanted.until).toISOString())
  return query.toString()
}

/** Ids and settings in one line; what is null says nothing. */
export function detailWords(detail: Record<string, unknown>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' · ')
}
