// How one point looks, from what is known about it.
import type { SeriesPoint } from '../../shared/api/staff'

export interface Look {
  shape: 'circle' | 'square'
  hollow: boolean
  dashedRing: boolean
  faint: boolean
  struck: boolean
  /** Drawn at the edge of the plot, because its value is off the scale or cannot be. */
  edge: 'top' | 'bottom' | null
  /** HI and LO have an arrow; an impossible value has not. */
  arrow: boolean
}

export function look(point: SeriesPoint, component: string, middle: number): Look {
  const comparator = point.comparators[component]
  const impossible = point.state === 'impossible'
  const value = point.values[component]
  return {
    shape: isManual(point) ? 'square' : 'circle',
    hollow: point.late,
    dashedRing: point.unconfirmed,
    faint: point.state === 'corrected' || point.state === 'withdrawn' || point.state === 'not_theirs',
    struck: impossible || point.state === 'withdrawn' || point.state === 'not_theirs',
    edge: comparator === 'high' ? 'top' : comparator === 'low' ? 'bottom' : impossible ? ((value ?? middle) < middle ? 'bottom' : 'top') : null,
    arrow: comparator !== undefined,
  }
}

/** Typed in by somebody, rather than read from the instrument. */
export function isManual(point: SeriesPoint): boolean {
  return point.method !== null && point.method !== 'instrument' && point.method !== 'bluetooth'
}
