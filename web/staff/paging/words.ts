// What the pages about pages say, apart from what the service says itself.
import type { ContactKind, PageLife, PageState } from '../../shared/api/staff'

export const over: Record<ContactKind, string> = { email: 'e-mail', pager: 'pager', sms: 'text message', webhook: 'webhook', web_push: 'browser notification' }

export const stands: Record<PageState, { mark: string; words: string }> = {
  handed_over: { mark: '✓', words: 'handed over' },
  waits: { mark: '…', words: 'not handed over yet' },
  given_up: { mark: '▲', words: 'given up' },
}

/** `Ida Shaw by pager` */
export const toWhom = (life: PageLife) => `${life.to ?? 'The operator'} by ${over[life.channel]}`

/** `A1042, A1043`; what it is where it is about no alert. */
export function about(life: PageLife): string {
  if (life.what) return life.what
  return life.about.map((each) => each.reference).join(', ') || 'an alert that was erased'
}
