// Calls once when the element is on the screen of a page that somebody can see: only that is *shown*.

export function reallySeen(element: HTMLElement, seen: () => void): { destroy(): void } {
  let onScreen = false
  const tell = () => {
    if (!onScreen || document.visibilityState !== 'visible') return
    stop()
    seen()
  }
  const observer = new IntersectionObserver(
    (entries) => {
      onScreen = entries.at(-1)?.isIntersecting ?? false
      tell()
    },
    { rootMargin: '0px 0px -48px 0px' },
  )
  const stop = () => {
    observer.disconnect()
    document.removeEventListener('visibilitychange', tell)
  }
  observer.observe(element)
  document.addEventListener('visibilitychange', tell)
  return { destroy: stop }
}
