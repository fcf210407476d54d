//! The table: each case makes one false proof out of what a right one would say.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair,
};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use derwent::random;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{PATH, base64url};
use crate::wire::now;

const TYPE: &str = "derwent-proof+jwt";

/// A key whose private half a test may misuse.
pub struct Pair {
    /// PKCS #8
    private: Vec<u8>,
    pair: EcdsaKeyPair,
}

impl Pair {
    pub fn new(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap().as_ref().to_vec();
        Self { pair: EcdsaKeyPair::from_pkcs8(algorithm, &private).unwrap(), private }
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec()
    }

    /// The uncompressed point.
    fn point(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub fn jwk(&self) -> Value {
        let (x, y) = self.point()[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) })
    }
}

/// What a case is made of.
pub struct Forge {
    pub key: Pair,
    pub device: Uuid,
    /// Of somebody else, enrolled too.
    pub other_key: Pair,
    pub other_device: Uuid,
    /// What a right proof would say now.
    pub claims: Value,
}

impl Forge {
    pub fn header() -> Value {
        json!({ "alg": "ES256", "typ": TYPE })
    }

    /// Signed by the device's own key, as it stands.
    fn raw(&self, header: &str, claims: &[u8]) -> String {
        let signed = format!("{}.{}", base64url(header), base64url(claims));
        format!("{signed}.{}", base64url(self.key.sign(&signed)))
    }

    pub fn token(&self, header: &Value, claims: &Value) -> String {
        self.raw(&header.to_string(), claims.to_string().as_bytes())
    }

    pub fn right(&self) -> String {
        self.token(&Self::header(), &self.claims)
    }

    /// The right claims under another header.
    fn headed(&self, change: Value) -> String {
        self.token(&with(Self::header(), change), &self.claims)
    }

    /// Other claims under the right header; null takes one out.
    pub fn saying(&self, change: Value) -> String {
        self.token(&Self::header(), &with(self.claims.clone(), change))
    }

    /// Header and claims as right, the signature as given.
    fn signed_with(&self, header: &Value, signature: impl Fn(&str) -> Vec<u8>) -> String {
        let signed = format!("{}.{}", base64url(header.to_string()), base64url(self.claims.to_string()));
        format!("{signed}.{}", base64url(signature(&signed)))
    }

    /// HMAC with something that everybody knows.
    fn with_secret(&self, secret: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let header = json!({ "alg": "HS256", "typ": TYPE });
        self.signed_with(&header, |signed| hmac::sign(&key, signed.as_bytes()).as_ref().to_vec())
    }
}

/// `null` takes a field out.
pub fn with(mut object: Value, change: Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => object.as_object_mut().unwrap().remove(name),
            value => object.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    object
}

pub type Case = (&'static str, fn(&Forge) -> String);

macro_rules! cases {
    ($($name:literal => $make:expr),* $(,)?) => {
        vec![$({
            let make: fn(&Forge) -> String = $make;
            ($name, make)
        }),*]
    };
}

/// Wrong in any conversation.
pub fn corpus() -> Vec<Case> {
    cases![
        "empty" => |_| String::new(),
        "no token" => |_| "nonsense".into(),
        "only dots" => |_| "..".into(),
        "no signature" => |forge| forge.right().rsplit_once('.').unwrap().0.to_owned(),
        "an empty signature" => |forge| format!("{}.", forge.right().rsplit_once('.').unwrap().0),
        // Algorithms.
        "alg none" => |forge| forge.signed_with(&json!({ "alg": "none", "typ": TYPE }), |_| Vec::new()),
        "alg None" => |forge| forge.signed_with(&json!({ "alg": "None", "typ": TYPE }), |_| Vec::new()),
        "alg none, signed" => |forge| forge.headed(json!({ "alg": "none" })),
        "alg empty" => |forge| forge.headed(json!({ "alg": "" })),
        "alg missing" => |forge| forge.headed(json!({ "alg": null })),
        "alg a list" => |forge| forge.headed(json!({ "alg": ["ES256"] })),
        "alg in small letters" => |forge| forge.headed(json!({ "alg": "es256" })),
        "HS256 with the public point" => |forge| forge.with_secret(forge.key.point()),
        "HS256 with the public key as JSON" => |forge| forge.with_secret(forge.key.jwk().to_string().as_bytes()),
        "HS256 with x" => |forge| forge.with_secret(&forge.key.point()[1..33]),
        "HS256 with nothing" => |forge| forge.with_secret(b""),
        "alg HS256, signed by the key" => |forge| forge.headed(json!({ "alg": "HS256" })),
        "alg RS256" => |forge| forge.headed(json!({ "alg": "RS256" })),
        "alg PS256" => |forge| forge.headed(json!({ "alg": "PS256" })),
        "alg EdDSA" => |forge| forge.headed(json!({ "alg": "EdDSA" })),
        "alg ES256K" => |forge| forge.headed(json!({ "alg": "ES256K" })),
        "alg ES384, signed by the key" => |forge| forge.headed(json!({ "alg": "ES384" })),
        "ES384 by a key of that kind" => |forge| {
            let key = Pair::new(&ECDSA_P384_SHA384_FIXED_SIGNING);
            forge.signed_with(&json!({ "alg": "ES384", "typ": TYPE }), |signed| key.sign(signed))
        },
        // Headers.
        "typ missing" => |forge| forge.headed(json!({ "typ": null })),
        "typ JWT" => |forge| forge.headed(json!({ "typ": "JWT" })),
        "typ of another protocol" => |forge| forge.headed(json!({ "typ": "dpop+jwt" })),
        "typ in capitals" => |forge| forge.headed(json!({ "typ": TYPE.to_uppercase() })),
        "typ a number" => |forge| forge.headed(json!({ "typ": 1 })),
        "another kid" => |forge| forge.headed(json!({ "kid": forge.other_device })),
        "its own kid" => |forge| forge.headed(json!({ "kid": forge.device })),
        "kid a path" => |forge| forge.headed(json!({ "kid": "../../../dev/null" })),
        "a jwk of its own, signed by it" => |forge| {
            let key = Pair::new(&ECDSA_P256_SHA256_FIXED_SIGNING);
            let header = with(Forge::header(), json!({ "jwk": key.jwk() }));
            forge.signed_with(&header, |signed| key.sign(signed))
        },
        "the device's own jwk" => |forge| forge.headed(json!({ "jwk": forge.key.jwk() })),
        "jku" => |forge| forge.headed(json!({ "jku": "http://127.0.0.1:1/keys" })),
        "x5u" => |forge| forge.headed(json!({ "x5u": "http://127.0.0.1:1/key.pem" })),
        "x5c" => |forge| forge.headed(json!({ "x5c": ["AAAA"] })),
        "crit" => |forge| forge.headed(json!({ "crit": ["exp"], "exp": 1 })),
        "crit, empty" => |forge| forge.headed(json!({ "crit": [] })),
        "b64 false" => |forge| forge.headed(json!({ "b64": false, "crit": ["b64"] })),
        "zip" => |forge| forge.headed(json!({ "zip": "DEF" })),
        "cty" => |forge| forge.headed(json!({ "cty": "JWT" })),
        "two algs, the right one last" => |forge| forge.raw(
            &format!("{{\"alg\":\"none\",\"typ\":\"{TYPE}\",\"alg\":\"ES256\"}}"), forge.claims.to_string().as_bytes(),
        ),
        "two algs, the right one first" => |forge| forge.raw(
            &format!("{{\"alg\":\"ES256\",\"typ\":\"{TYPE}\",\"alg\":\"none\"}}"), forge.claims.to_string().as_bytes(),
        ),
        "a header that is a list" => |forge| forge.raw(&format!("[\"ES256\",\"{TYPE}\"]"), forge.claims.to_string().as_bytes()),
        "a header that is no JSON" => |forge| forge.raw("{alg:ES256}", forge.claims.to_string().as_bytes()),
        "a header swapped after signing" => |forge| {
            let right = forge.right();
            format!("{}.{}", base64url(json!({ "typ": TYPE, "alg": "ES256" }).to_string()), right.split_once('.').unwrap().1)
        },
        // Keys and signatures.
        "another device's key" => |forge| forge.signed_with(&Forge::header(), |signed| forge.other_key.sign(signed)),
        "a key nobody enrolled" => |forge| {
            let key = Pair::new(&ECDSA_P256_SHA256_FIXED_SIGNING);
            forge.signed_with(&Forge::header(), |signed| key.sign(signed))
        },
        "a signature in ASN.1" => |forge| {
            let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &forge.key.private).unwrap();
            forge.signed_with(&Forge::header(), |signed| {
                key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec()
            })
        },
        "a signature of zeros" => |forge| forge.signed_with(&Forge::header(), |_| vec![0; 64]),
        "a signature of ones" => |forge| forge.signed_with(&Forge::header(), |_| vec![255; 64]),
        "a short signature" => |forge| forge.signed_with(&Forge::header(), |signed| forge.key.sign(signed)[..63].to_vec()),
        "a long signature" => |forge| forge.signed_with(&Forge::header(), |signed| [forge.key.sign(signed), vec![0]].concat()),
        "halves of the signature swapped" => |forge| forge.signed_with(&Forge::header(), |signed| {
            let signature = forge.key.sign(signed);
            [&signature[32..], &signature[..32]].concat()
        }),
        "one bit of the signature" => |forge| forge.signed_with(&Forge::header(), |signed| {
            let mut signature = forge.key.sign(signed);
            signature[7] ^= 1;
            signature
        }),
        "claims changed after signing" => |forge| {
            let right = forge.right();
            let parts: Vec<&str> = right.split('.').collect();
            let claims = with(forge.claims.clone(), json!({ "x": 1 }));
            format!("{}.{}.{}", parts[0], base64url(claims.to_string()), parts[2])
        },
        // Encodings.
        "padding" => |forge| {
            let signed = format!("{}.{}", base64url(Forge::header().to_string()), base64url(forge.claims.to_string()));
            format!("{signed}.{}", BASE64_URL_SAFE.encode(forge.key.sign(&signed)))
        },
        "the other alphabet" => |forge| {
            let signed = format!("{}.{}", base64url(Forge::header().to_string()), base64url(forge.claims.to_string()));
            let signature = loop {
                let text = BASE64_STANDARD.encode(forge.key.sign(&signed)).trim_end_matches('=').to_owned();
                if text.contains(['+', '/']) {
                    break text;
                }
            };
            format!("{signed}.{signature}")
        },
        "a dot before" => |forge| format!(".{}", forge.right()),
        "a dot after" => |forge| format!("{}.", forge.right()),
        "a fourth part" => |forge| format!("{}.AAAA", forge.right()),
        "five parts" => |forge| format!("{}.AAAA.AAAA", forge.right()),
        "an empty part between" => |forge| forge.right().replacen('.', "..", 1),
        "quoted" => |forge| format!("\"{}\"", forge.right()),
        "twice" => |forge| format!("{0},{0}", forge.right()),
        "as JSON" => |forge| {
            let right = forge.right();
            let parts: Vec<&str> = right.split('.').collect();
            json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] }).to_string()
        },
        "claims that are a list" => |forge| forge.token(&Forge::header(), &json!([forge.claims])),
        "claims that are a string" => |forge| forge.token(&Forge::header(), &json!(forge.claims.to_string())),
        "claims that are null" => |forge| forge.token(&Forge::header(), &json!(null)),
        "claims with a mark before" => |forge| {
            forge.raw(&Forge::header().to_string(), format!("\u{feff}{}", forge.claims).as_bytes())
        },
        "claims that are no UTF-8" => |forge| forge.raw(&Forge::header().to_string(), b"{\"iss\":\"\xff\"}"),
        "more after the claims" => |forge| {
            forge.raw(&Forge::header().to_string(), format!("{}{{}}", forge.claims).as_bytes())
        },
        // Claims.
        "no claims" => |forge| forge.token(&Forge::header(), &json!({})),
        "iss missing" => |forge| forge.saying(json!({ "iss": null })),
        "iss another device" => |forge| forge.saying(json!({ "iss": forge.other_device })),
        "iss a list" => |forge| forge.saying(json!({ "iss": [forge.device] })),
        "iss no id" => |forge| forge.saying(json!({ "iss": "dorothy" })),
        "aud missing" => |forge| forge.saying(json!({ "aud": null })),
        "aud another origin" => |forge| forge.saying(json!({ "aud": "https://elsewhere.example" })),
        "aud a list with ours" => |forge| forge.saying(json!({ "aud": [forge.claims["aud"]] })),
        "aud with a slash" => |forge| forge.saying(json!({ "aud": format!("{}/", forge.claims["aud"].as_str().unwrap()) })),
        "aud in capitals" => |forge| forge.saying(json!({ "aud": forge.claims["aud"].as_str().unwrap().to_uppercase() })),
        "aud empty" => |forge| forge.saying(json!({ "aud": "" })),
        "aud everything" => |forge| forge.saying(json!({ "aud": "*" })),
        "two auds, ours last" => |forge| {
            let claims = forge.claims.to_string();
            forge.raw(&Forge::header().to_string(), claims.replacen('{', "{\"aud\":\"https://elsewhere.example\",", 1).as_bytes())
        },
        "two auds, ours first" => |forge| {
            let claims = forge.claims.to_string();
            let claims = format!("{},\"aud\":\"https://elsewhere.example\"}}", claims.strip_suffix('}').unwrap());
            forge.raw(&Forge::header().to_string(), claims.as_bytes())
        },
        "nonce missing" => |forge| forge.saying(json!({ "nonce": null })),
        "nonce a number" => |forge| forge.saying(json!({ "nonce": 0 })),
        "nonce a list" => |forge| forge.saying(json!({ "nonce": [forge.claims["nonce"]] })),
        "iat missing" => |forge| forge.saying(json!({ "iat": null })),
        "iat a string" => |forge| forge.saying(json!({ "iat": forge.claims["iat"].to_string() })),
        "iat a date" => |forge| forge.saying(json!({ "iat": now() })),
        "iat a float" => |forge| forge.saying(json!({ "iat": forge.claims["iat"].as_f64().unwrap() })),
        "iat a fraction" => |forge| forge.saying(json!({ "iat": forge.claims["iat"].as_f64().unwrap() + 0.5 })),
        "iat true" => |forge| forge.saying(json!({ "iat": true })),
        "iat beyond all numbers" => |forge| {
            let claims = forge.claims.to_string().replace(&format!("\"iat\":{}", forge.claims["iat"]), "\"iat\":1e999");
            forge.raw(&Forge::header().to_string(), claims.as_bytes())
        },
    ]
}

/// Wrong where the nonce is the connection's own: over HTTP these are right proofs over a nonce that is not known.
pub fn corpus_of_sockets() -> Vec<Case> {
    cases![
        "another nonce" => |forge| forge.saying(json!({ "nonce": random::token() })),
        "no nonce" => |forge| forge.saying(json!({ "nonce": "" })),
        "the nonce in other letters" => |forge| forge.saying(json!({ "nonce": forge.claims["nonce"].as_str().unwrap().to_lowercase() })),
        "a second later" => |forge| forge.saying(json!({ "iat": forge.claims["iat"].as_i64().unwrap() + 1 })),
        "a second earlier" => |forge| forge.saying(json!({ "iat": forge.claims["iat"].as_i64().unwrap() - 1 })),
        "in milliseconds" => |forge| forge.saying(json!({ "iat": forge.claims["iat"].as_i64().unwrap() * 1000 })),
        "before 1970" => |forge| forge.saying(json!({ "iat": -forge.claims["iat"].as_i64().unwrap() })),
    ]
}

/// Wrong about the request.
pub fn corpus_of_requests() -> Vec<Case> {
    cases![
        "htm missing" => |forge| forge.saying(json!({ "htm": null })),
        "htm another" => |forge| forge.saying(json!({ "htm": "GET" })),
        "htm in small letters" => |forge| forge.saying(json!({ "htm": "post" })),
        "htu missing" => |forge| forge.saying(json!({ "htu": null })),
        "htu another" => |forge| forge.saying(json!({ "htu": "/mobile/v1/plan" })),
        "htu with a query" => |forge| forge.saying(json!({ "htu": format!("{PATH}?for=p1") })),
        "htu with a slash" => |forge| forge.saying(json!({ "htu": format!("{PATH}/") })),
        "htu with the origin" => |forge| forge.saying(json!({ "htu": format!("{}{PATH}", forge.claims["aud"].as_str().unwrap()) })),
        "body_sha256 missing" => |forge| forge.saying(json!({ "body_sha256": null })),
        "body_sha256 of nothing" => |forge| forge.saying(json!({ "body_sha256": base64url(digest(&SHA256, b"")) })),
        "body_sha256 in hexadecimal" => |forge| {
            let hash = BASE64_URL_SAFE_NO_PAD.decode(forge.claims["body_sha256"].as_str().unwrap()).unwrap();
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            forge.saying(json!({ "body_sha256": hex }))
        },
        "body_sha256 padded" => |forge| {
            forge.saying(json!({ "body_sha256": format!("{}=", forge.claims["body_sha256"].as_str().unwrap()) }))
        },
        "a socket's proof" => |forge| forge.saying(json!({ "htm": null, "htu": null, "body_sha256": null })),
    ]
}
