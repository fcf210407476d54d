// Which rows are shown. Their order is the service's: worst first.
import type { WorklistRow } from '../../shared/api/staff'

export const filters = ['all', 'mine', 'unowned', 'silent', 'equipment'] as const
export type Filter = (typeof filters)[number]

export function passes(row: WorklistRow, filter: Filter, me: string): boolean {
  switch (filter) {
    case 'all':
      return true
    case 'mine':
      return row.alert.owner?.staff === me
    case 'unowned':
      return row.alert.owner === null
    case 'silent':
      return row.alert.kind === 'absence'
    case 'equipment':
      return row.alert.kind === 'equipment'
  }
}

/** Every word typed must begin a word of the row's name, sentence or reference. */
export function matches(row: WorklistRow, search: string): boolean {
  const text = plain(`${row.patient.given_name} ${row.patient.family_name} ${row.alert.sentence} ${row.alert.reference}`).split(/\s+/)
  return plain(search)
    .split(/\s+/)
    .every((word) => text.some((candidate) => candidate.startsWith(word)))
}

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim()
