// What UCUM itself makes of values, for `tests/web/units.rs`: JSON in, JSON out. `[{ value, unit, to, molarMass? }]` →
// the converted values, in order.
import { readFileSync } from 'node:fs'
import ucum from '@lhncbc/ucum-lhc'

const units = ucum.UcumLhcUtils.getInstance()

function converted({ value, unit, to, molarMass }) {
  // It converts no arbitrary unit ([iU]), not even to itself.
  if (unit === to) {
    const { status, msg } = units.validateUnitString(unit)
    if (status !== 'valid') throw new Error(`${unit}: ${msg.join('; ')}`)
    return value
  }
  const { status, msg, toVal } = units.convertUnitTo(unit, value, to, { molecularWeight: molarMass })
  if (status !== 'succeeded') throw new Error(`${value} ${unit} to ${to}: ${msg.join('; ')}`)
  return toVal
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(converted)))
