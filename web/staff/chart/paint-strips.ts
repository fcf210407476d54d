// Alerts on a strip above the plot, events, failed attempts and what was missed on a strip below.
import type { Priority, Series, SeriesAlert } from '../../shared/api/staff'
import type { Canvas } from './paint'

const MARK_CSS_PX = 5.5

export function paintAlerts(canvas: Canvas, alerts: SeriesAlert[]): void {
  const { context, box, ratio, colours } = canvas
  for (const alert of alerts) {
    const x = canvas.x(Date.parse(alert.at))
    if (x < box.left - 6 * ratio || x > box.right + 6 * ratio) continue
    context.fillStyle = context.strokeStyle = colours[alert.priority]
    context.lineWidth = ratio
    context.globalAlpha = 0.45
    context.setLineDash([2 * ratio, 3 * ratio])
    context.beginPath()
    context.moveTo(x, box.top - 3 * ratio)
    context.lineTo(x, box.bottom)
    context.stroke()
    context.setLineDash([])
    context.globalAlpha = 1
    mark(context, alert.priority, x, box.top - 11 * ratio, MARK_CSS_PX * ratio, alert.closed_at === null)
  }
}

/** ▲ ◆ ●: filled while the alert is open, an outline once it is closed. */
function mark(context: CanvasRenderingContext2D, priority: Priority, x: number, y: number, size: number, open: boolean): void {
  context.beginPath()
  if (priority === 'high') {
    context.moveTo(x, y - size)
    context.lineTo(x + size, y + size * 0.8)
    context.lineTo(x - size, y + size * 0.8)
  } else if (priority === 'medium') {
    context.moveTo(x, y - size)
    context.lineTo(x + size, y)
    context.lineTo(x, y + size)
    context.lineTo(x - size, y)
  } else {
    context.arc(x, y, size * 0.8, 0, 2 * Math.PI)
  }
  context.closePath()
  if (open) context.fill()
  else {
    context.lineWidth = size * 0.28
    context.stroke()
  }
}

export function paintEvents(canvas: Canvas, series: Series): void {
  const { context, box, ratio, colours } = canvas
  const y = box.bottom + 11 * ratio
  context.strokeStyle = context.fillStyle = colours.soft
  context.lineWidth = 1.5 * ratio
  const half = 3.5 * ratio
  for (const event of series.events) {
    const x = canvas.x(Date.parse(event.at))
    context.beginPath()
    context.moveTo(x, y - half)
    context.lineTo(x, y + half)
    context.stroke()
  }
  for (const due of series.missed) {
    context.beginPath()
    context.arc(canvas.x(Date.parse(due)), y, half, 0, 2 * Math.PI)
    context.stroke()
  }
  for (const point of series.points) {
    if (!point.absent) continue
    const x = canvas.x(Date.parse(point.at))
    context.beginPath()
    context.moveTo(x - half, y - half)
    context.lineTo(x + half, y + half)
    context.moveTo(x + half, y - half)
    context.lineTo(x - half, y + half)
    context.stroke()
  }
}
