// Single keys as shortcuts. They can be turned off (WCAG 2.1.4), and never act while somebody types or a dialog is open.

const SETTING = 'derwent.keys'

export const keysAreOn = () => localStorage.getItem(SETTING) !== 'off'
export const setKeys = (on: boolean) => localStorage.setItem(SETTING, on ? 'on' : 'off')

export function onKeys(event: KeyboardEvent, keys: Record<string, () => void>): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !keysAreOn()) return
  const where = event.target as HTMLElement
  // A dialog that was just closed keeps the focus until the page is drawn again.
  const dialog = where.closest('dialog')
  if (dialog ? dialog.open : where.closest('input, textarea, select, [contenteditable]')) return
  const act = keys[event.key]
  if (!act) return
  event.preventDefault()
  act()
}
