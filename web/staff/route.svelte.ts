// Which page is shown: the address bar decides, and only this file writes to it.

export type Route =
  | { page: 'worklist' }
  /** Where the link in a page or a mail leads. */
  | { page: 'alert'; reference: string }
  /** Opening a record that one's teams do not look after. */
  | { page: 'break-glass' }
  /** One's own sessions, password and second factor. */
  | { page: 'account' }
  /** Who is on duty in a team; without one, in the first of one's own. */
  | { page: 'roster'; team: string | null }
  /** On paper, for whoever comes on duty. */
  | { page: 'handover'; team: string }
  /** Who works here: for administrators. */
  | { page: 'people' }
  /** Whom the service paged, or the life of one page: for administrators. */
  | { page: 'paging'; one: string | null }
  | { page: 'patient'; patient: string; onlyChart: boolean }

export function routeOf(address: URL): Route {
  const patient = /^\/staff\/patients\/([0-9a-f-]{36})\/?$/.exec(address.pathname)?.[1]
  const reference = /^\/staff\/alerts\/(A\d+)\/?$/.exec(address.pathname)?.[1]
  if (/^\/staff\/break-glass\/?$/.test(address.pathname)) return { page: 'break-glass' }
  const roster = /^\/staff\/roster(?:\/([0-9a-f-]{36}))?\/?$/.exec(address.pathname)
  if (roster) return { page: 'roster', team: roster[1] ?? null }
  const handover = /^\/staff\/handover\/([0-9a-f-]{36})\/?$/.exec(address.pathname)?.[1]
  if (handover) return { page: 'handover', team: handover }
  const paging = /^\/staff\/paging(?:\/([0-9a-f-]{36}))?\/?$/.exec(address.pathname)
  if (paging) return { page: 'paging', one: paging[1] ?? null }
  const plain = /^\/staff\/(account|people)\/?$/.exec(address.pathname)?.[1]
  if (plain === 'account' || plain === 'people') return { page: plain }
  if (reference) return { page: 'alert', reference }
  return patient ? { page: 'patient', patient, onlyChart: address.searchParams.get('only') === 'chart' } : { page: 'worklist' }
}

let current = $state<Route>(routeOf(new URL(location.href)))
addEventListener('popstate', () => (current = routeOf(new URL(location.href))))

export const route = {
  get now(): Route {
    return current
  },
}

export const rosterPath = (team: string) => `/staff/roster/${team}`
export const handoverPath = (team: string) => `/staff/handover/${team}`
export const pagingPath = (page: string) => `/staff/paging/${page}`
export const patientPath = (patient: string) => `/staff/patients/${patient}`

/** The token of an invitation's link. It leaves the address bar at once, so that nobody reads it there later. */
export function takeInvitation(): string | null {
  if (!/^\/staff\/invitation\/?$/.test(location.pathname)) return null
  const token = location.hash.slice(1)
  history.replaceState(null, '', '/staff/invitation')
  return token
}

/** What an organisation's own sign-in said on the way back. It leaves the address bar at once. */
export function takeProvidersWord(): URLSearchParams | null {
  if (!/^\/staff\/provider\/?$/.test(location.pathname)) return null
  const said = new URLSearchParams(location.search)
  history.replaceState(null, '', '/staff/provider')
  return said
}

export function go(path: string): void {
  history.pushState(null, '', path)
  current = routeOf(new URL(location.href))
  scrollTo(0, 0)
}

/** In place of the address before. */
export function replace(path: string): void {
  history.replaceState(null, '', path)
  current = routeOf(new URL(location.href))
}

/** For links: a plain click stays in this page, every other click is the browser's. */
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const link = (event.currentTarget as HTMLAnchorElement).getAttribute('href')
  if (!link) return
  event.preventDefault()
  go(link)
}
