// Which page is shown: the address bar decides, and only this file writes to it.

export type Route = { page: 'worklist' } | { page: 'patient'; patient: string; onlyChart: boolean }

export function routeOf(address: URL): Route {
  const patient = /^\/staff\/patients\/([0-9a-f-]{36})\/?$/.exec(address.pathname)?.[1]
  return patient ? { page: 'patient', patient, onlyChart: address.searchParams.get('only') === 'chart' } : { page: 'worklist' }
}

let current = $state<Route>(routeOf(new URL(location.href)))
addEventListener('popstate', () => (current = routeOf(new URL(location.href))))

export const route = {
  get now(): Route {
    return current
  },
}

export const patientPath = (patient: string) => `/staff/patients/${patient}`

export function go(path: string): void {
  history.pushState(null, '', path)
  current = routeOf(new URL(location.href))
  scrollTo(0, 0)
}

/** For links: a plain click stays in this page, every other click is the browser's. */
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const link = (event.currentTarget as HTMLAnchorElement).getAttribute('href')
  if (!link) return
  event.preventDefault()
  go(link)
}
