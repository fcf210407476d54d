//! Recovery codes: for whoever has lost the other second factor. Each opens once.

use sha2::{Digest, Sha256};

use crate::random;

pub const CODES: usize = 10;

/// New codes, and what the database keeps of them.
pub fn new_codes() -> (Vec<String>, Vec<[u8; 32]>) {
    let codes: Vec<String> = (0..CODES).map(|_| random::recovery_code()).collect();
    let hashes = codes.iter().map(|code| hash(code)).collect();
    (codes, hashes)
}

/// Of the code however it was typed: small letters, without dashes, O for 0, I or L for 1.
pub fn hash(code: &str) -> [u8; 32] {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    Sha256::digest(plain.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_carelessly_but_not_wrong() {
        let (codes, hashes) = new_codes();
        assert_eq!(codes.len(), CODES);
        assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");
        let careless = codes[0].to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(hash(&careless), hashes[0]);
        assert_ne!(hash(&codes[0][1..]), hashes[0]);
    }
}
