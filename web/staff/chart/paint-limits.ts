// Limits as bands that step where they changed: a line, with a shoulder on its bad side.
import type { Band } from './limits'
import type { Canvas } from './paint'
import { figure } from './words'

const SHOULDER_CSS_PX = 7

export function paintLimits(canvas: Canvas, bands: Band[]): void {
  const { context, box, ratio, colours } = canvas
  const labelled: number[] = []
  for (const limit of bands) {
    const from = Math.max(box.left, canvas.x(Date.parse(limit.from)))
    const until = limit.until === null ? box.right : Math.min(box.right, canvas.x(Date.parse(limit.until)))
    if (until <= from) continue
    const y = canvas.y(limit.value)
    const colour = limit.tone === 'severe' ? colours.high : limit.tone === 'target' ? colours.good : colours.medium
    const shoulder = SHOULDER_CSS_PX * ratio

    context.fillStyle = colour
    context.globalAlpha = 0.14
    context.fillRect(from, limit.side === 'above' ? y - shoulder : y, until - from, shoulder)
    context.globalAlpha = 0.85
    context.strokeStyle = colour
    context.lineWidth = ratio
    context.setLineDash(limit.tone === 'target' ? [] : [5 * ratio, 4 * ratio])
    context.beginPath()
    context.moveTo(from, y)
    context.lineTo(until, y)
    context.stroke()
    context.setLineDash([])
    context.globalAlpha = 1

    // The label stands on the good side, where the band is still in force; one that would cover another is left out (the table of limits has it).
    const labelY = limit.side === 'above' ? y + 11 * ratio : y - 5 * ratio
    if (limit.until === null && !labelled.some((other) => Math.abs(other - labelY) < 12 * ratio)) {
      labelled.push(labelY)
      context.font = `500 ${11.5 * ratio}px ${colours.font}`
      context.textAlign = 'left'
      context.fillStyle = colour
      context.fillText(`${limit.words} ${figure(limit.value)}`, box.left + 6 * ratio, labelY)
    }
  }
}
