// For how long an alert can be put off, in the words staff choose from.
const all: [number, string][] = [
  [30, '30 minutes'],
  [60, '1 hour'],
  [120, '2 hours'],
  [240, '4 hours'],
  [1440, '1 day'],
  [4320, '3 days'],
  [10080, '7 days'],
]

/** The four longest that are allowed, shortest first. */
export const choices = (most: number) => all.filter(([minutes]) => minutes <= most).slice(-4)
