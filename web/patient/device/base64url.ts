// base64url without padding, as JWTs use it.
export function base64url(bytes: ArrayBuffer | Uint8Array): string {
  let text = ''
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte)
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

export const base64urlOfText = (text: string) => base64url(new TextEncoder().encode(text))
