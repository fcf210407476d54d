//! What one browser alone reads notifications with, as its subscription says it: pure but for the dice that sealing rolls.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use web_push_native::{Auth, p256};

const AUTH_BYTES: usize = 16;

#[derive(Debug)]
pub struct Browser {
    key: p256::PublicKey,
    auth: Auth,
}

impl Browser {
    /// From both parts as a browser says them (`p256dh` and `auth`, base64url), joined by a dot. None: they are none.
    pub fn of(keys: &str) -> Option<Self> {
        let (key, auth) = keys.split_once('.')?;
        let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let auth = bytes(auth).filter(|auth| auth.len() == AUTH_BYTES)?;
        Some(Self { key: p256::PublicKey::from_sec1_bytes(&bytes(key)?).ok()?, auth: Auth::clone_from_slice(&auth) })
    }

    /// For this browser's eyes (RFC 8291, `aes128gcm`).
    pub fn seal(&self, message: String) -> Result<Vec<u8>, web_push_native::Error> {
        web_push_native::encrypt(message.into_bytes(), &self.key, &self.auth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_says_of_itself_is_read_or_refused() {
        // RFC 8291, section 5.
        let (key, auth) = (
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        );
        assert!(Browser::of(&format!("{key}.{auth}")).is_some());
        for wrong in ["", ".", key, &format!("{key}."), &format!("{auth}.{key}"), &format!("{key}.{key}"), "é.é"] {
            assert!(Browser::of(wrong).is_none(), "{wrong}");
        }
    }
}
