// Which page the phone shows. Each is a step in the browser's history, so that *back* goes back.
export type View =
  | { page: 'home' }
  | { page: 'entry'; vital: string }
  | { page: 'questions'; questionnaire: string }
  | { page: 'receipt'; id: string }
  | { page: 'readings' }
  | { page: 'messages' }
  | { page: 'opened' }
  | { page: 'away' }

let current = $state.raw<View>({ page: 'home' })

addEventListener('popstate', (event) => (current = (event.state as View | null) ?? { page: 'home' }))

export const view = {
  get now(): View {
    return current
  },
}

export function show(next: View): void {
  history.pushState(next, '')
  current = next
  scrollTo(0, 0)
}

/** In place of the page before: *back* must not send a reading twice. */
export function replace(next: View): void {
  history.replaceState(next, '')
  current = next
  scrollTo(0, 0)
}

export function home(): void {
  replace({ page: 'home' })
}
