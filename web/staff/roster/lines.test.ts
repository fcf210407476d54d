import { expect, test } from 'vitest'
import { Refused } from '../ask'
import { refusedLines } from './lines'

const refused = (message: string) => new Refused(400, { error: { code: 'bad_request', message } })

test('a refusal is found at its lines, and what is about none at none', () => {
  expect(refusedLines(refused('Line 2: "moonday" is no day\nLine 7: nobody is named'))).toEqual([
    { line: 1, says: '"moonday" is no day' },
    { line: 6, says: 'nobody is named' },
  ])
  expect(refusedLines(refused('Cover needs hours.'))).toEqual([])
  expect(refusedLines(new Error('Line 1: of somebody else'))).toEqual([])
})
