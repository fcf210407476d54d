// A point, and a time axis, in words: for the line under the chart, the table, and those who do not see it.
import { dayAndClock, span } from '../../shared/time/zone'
import type { Series, SeriesPoint } from '../../shared/api/staff'

/** `148/92`, `HI`, `71.4`: the values alone, in the series' unit. */
export function valueWords(series: Pick<Series, 'components' | 'levels'>, point: SeriesPoint): string {
  if (point.absent) return point.absent.replaceAll('_', ' ')
  const parts = series.components.flatMap((component) => {
    const comparator = point.comparators[component]
    if (comparator) return [comparator === 'high' ? 'HI' : 'LO']
    const value = point.values[component]
    return value === undefined ? [] : [series.levels[value] ?? figure(value)]
  })
  return parts.join('/') || 'no value'
}

/** At most one digit after the point: what instruments at home show. */
export const figure = (value: number) => String(Math.round(value * 10) / 10)

/** What is unusual about it, each in a few words. */
export function remarks(point: SeriesPoint): string[] {
  const said: string[] = []
  if (point.state === 'impossible') said.push('impossible value, never used')
  if (point.state === 'corrected') said.push('corrected since')
  if (point.state === 'withdrawn') said.push('taken back')
  if (point.state === 'not_theirs') said.push('somebody else’s user number, never used')
  if (point.unconfirmed) said.push('unconfirmed')
  if (point.accepted_by) said.push(`accepted by ${point.accepted_by}`)
  if (point.late) said.push(`late by ${span(Date.parse(point.received_at) - Date.parse(point.at))}`)
  if (point.dated_by_arrival) said.push('dated by its arrival')
  return said
}

export function methodWords(method: string | null): string {
  switch (method) {
    case null:
      return ''
    case 'instrument':
    case 'bluetooth':
      return 'from the instrument'
    case 'manual':
      return 'typed in'
    default:
      return method.replaceAll('_', ' ')
  }
}

/** `Tue 3 Mar 08:05 · 148/92 mmHg · typed in · late by 40 min` */
export function pointWords(series: Pick<Series, 'components' | 'levels' | 'unit'>, point: SeriesPoint, now: number, zone: string): string {
  const value = point.absent ? valueWords(series, point) : `${valueWords(series, point)} ${series.unit}`.trimEnd()
  return [dayAndClock(point.at, now, zone), value, point.context ?? '', methodWords(point.method), ...remarks(point)].filter(Boolean).join(' · ')
}
