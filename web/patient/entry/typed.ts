// What was typed, as a number. Odd numbers are let through: the service keeps and marks them.

/** Null when it is not a number. A comma is a point. */
export function typedNumber(text: string): number | null {
  const plain = text.trim().replace(',', '.')
  return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : null
}
