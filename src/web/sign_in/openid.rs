//! What an OpenID provider says, and whether to believe it (OpenID Connect Core 1.0, authorisation code with PKCE).

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, RequestBuilder, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

const ANSWER_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT_BYTES: usize = 256 * 1024;
/// Keys that only the provider holds; nothing that we hold too, and never `none`.
const SIGNED_BY: [Algorithm; 3] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];
/// Two clocks differ by less.
const SKEW_SECONDS: i64 = 60;

#[derive(Debug)]
pub struct OpenId {
    client: Client,
}

/// The provider's own description.
#[derive(Debug, Deserialize)]
pub struct Description {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    userinfo_endpoint: Option<Url>,
}

/// What is the same for every visit of one organisation.
#[derive(Clone, Copy, Debug)]
pub struct Registered<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub client_secret: Option<&'a Secret>,
    pub redirect_uri: &'a str,
}

/// Who came back, as the provider says.
#[derive(Debug, Deserialize)]
pub struct Claims {
    pub sub: String,
    exp: i64,
    iat: i64,
    nonce: String,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub email_verified: bool,
    /// How they signed in there (RFC 8176).
    #[serde(default)]
    pub amr: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: String,
}

#[derive(Debug, Deserialize)]
struct About {
    sub: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

impl OpenId {
    /// # Errors
    /// Without a TLS configuration that could be used.
    pub fn new() -> anyhow::Result<Self> {
        let client = Client::builder().timeout(ANSWER_LIMIT).redirect(redirect::Policy::none()).build();
        Ok(Self { client: client.context("the client for OpenID providers could not start")? })
    }

    /// # Errors
    /// The provider does not answer, or is another than the one that was set up.
    pub async fn describe(&self, issuer: &str) -> anyhow::Result<Description> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let description: Description = read(self.client.get(address)).await.context("its description")?;
        ensure!(description.issuer == issuer, "it calls itself {:?}", description.issuer);
        for address in [&description.authorization_endpoint, &description.token_endpoint, &description.jwks_uri] {
            ensure!(is_safe(address), "its address {address} is not https");
        }
        Ok(description)
    }

    /// Where the browser goes.
    pub fn address(description: &Description, of: &Registered<'_>, state: &str, nonce: &str, verifier: &str) -> String {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut address = description.authorization_endpoint.clone();
        address.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", of.client_id),
            ("redirect_uri", of.redirect_uri),
            ("scope", "openid email"),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        address.into()
    }

    /// # Errors
    /// Whatever makes the provider's word not to be believed.
    pub async fn redeem(
        &self,
        of: &Registered<'_>,
        code: &str,
        nonce: &str,
        verifier: &str,
        now: Timestamp,
    ) -> anyhow::Result<Claims> {
        let description = self.describe(of.issuer).await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", of.redirect_uri),
            ("code_verifier", verifier),
            ("client_id", of.client_id),
        ];
        let body: String = reqwest::Url::parse_with_params("http://form", form)
            .context("a form")?
            .query()
            .unwrap_or_default()
            .to_owned();
        let mut request = self.client.post(description.token_endpoint).body(body);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some(secret) = of.client_secret {
            request = request.basic_auth(of.client_id, Some(secret.expose()));
        }
        let tokens: Tokens = read(request).await.context("its tokens")?;
        let keys: JwkSet = read(self.client.get(description.jwks_uri)).await.context("its keys")?;
        let mut claims = believed(&tokens.id_token, &keys, of, nonce, now)?;
        // Some say it here, most with the token.
        if let (None, Some(address)) = (&claims.email, description.userinfo_endpoint) {
            ensure!(is_safe(&address), "its address {address} is not https");
            let said: About =
                read(self.client.get(address).bearer_auth(tokens.access_token)).await.context("its word")?;
            ensure!(said.sub == claims.sub, "it speaks of somebody else");
            (claims.email, claims.email_verified) = (said.email, said.email_verified);
        }
        Ok(claims)
    }
}

/// The algorithm, the signature, then every claim that says for whom, by whom, until when and in answer to what.
fn believed(token: &str, keys: &JwkSet, of: &Registered<'_>, nonce: &str, now: Timestamp) -> anyhow::Result<Claims> {
    let header = decode_header(token).context("the token's header")?;
    ensure!(SIGNED_BY.contains(&header.alg), "the token is signed by {:?}", header.alg);
    let key = match &header.kid {
        Some(kid) => keys.find(kid).context("the token names a key that the provider does not have")?,
        None if keys.keys.len() == 1 => &keys.keys[0],
        None => bail!("the token does not say which key signed it"),
    };
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[of.issuer]);
    validation.set_audience(&[of.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The time is an argument: below.
    validation.validate_exp = false;
    let claims = decode::<Claims>(token, &DecodingKey::from_jwk(key)?, &validation).context("the token")?.claims;
    ensure!(claims.exp > now.as_second() - SKEW_SECONDS, "the token has ended");
    ensure!(claims.iat < now.as_second() + SKEW_SECONDS, "the token is from the future");
    ensure!(claims.nonce == nonce, "the token answers another question");
    ensure!(claims.azp.as_deref().is_none_or(|party| party == of.client_id), "the token is for another party");
    ensure!(!claims.sub.is_empty() && !claims.sub.contains('\0'), "the token is about nobody");
    Ok(claims)
}

/// Plain HTTP only within this machine.
fn is_safe(address: &Url) -> bool {
    let here = address.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
    address.scheme() == "https" || (address.scheme() == "http" && here)
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> anyhow::Result<T> {
    let mut response = request.send().await?.error_for_status()?;
    let mut bytes = Vec::new();
    while let Some(more) = response.chunk().await? {
        bytes.extend_from_slice(&more);
        ensure!(bytes.len() <= ANSWER_LIMIT_BYTES, "the answer is longer than {ANSWER_LIMIT_BYTES} bytes");
    }
    // What serde says would quote what the provider sent.
    serde_json::from_slice(&bytes).map_err(|_| anyhow::anyhow!("the answer is not what it should be"))
}
