// What stretches of a score are called, behind everything: deeper the worse, with an edge that paper shows too.
import type { SeriesBand } from '../../shared/api/staff'
import type { Canvas } from './paint'

const DEEPEST = 0.2

export function paintBands(canvas: Canvas, bands: SeriesBand[]): void {
  const { context, box, ratio, colours, y } = canvas
  const narrow = (box.right - box.left) / ratio < 380
  context.font = `500 ${12 * ratio}px ${colours.font}`
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  bands.forEach((band, index) => {
    const [top, bottom] = [y(band.until), y(band.from)]
    context.fillStyle = colours.medium
    context.globalAlpha = (DEEPEST * index) / Math.max(1, bands.length - 1)
    context.fillRect(box.left, top, box.right - box.left, bottom - top)
    context.globalAlpha = 1
    if (index > 0) {
      context.strokeStyle = colours.soft
      context.globalAlpha = 0.4
      context.lineWidth = ratio
      context.setLineDash([2 * ratio, 3 * ratio])
      context.beginPath()
      context.moveTo(box.left, bottom)
      context.lineTo(box.right, bottom)
      context.stroke()
      context.setLineDash([])
      context.globalAlpha = 1
    }
    context.fillStyle = colours.soft
    // Beside the band where there is room, else in it.
    context.fillText(band.words, narrow ? box.left + 6 * ratio : box.right + 8 * ratio, narrow ? top + 9 * ratio : (top + bottom) / 2)
  })
  context.textBaseline = 'alphabetic'
}
