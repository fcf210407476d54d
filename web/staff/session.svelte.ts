// Who is signed in. Every page's fetch passes through `guarded`, so an ended session leads to the sign-in page.
import * as ask from './ask'
import type { Me } from '../shared/api/staff'

let me = $state<Me | null>(null)
let known = $state(false)

export const session = {
  get me(): Me | null {
    return me
  },
  /** False until the service told us once whether somebody is signed in. */
  get known(): boolean {
    return known
  },
}

export async function refreshSession(): Promise<void> {
  try {
    me = await ask.me()
  } catch (failure) {
    if (!(failure instanceof ask.SignedOut)) throw failure
    me = null
  }
  known = true
}

export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (failure) {
    if (failure instanceof ask.SignedOut) me = null
    throw failure
  }
}

/** Throws if the service does not answer: then the session goes on, and whoever leaves must know. */
export async function leave(): Promise<void> {
  try {
    await ask.signOut()
  } catch (failure) {
    if (!(failure instanceof ask.SignedOut)) throw failure
  }
  me = null
}
