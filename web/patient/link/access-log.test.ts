import { describe, expect, it } from 'vitest'
import type { Access } from '../../shared/api/mobile/Access'
import { visits } from './access-log'

const access = (number: number, at: string, who: string, did: string, why: string | null = null): Access => ({
  number,
  at: `2026-11-21T${at}:00Z`,
  who,
  profession: 'nurse',
  organisation: 'Belper',
  team: 'Belper team',
  did,
  why,
  emergency: why !== null,
})

describe('who opened the record', () => {
  it('is one visit where the same person did several things within an hour', () => {
    const all = visits([
      access(5, '09:40', 'Ida', 'looked at a chart'),
      access(4, '09:39', 'Ida', 'looked at a chart'),
      access(3, '09:05', 'Ida', 'opened the record'),
      access(2, '08:00', 'Ida', 'opened the record'),
    ])
    expect(all.map((visit) => visit.did)).toEqual([['opened the record', 'looked at a chart'], ['opened the record']])
  })

  it('keeps people, and every reason, apart', () => {
    const all = visits([
      access(4, '09:03', 'Ida', 'opened the record'),
      access(3, '09:02', 'Tom', 'opened the record in an emergency', 'found at home'),
      access(2, '09:01', 'Tom', 'opened the record in an emergency', 'asked by her daughter'),
      access(1, '09:00', 'Ida', 'opened the record'),
    ])
    expect(all.map((visit) => [visit.first.who, visit.first.why])).toEqual([
      ['Ida', null],
      ['Tom', 'found at home'],
      ['Tom', 'asked by her daughter'],
      ['Ida', null],
    ])
  })
})
