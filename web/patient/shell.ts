// The app's own shell (page, scripts, styles, fonts), complete or not at all: a page is kept together with every file it
// names, in a cache of its own, and only then takes the place of the one before.
const PAGE = '/app/'
const SHELL = 'derwent-shell-'
/** With a network that hangs, the kept page is shown instead. */
const PAGE_WITHIN_MS = 3_000

/** Fetches what the page names, then lets the shells before it go. */
export async function keepShell(page: Response): Promise<void> {
  const text = await page.clone().text()
  const name = SHELL + (await digest(text))
  const shell = await caches.open(name)
  // The page goes in last: a shell that has one is complete.
  if (await shell.match(PAGE)) return
  const named = filesNamedBy(text)
  await shell.addAll(named)
  for (const style of named.filter((file) => file.endsWith('.css'))) {
    const css = await (await shell.match(style))?.text()
    await shell.addAll(filesNamedBy(css ?? ''))
  }
  await shell.put(PAGE, page)
  for (const other of await caches.keys()) if (other.startsWith(SHELL) && other !== name) await caches.delete(other)
}

export async function fetchShell(): Promise<void> {
  const page = await fetch(PAGE)
  if (!page.ok) throw new Error(`the page answered ${page.status}`)
  await keepShell(page)
}

/**
 * The newest page, if the service gives it and all it names in time, else the kept one. `lasting` keeps the worker awake: what
 * comes too late is kept for the next time.
 */
export async function page(request: Request, lasting: (work: Promise<unknown>) => void): Promise<Response> {
  // Only a complete shell has one.
  const kept = await caches.match(PAGE)
  const fresh = fetch(request)
  const complete = fresh.then(async (answer) => {
    if (answer.ok) await keepShell(answer.clone())
    return answer.ok || answer.type === 'opaqueredirect' ? answer : null
  })
  const orNull = complete.catch(() => null)
  lasting(orNull)
  if (!kept) return fresh
  return (await Promise.race([orNull, new Promise<null>((resolve) => setTimeout(() => resolve(null), PAGE_WITHIN_MS))])) ?? kept
}

/** Files whose name holds their hash never change; the few others change with the page. */
export async function file(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request)
}

/** Addresses on our own host: of attributes in the page, of `url()` in a style sheet. */
export function filesNamedBy(text: string): string[] {
  return [...new Set([...text.matchAll(/(?:\b(?:href|src)="|url\(["']?)(\/[^"')]+)/g)].map((found) => found[1] ?? ''))]
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return [...bytes.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
