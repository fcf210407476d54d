// What to say when something asked for did not happen.
import * as ask from './ask'

/** Null: the session has ended, and the sign-in page says so. */
export function failureWords(failure: unknown): string | null {
  if (failure instanceof ask.SignedOut) return null
  return failure instanceof ask.Refused ? failure.message : 'The service does not answer. Check the connection and try again.'
}
