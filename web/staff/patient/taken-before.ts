// Who had an alert before it asked for somebody again. Its owner is forgotten then; its history is not.
import type { Alert } from '../../shared/api/staff'

const why: Record<string, string> = { came_back: 'it came back', raised: 'it got worse', worsened: 'it got worse', renewed: 'it began anew', released: 'they let go of it' }

const has = ['acknowledged', 'snoozed', 'accepted', 'rang_no_answer', 'offered']

/** `Ida Shaw had it; it came back`, or null: nobody had it, or somebody has it now. */
export function takenBefore(alert: Pick<Alert, 'acknowledged_at' | 'history'>): { name: string; why: string } | null {
  if (alert.acknowledged_at) return null
  const taken = alert.history.findLastIndex((event) => has.includes(event.what))
  const name = alert.history[taken]?.by
  if (!name) return null
  const lost = alert.history.slice(taken + 1).find((event) => event.what in why)
  return { name, why: why[lost?.what ?? ''] ?? 'it is open again' }
}
