// Draws a series onto uPlot's canvas, from back to front. uPlot gives axes, scales and the cursor; every mark is ours.
import type uPlot from 'uplot'
import type { Series } from '../../shared/api/staff'
import { band } from './limits'
import type { Palette } from './palette'
import { paintBands } from './paint-bands'
import { paintPoints } from './paint-points'
import { paintLimits } from './paint-limits'
import { paintSilences } from './paint-silences'
import { paintAlerts, paintEvents } from './paint-strips'

/** Everything a painter needs: where, what, and in which colours. Lengths are canvas pixels: CSS pixels times `ratio`. */
export interface Canvas {
  context: CanvasRenderingContext2D
  ratio: number
  box: { left: number; top: number; right: number; bottom: number }
  x(atMs: number): number
  y(value: number): number
  colours: Palette
  zone: string
  nowMs: number
}

export const STRIP_CSS_PX = 22
/** Room right of the plot for the names of limits or bands; on a narrow screen only the limits' numbers fit. */
export function marginCssPx(series: Series, widthCssPx: number): number {
  const isNarrow = widthCssPx < 520
  if (series.bands.length) return isNarrow ? 12 : 128
  if (series.limits.length) return isNarrow ? 34 : 104
  return 12
}

export function paint(plot: uPlot, series: Series, colours: Palette, zone: string, nowMs: number, ratio: number): void {
  const { left, top, width, height } = plot.bbox
  const canvas: Canvas = {
    context: plot.ctx,
    ratio,
    box: { left, top, right: left + width, bottom: top + height },
    x: (at) => plot.valToPos(at / 1000, 'x', true),
    y: (value) => plot.valToPos(value, 'y', true),
    colours,
    zone,
    nowMs,
  }
  plot.ctx.save()
  paintBands(canvas, series.bands)
  paintSilences(canvas, series)
  paintLimits(canvas, series.limits.map(band))
  plot.ctx.restore()

  plot.ctx.save()
  clipToStrips(canvas)
  paintAlerts(canvas, series.alerts)
  paintPoints(canvas, series)
  paintEvents(canvas, series)
  plot.ctx.restore()
}

function clipToStrips({ context, box, ratio }: Canvas): void {
  const strip = STRIP_CSS_PX * ratio
  context.beginPath()
  context.rect(box.left - 6 * ratio, box.top - strip, box.right - box.left + 12 * ratio, box.bottom - box.top + 2 * strip)
  context.clip()
}
