//! The only place that rolls dice: identifiers, tokens, enrolment codes.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::secret::Secret;

/// Letters and digits that cannot be mistaken for each other when read aloud or from a small screen (Crockford's base 32).
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 32^10 codes; five wrong answers kill one and it lives 72 hours.
const CODE_LETTERS: usize = 10;

/// A new identifier, ordered by the time of its making (UUID version 7).
#[expect(clippy::disallowed_methods, reason = "the one place that makes identifiers")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source answers");
    bytes
}

/// 256 bits as base64url: session tokens, nonces.
pub fn token() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A code a co-ordinator reads out: `7K3QM-X0ZTB`.
pub fn enrolment_code() -> String {
    let letters = letters::<CODE_LETTERS>();
    format!("{}-{}", &letters[..CODE_LETTERS / 2], &letters[CODE_LETTERS / 2..])
}

/// A code a member of staff keeps on paper, 80 bits: `7K3Q-MX0Z-TB4N-9PQR`.
pub fn recovery_code() -> String {
    let letters = letters::<16>();
    format!("{}-{}-{}-{}", &letters[..4], &letters[4..8], &letters[8..12], &letters[12..])
}

fn letters<const N: usize>() -> String {
    bytes::<N>().iter().map(|byte| char::from(CODE_ALPHABET[usize::from(byte % 32)])).collect()
}

/// A secret that signs webhooks, as Standard Webhooks writes it.
pub fn webhook_secret() -> Secret {
    format!("whsec_{}", BASE64_STANDARD.encode(bytes::<32>())).into()
}

/// A code to type in.
pub fn digits(count: usize) -> String {
    // 250 is the last multiple of ten in a byte: the rest would favour the small digits.
    std::iter::from_fn(|| Some(bytes::<1>()[0]))
        .filter(|byte| *byte < 250)
        .map(|byte| char::from(b'0' + byte % 10))
        .take(count)
        .collect()
}

/// A fraction in [0, 1), for jitter.
pub fn fraction() -> f64 {
    f64::from(u32::from_le_bytes(bytes::<4>())) / (f64::from(u32::MAX) + 1.0)
}
