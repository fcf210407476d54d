// The service's time, ticking. Due times are care time, and this computer's own clock may be wrong.

const TICK_MS = 1_000

let offset = $state(0)
let machine = $state(Date.now())
setInterval(() => (machine = Date.now()), TICK_MS)

export const careClock = {
  /** Milliseconds since 1970, in care time. */
  get now(): number {
    return machine + offset
  },
}

export function setCareClock(now: string): void {
  machine = Date.now()
  offset = Date.parse(now) - machine
}
