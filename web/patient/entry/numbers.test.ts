import { expect, test } from 'vitest'
import { withNumbers } from './numbers'

test('numbers to ring stand apart from the words, and values do not', () => {
  expect(withNumbers('Call nobody else: call 999 now, or Samaritans on 116 123.')).toEqual(['Call nobody else: call ', '999', ' now, or Samaritans on ', '116 123', '.'])
  expect(withNumbers('A top number of 111 is usual.')).toEqual(['A top number of 111 is usual.'])
})
