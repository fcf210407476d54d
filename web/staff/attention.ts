// Whether somebody is there. What a page asks for by itself must not keep a session open that nobody uses.

const AWAY_MS = 60_000
let touchedAt = Date.now()

/** Once, by the page itself. */
export function watchAttention(): void {
  for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
    addEventListener(kind, () => (touchedAt = Date.now()), { capture: true, passive: true })
}

/** Nobody has touched this page for a minute. */
export const unattended = (): boolean => Date.now() - touchedAt > AWAY_MS
