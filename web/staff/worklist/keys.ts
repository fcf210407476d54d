// Single keys as shortcuts. They can be turned off (WCAG 2.1.4), and never act while somebody types or a dialog is open.

const SETTING = 'derwent.keys'

export const keysAreOn = () => localStorage.getItem(SETTING) !== 'off'
export const setKeys = (on: boolean) => localStorage.setItem(SETTING, on ? 'on' : 'off')

export function onKeys(event: KeyboardEvent, keys: Record<string, () => void>): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !keysAreOn()) return
  const where = event.target as HTMLElement
  if (where.closest('input, textarea, select, dialog, [contenteditable]')) return
  const act = keys[event.key]
  if (!act) return
  event.preventDefault()
  act()
}
