// Two OpenID providers on loopback for `tests/web/provider.rs` and `provider.spec.ts`: a certified one (npm `oidc-provider`), with
// somebody who walks through it and a page for a browser, and one that lies as it is told. Answers start with `>> `; whatever else is printed is the library's own.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import Provider from 'oidc-provider'

const [redirectUri] = process.argv.slice(2)
let account = {}
/** Somebody walks through who says beforehand who they are. */
let walking = false

const listen = (handler) =>
  new Promise((resolve) => {
    const server = createServer((request, response) => void handler(request, response))
    server.listen(0, '127.0.0.1', () => resolve({ server, address: `http://127.0.0.1:${server.address().port}` }))
  })

let honest
const { address: issuer } = await listen((request, response) => honest(request, response))
const provider = new Provider(issuer, {
  clients: [{ client_id: 'derwent', client_secret: 'a secret of the provider', redirect_uris: [redirectUri] }],
  cookies: { keys: ['loopback'] },
  pkce: { required: () => true },
  claims: { openid: ['sub', 'amr'], email: ['email', 'email_verified'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: account.email, email_verified: account.email_verified }) }),
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId })
    grant.addOIDCScope('openid email')
    await grant.save()
    return grant
  },
})
const library = provider.callback()
honest = (request, response) => {
  if (!request.url.startsWith('/interaction/')) return library(request, response)
  // A browser that goes back comes to an interaction that is over.
  return whoIsThere(request, response).catch((error) => response.writeHead(400).end(error.message))
}

/** Else a page asks: as whom, with a second factor or without, or not at all. */
async function whoIsThere(request, response) {
  const enter = () => provider.interactionFinished(request, response, { login: { accountId: account.sub, amr: account.amr, remember: false } })
  if (walking) return enter()
  let body = ''
  for await (const chunk of request) body += chunk
  const given = new URLSearchParams(body)
  if (given.get('do') === 'cancel') return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'called off' })
  const email = given.get('email')
  if (!email) {
    response.setHeader('content-type', 'text/html')
    return response.end(`<!doctype html><html lang="en"><title>Their provider</title><main><h1>Their provider</h1><form method="post">
      <label>E-mail <input name="email" autofocus></label> <label><input type="checkbox" name="mfa"> With a second factor</label>
      <button name="do" value="enter">Enter</button> <button name="do" value="cancel">Cancel</button></form></main></html>`)
  }
  account = { sub: email, email, email_verified: true, amr: given.has('mfa') ? ['pwd', 'mfa'] : ['pwd'] }
  await enter()
}

/** Somebody's browser, from our address to where it is sent back. */
async function walk(address) {
  const cookies = new Map()
  for (let hops = 0; hops < 10; hops += 1) {
    if (address.startsWith(redirectUri)) return address
    const answer = await fetch(address, { redirect: 'manual', headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') } })
    for (const set of answer.headers.getSetCookie()) {
      const [name, value] = set.split(';')[0].split(/=(.*)/)
      if (value) cookies.set(name, value)
      else cookies.delete(name)
    }
    const next = answer.headers.get('location')
    if (!next) throw new Error(`${address} answered ${answer.status}: ${await answer.text()}`)
    address = new URL(next, address).href
  }
  throw new Error('sent around in a ring')
}

// The liar: its code says what is wrong with the token, and the nonce it should have.
const [own, foreign] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
const publicKey = { ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'RS256' }
const { address: liar } = await listen(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  const [wrong = '', nonce = ''] = (new URLSearchParams(body).get('code') ?? '').split(' ')
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: liar, aud: 'derwent', sub: 'ida', iat: now, exp: now + 60, nonce, email: 'ida@example.org', email_verified: true, amr: ['mfa'] }
  Object.assign(
    claims,
    {
      iss: { iss: 'https://elsewhere.example' },
      aud: { aud: 'another' },
      azp: { azp: 'another' },
      nonce: { nonce: 'another' },
      expired: { exp: now - 120 },
      future: { iat: now + 600 },
      nobody: { sub: '' },
      'text-exp': { exp: String(now + 60) },
      unverified: { email_verified: false },
      'text-verified': { email_verified: 'true' },
    }[wrong],
  )
  const sign = (key, header) => new SignJWT(claims).setProtectedHeader(header).sign(key)
  const token = () => {
    if (wrong === 'none') return new UnsecuredJWT(claims).encode()
    if (wrong === 'secret') return sign(new TextEncoder().encode(publicKey.n), { alg: 'HS256', kid: 'own' })
    if (wrong === 'key') return sign(foreign.privateKey, { alg: 'RS256', kid: 'own' })
    if (wrong === 'kid') return sign(own.privateKey, { alg: 'RS256', kid: 'another' })
    return sign(own.privateKey, { alg: 'RS256', kid: 'own' })
  }
  const answers = {
    '/.well-known/openid-configuration': () => ({ issuer: liar, authorization_endpoint: `${liar}/authorize`, token_endpoint: `${liar}/token`, jwks_uri: `${liar}/keys` }),
    '/keys': () => ({ keys: [publicKey] }),
    '/token': async () => ({ id_token: await token(), token_type: 'Bearer', access_token: 'none' }),
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(await answers[request.url]?.()))
})

console.log(`>> ${issuer}`)
console.log(`>> ${liar}`)
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  account = asked.account
  walking = true
  console.log(`>> ${await walk(asked.url).catch((error) => `failed: ${error.message}`)}`)
}
process.exit()
