import { expect, test } from 'vitest'
import { choices } from './snoozes'

const minutes = (most: number) => choices(most).map(([length]) => length)

test('never longer than allowed', () => {
  expect(minutes(120)).toEqual([30, 60, 120])
  expect(minutes(1440)).toEqual([60, 120, 240, 1440])
  expect(minutes(10080)).toEqual([240, 1440, 4320, 10080])
  expect(minutes(0)).toEqual([])
})
