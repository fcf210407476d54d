// The words a clinician signed for a value just entered, with or without signal. Nothing else is judged here.
import type { AdviceBand } from '../../shared/api/mobile/AdviceBand'
import type { Quantity } from '../../shared/api/mobile/Quantity'

/** The first band of the plan that fits any component. A meter's HI is above every bound, its LO below every one. */
export function adviceFor(bands: AdviceBand[], vital: string, values: Record<string, Quantity>): AdviceBand | undefined {
  return bands.find((band) => {
    const quantity = values[band.component]
    return band.vital === vital && quantity !== undefined && fits(band, quantity)
  })
}

function fits(band: AdviceBand, quantity: Quantity): boolean {
  if (quantity.comparator === 'high') return band.at_or_above !== undefined && band.below === undefined
  if (quantity.comparator === 'low') return band.below !== undefined && band.at_or_above === undefined
  // Units are never converted here: a band in another unit says nothing.
  if (quantity.value === undefined || quantity.unit !== band.unit) return false
  return (band.at_or_above === undefined || quantity.value >= band.at_or_above) && (band.below === undefined || quantity.value < band.below)
}
