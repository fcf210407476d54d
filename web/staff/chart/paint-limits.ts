// Limits as bands that step where they changed: a line, with a shoulder on its bad side.
import type { Band } from './limits'
import type { Canvas } from './paint'
import type { Palette } from './palette'
import { figure } from './words'

const SHOULDER_CSS_PX = 7

export function paintLimits(canvas: Canvas, bands: Band[]): void {
  const { context, box, ratio, colours } = canvas
  for (const limit of bands) {
    const from = Math.max(box.left, canvas.x(Date.parse(limit.from)))
    const until = limit.until === null ? box.right : Math.min(box.right, canvas.x(Date.parse(limit.until)))
    if (until <= from) continue
    const y = canvas.y(limit.value)
    const colour = toneColour(limit, colours)
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

  }
  nameThem(canvas, bands)
}

/** In the right margin, beside the bands still in force; those that would touch are moved apart. */
function nameThem({ context, box, ratio, colours, y }: Canvas, bands: Band[]): void {
  const inForce = bands.filter((limit) => limit.until === null).toSorted((a, b) => b.value - a.value)
  const narrow = (box.right - box.left) / ratio < 380
  context.font = `500 ${12 * ratio}px ${colours.font}`
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  let free = -Infinity
  for (const limit of inForce) {
    const at = Math.max(y(limit.value), free)
    free = at + 13 * ratio
    context.fillStyle = toneColour(limit, colours)
    context.fillText(narrow ? figure(limit.value) : `${limit.words} ${figure(limit.value)}`, box.right + 8 * ratio, at)
  }
  context.textBaseline = 'alphabetic'
}

function toneColour(limit: Band, colours: Palette): string {
  return limit.tone === 'severe' ? colours.high : limit.tone === 'target' ? colours.good : colours.medium
}
