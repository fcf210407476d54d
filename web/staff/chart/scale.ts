// The vertical scale: what was measured and the limits in force, with room at both edges; all that a score can be.
import type { Series } from '../../shared/api/staff'

/** Values that may stretch the scale: an impossible one stays at the edge instead. */
export function verticalRange(series: Series): [number, number] {
  if (series.levels.length > 0) return [-0.5, series.levels.length - 0.5]
  const [lowest, highest] = [series.bands[0], series.bands.at(-1)]
  if (lowest && highest) return [lowest.from - (highest.until - lowest.from) * 0.04, highest.until]
  const values = series.points.filter((point) => point.state !== 'impossible').flatMap((point) => Object.values(point.values))
  values.push(...series.limits.map((limit) => limit.value))
  if (values.length === 0) return [0, 1]
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  const room = Math.max((high - low) * 0.08, Math.abs(high) * 0.01, 0.5)
  return [low - room, high + room]
}
