// Gaps as gaps: nothing is drawn across a long silence but its own name.
import { day } from '../../shared/time/zone'
import type { Series } from '../../shared/api/staff'
import type { Canvas } from './paint'
import { silences } from './spans'

const ROOM_FOR_WORDS_CSS_PX = 68

export function paintSilences(canvas: Canvas, series: Series): void {
  const { context, box, ratio, colours } = canvas
  const times = series.points.filter((point) => !point.absent).map((point) => Date.parse(point.at))
  const known = series.gaps.map((gap) => ({ from: Date.parse(gap.from), until: Date.parse(gap.until), words: gap.text }))
  const silent = silences(times, series.usual_interval_hours, canvas.nowMs)
    .filter((silence) => !known.some((gap) => gap.from < silence.until && gap.until > silence.from))
    .map((silence) => ({ ...silence, words: 'no readings' }))

  for (const gap of [...known, ...silent]) {
    const from = Math.max(box.left, canvas.x(gap.from)) + 3 * ratio
    const until = Math.min(box.right, canvas.x(gap.until)) - 3 * ratio
    if (until - from < 24 * ratio) continue
    const y = box.bottom - 8 * ratio
    context.strokeStyle = colours.soft
    context.globalAlpha = 0.6
    context.lineWidth = ratio
    context.beginPath()
    context.moveTo(from, y - 4 * ratio)
    context.lineTo(from, y)
    context.lineTo(until, y)
    context.lineTo(until, y - 4 * ratio)
    context.stroke()
    context.globalAlpha = 1
    if (until - from < ROOM_FOR_WORDS_CSS_PX * ratio) continue
    const dates = `${day(gap.from, canvas.nowMs, canvas.zone)} – ${day(gap.until, canvas.nowMs, canvas.zone)}`
    context.font = `400 ${11.5 * ratio}px ${colours.font}`
    context.textAlign = 'center'
    context.fillStyle = colours.soft
    context.fillText(until - from > 3 * ROOM_FOR_WORDS_CSS_PX * ratio ? `${gap.words}, ${dates}` : gap.words, (from + until) / 2, y - 6 * ratio)
  }
}
