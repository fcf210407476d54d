// The page's own colours, read for the canvas; black and white for paper.

export interface Palette {
  ink: string
  soft: string
  line: string
  surface: string
  data: string
  high: string
  medium: string
  low: string
  good: string
  font: string
}

export function palette(where: Element, onPaper: boolean): Palette {
  const style = getComputedStyle(where)
  const font = style.fontFamily
  if (onPaper) {
    const black = '#000'
    return { ink: black, soft: '#333', line: '#999', surface: '#fff', data: black, high: black, medium: black, low: black, good: black, font }
  }
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    ink: token('ink'),
    soft: token('ink-soft'),
    line: token('line'),
    surface: token('surface'),
    data: token('brand'),
    high: token('high'),
    medium: token('medium'),
    low: token('low'),
    good: token('good'),
    font,
  }
}
