declare module 'http_ece' {
  import type { ECDH } from 'node:crypto'
  /** Of one message as RFC 8188 seals it. */
  export function decrypt(message: Buffer, how: { version: 'aes128gcm'; privateKey: ECDH; authSecret: string }): Buffer
}
