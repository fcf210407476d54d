// How far back a chart looks.
export const ranges = ['7 d', '30 d', '90 d', '1 y', 'all'] as const
export type Range = (typeof ranges)[number]

const DAY_MS = 86_400_000
const days: Record<Range, number> = { '7 d': 7, '30 d': 30, '90 d': 90, '1 y': 365, all: 36_525 }

export const rangeStart = (range: Range, nowMs: number) => new Date(nowMs - days[range] * DAY_MS).toISOString()
