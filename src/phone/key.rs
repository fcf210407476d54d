//! The key that makes a phone a device: made on it, never leaving it, signing each proof.

use anyhow::Context;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mobile_api::http::Jwk;
use mobile_api::proof::PROOF_TYPE;
use serde::Serialize;

/// Bytes of one coordinate of a point on P-256.
const COORDINATE_BYTES: usize = 32;

#[derive(Clone)]
pub struct Key {
    signing: EncodingKey,
    public: Jwk,
}

impl Key {
    pub fn generate() -> anyhow::Result<Self> {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .context("could not make a key")?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())
            .context("the key just made cannot be read")?;
        // An uncompressed point: 4, then both coordinates.
        let point = pair.public_key().as_ref();
        let coordinate = |from: usize| BASE64_URL_SAFE_NO_PAD.encode(&point[from..from + COORDINATE_BYTES]);
        let public =
            Jwk { kty: "EC".into(), crv: "P-256".into(), x: coordinate(1), y: coordinate(1 + COORDINATE_BYTES) };
        Ok(Self { signing: EncodingKey::from_ec_der(pkcs8.as_ref()), public })
    }

    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// A JWT over these claims (ES256).
    pub fn prove(&self, claims: &impl Serialize) -> anyhow::Result<String> {
        let header = Header { typ: Some(PROOF_TYPE.into()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.signing).context("could not sign a proof")
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("public", &self.public).finish_non_exhaustive()
    }
}
