// The readings themselves: a bar from systolic to diastolic, or points that a line joins only across the usual interval.
import type { Series, SeriesPoint } from '../../shared/api/staff'
import { look, type Look } from './look'
import type { Canvas } from './paint'
import { runs } from './spans'

const RADIUS_CSS_PX = 3.5
/** Closer together than this, marks shrink. */
const DENSE_CSS_PX = 6

export function paintPoints(canvas: Canvas, series: Series): void {
  const [upper, lower] = series.components
  const drawn = series.points.filter((point) => !point.absent)
  const width = canvas.box.right - canvas.box.left
  const dense = drawn.length > 0 && width / drawn.length < DENSE_CSS_PX * canvas.ratio
  const size = (dense ? 2 : RADIUS_CSS_PX) * canvas.ratio

  if (series.vital === 'blood_pressure' && upper && lower) {
    for (const point of drawn) bar(canvas, point, upper, lower, size, dense)
  } else if (upper) {
    joinAcrossUsualInterval(canvas, drawn, upper, series.usual_interval_hours, dense)
    for (const point of drawn) single(canvas, point, upper, size)
  }
}

function joinAcrossUsualInterval({ context, ratio, colours, x, y }: Canvas, points: SeriesPoint[], component: string, hours: number, dense: boolean): void {
  const measured = points.filter((point) => point.state === 'standing' && point.values[component] !== undefined && !point.comparators[component])
  context.strokeStyle = colours.data
  context.globalAlpha = 0.45
  context.lineWidth = (dense ? 1 : 1.5) * ratio
  for (const run of runs(measured.map((point) => Date.parse(point.at)), hours)) {
    context.beginPath()
    for (const index of run) {
      const point = measured[index]
      const value = point?.values[component]
      if (point && value !== undefined) context.lineTo(x(Date.parse(point.at)), y(value))
    }
    context.stroke()
  }
  context.globalAlpha = 1
}

function bar(canvas: Canvas, point: SeriesPoint, upper: string, lower: string, size: number, dense: boolean): void {
  const { context, ratio, colours } = canvas
  const high = point.values[upper]
  const low = point.values[lower]
  if (point.state === 'impossible' || high === undefined || low === undefined) {
    for (const component of [upper, lower]) if (point.values[component] !== undefined || point.comparators[component]) single(canvas, point, component, size)
    return
  }
  const style = look(point, upper, high)
  const x = canvas.x(Date.parse(point.at)) - (style.faint ? 5 * ratio : 0)
  context.globalAlpha = style.faint ? 0.35 : 1
  context.strokeStyle = colours.data
  context.lineWidth = (dense ? 1.25 : 2.5) * ratio
  context.setLineDash(style.dashedRing ? [3 * ratio, 2 * ratio] : [])
  context.beginPath()
  context.moveTo(x, canvas.y(high))
  context.lineTo(x, canvas.y(low))
  context.stroke()
  context.setLineDash([])
  for (const value of [high, low]) dot(canvas, x, canvas.y(value), size, style)
  if (style.faint) tie(canvas, x, canvas.y(high))
  context.globalAlpha = 1
}

function single(canvas: Canvas, point: SeriesPoint, component: string, size: number): void {
  const { box, ratio } = canvas
  const value = point.values[component]
  const style = look(point, component, midValue(canvas))
  const x = canvas.x(Date.parse(point.at)) - (style.faint ? 5 * ratio : 0)
  const inset = 7 * ratio
  const y = style.edge === 'top' ? box.top + inset : style.edge === 'bottom' ? box.bottom - inset : value === undefined ? undefined : canvas.y(value)
  if (y === undefined) return
  canvas.context.globalAlpha = style.faint ? 0.35 : 1
  if (style.arrow) arrow(canvas, x, y, style.edge === 'top' ? -1 : 1, size)
  else dot(canvas, x, y, size, style)
  if (style.faint) tie(canvas, x, y)
  canvas.context.globalAlpha = 1
}

/** The value at the middle of the plot: an impossible value below it goes to the lower edge. */
function midValue(canvas: Canvas): number {
  const unit = canvas.y(1) - canvas.y(0)
  return ((canvas.box.top + canvas.box.bottom) / 2 - canvas.y(0)) / unit
}

function dot({ context, ratio, colours }: Canvas, x: number, y: number, size: number, style: Look): void {
  context.fillStyle = style.hollow ? colours.surface : colours.data
  context.strokeStyle = colours.data
  context.lineWidth = 1.5 * ratio
  context.beginPath()
  if (style.shape === 'square') context.rect(x - size * 0.88, y - size * 0.88, size * 1.76, size * 1.76)
  else context.arc(x, y, size, 0, 2 * Math.PI)
  context.fill()
  if (style.hollow) context.stroke()
  if (style.dashedRing) {
    context.setLineDash([2.5 * ratio, 2 * ratio])
    context.beginPath()
    context.arc(x, y, size + 3.5 * ratio, 0, 2 * Math.PI)
    context.stroke()
    context.setLineDash([])
  }
  if (style.struck) {
    context.strokeStyle = colours.high
    context.beginPath()
    context.moveTo(x - size * 2, y + size * 2)
    context.lineTo(x + size * 2, y - size * 2)
    context.stroke()
  }
}

/** HI and LO: an arrow out of the scale. */
function arrow({ context, colours, ratio }: Canvas, x: number, y: number, direction: -1 | 1, size: number): void {
  const reach = Math.max(size, 3 * ratio) * 1.5
  context.strokeStyle = colours.high
  context.lineWidth = 2 * ratio
  context.beginPath()
  context.moveTo(x, y - direction * reach)
  context.lineTo(x, y + direction * reach)
  context.moveTo(x - reach * 0.7, y + direction * reach * 0.3)
  context.lineTo(x, y + direction * reach)
  context.lineTo(x + reach * 0.7, y + direction * reach * 0.3)
  context.stroke()
}

/** From a replaced point to the one that stands at the same time. */
function tie({ context, colours, ratio }: Canvas, x: number, y: number): void {
  context.strokeStyle = colours.soft
  context.lineWidth = ratio
  context.beginPath()
  context.moveTo(x, y)
  context.lineTo(x + 5 * ratio, y)
  context.stroke()
}
