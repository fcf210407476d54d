// The three priorities: their marks and their order.
export type Priority = 'high' | 'medium' | 'low'

export const mark: Record<Priority, string> = { high: '▲', medium: '◆', low: '●' }
export const rank: Record<Priority, number> = { high: 0, medium: 1, low: 2 }
