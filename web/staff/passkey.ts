// Passkeys as browsers know them: the service's JSON in, the authenticator's answer as JSON out.

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
const text = (buffer: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

type Named = { id: string; type: 'public-key'; transports?: AuthenticatorTransport[] }
const named = (list: Named[] | undefined) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }))

export const passkeysWork = (): boolean => typeof PublicKeyCredential !== 'undefined'

/** Why there is no answer, in words. */
export class NoPasskey extends Error {}

async function asked(work: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await work
    if (credential instanceof PublicKeyCredential) return credential
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === 'InvalidStateError') throw new NoPasskey('This device holds a passkey of yours already.')
    if (!(failure instanceof DOMException)) throw failure
  }
  throw new NoPasskey('No passkey was used: it was called off, took too long, or there is none on this device.')
}

export async function createPasskey(options: { publicKey: unknown }): Promise<unknown> {
  const given = options.publicKey as Record<string, unknown> & { challenge: string; user: { id: string; name: string; displayName: string }; excludeCredentials?: Named[] }
  const publicKey = {
    ...given,
    challenge: bytes(given.challenge),
    user: { ...given.user, id: bytes(given.user.id) },
    excludeCredentials: named(given.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions
  const made = await asked(navigator.credentials.create({ publicKey }))
  const response = made.response as AuthenticatorAttestationResponse
  return {
    ...common(made),
    response: {
      attestationObject: text(response.attestationObject),
      clientDataJSON: text(response.clientDataJSON),
      transports: response.getTransports?.() ?? [],
    },
  }
}

export async function usePasskey(options: { publicKey: unknown }): Promise<unknown> {
  const given = options.publicKey as Record<string, unknown> & { challenge: string; allowCredentials?: Named[] }
  const publicKey = { ...given, challenge: bytes(given.challenge), allowCredentials: named(given.allowCredentials) } as unknown as PublicKeyCredentialRequestOptions
  const used = await asked(navigator.credentials.get({ publicKey }))
  const response = used.response as AuthenticatorAssertionResponse
  return {
    ...common(used),
    response: {
      authenticatorData: text(response.authenticatorData),
      clientDataJSON: text(response.clientDataJSON),
      signature: text(response.signature),
      userHandle: response.userHandle && text(response.userHandle),
    },
  }
}

const common = (credential: PublicKeyCredential) => ({ id: credential.id, rawId: text(credential.rawId), type: credential.type, extensions: credential.getClientExtensionResults() })
