// Times as people read them, always in a named zone: the patient's, or the team's.

const formats = new Map<string, Intl.DateTimeFormat>()

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options)
  let made = formats.get(key)
  if (!made) {
    made = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone })
    formats.set(key, made)
  }
  return made
}

export type Instant = string | number | Date

const date = (at: Instant): Date => (at instanceof Date ? at : new Date(at))

/** `14:06` */
export function clock(at: Instant, zone: string): string {
  return format(zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date(at))
}

/** `2026-03-01`: the local day, comparable as text. */
export function localDay(at: Instant, zone: string): string {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
  for (const part of format(zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(date(at))) parts[part.type] = part.value
  return `${parts.year}-${parts.month}-${parts.day}`
}

/** Whole local days from `now` to `at`: -1 yesterday, 0 today, 1 tomorrow. */
export function daysAway(at: Instant, now: Instant, zone: string): number {
  return Math.round((Date.parse(localDay(at, zone)) - Date.parse(localDay(now, zone))) / 86_400_000)
}

/** `today`, `yesterday`, `tomorrow`, `Tue 3 Mar`, and with the year when it is not this one. */
export function day(at: Instant, now: Instant, zone: string): string {
  const away = daysAway(at, now, zone)
  if (away === 0) return 'today'
  if (away === -1) return 'yesterday'
  if (away === 1) return 'tomorrow'
  const sameYear = localDay(at, zone).slice(0, 4) === localDay(now, zone).slice(0, 4)
  const options: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short' }
  return format(zone, sameYear ? options : { day: 'numeric', month: 'short', year: 'numeric' }).format(date(at)).replace(',', '')
}

/** `today 14:06`, `Tue 3 Mar 08:05` */
export function dayAndClock(at: Instant, now: Instant, zone: string): string {
  return `${day(at, now, zone)} ${clock(at, zone)}`
}

/** `3 Mar 2026, 14:06`: for tables and paper, where "today" would age. */
export function full(at: Instant, zone: string): string {
  return `${format(zone, { day: 'numeric', month: 'short', year: 'numeric' }).format(date(at))}, ${clock(at, zone)}`
}

/** `2 min`, `3 h`, `5 days`: how long, in the one unit that matters. */
export function span(milliseconds: number): string {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000)
  if (minutes < 1) return 'under 1 min'
  if (minutes < 90) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  if (hours < 36) return `${hours} h`
  return `${Math.round(hours / 24)} days`
}

/** The zone in words when it is not the reader's own: `Europe/London time`. */
export function zoneWords(zone: string): string {
  return `${(zone.split('/').pop() ?? zone).replaceAll('_', ' ')} time`
}
