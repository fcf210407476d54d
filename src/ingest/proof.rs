//! Checks that a proof was signed by the device's key and says exactly what it must say.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use mobile_api::proof::PROOF_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The header of every proof. Whatever else a token says of itself (a key of its own, where to fetch one, what must be understood)
/// is a way to be fooled that nobody needs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
}

/// What a proof says of itself, unchecked: enough to find the key that must have signed it.
pub fn claimed<Claims: DeserializeOwned>(token: &str) -> Option<Claims> {
    part(token, 1)
}

/// Whether `token` is an ES256 proof by the key `jwk` over exactly these claims. The algorithm and the type are pinned; there
/// is no other way to be right, so there is no reason to give.
pub fn holds<Claims: DeserializeOwned + PartialEq>(token: &str, jwk: &serde_json::Value, expected: &Claims) -> bool {
    let header: Option<Header> = part(token, 0);
    if !header.is_some_and(|header| header.alg == "ES256" && header.typ == PROOF_TYPE) {
        return false;
    }
    let coordinate = |name: &str| jwk.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let Ok(key) = DecodingKey::from_ec_components(coordinate("x"), coordinate("y")) else { return false };
    let mut validation = Validation::new(Algorithm::ES256);
    // Every claim is compared below, as a whole; a proof has no `exp`, its nonce ends with the challenge.
    validation.validate_aud = false;
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    decode::<Claims>(token, &key, &validation).is_ok_and(|proof| proof.claims == *expected)
}

fn part<Part: DeserializeOwned>(token: &str, number: usize) -> Option<Part> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(number)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}
