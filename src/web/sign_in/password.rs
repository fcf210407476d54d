//! Passwords: argon2id, as PHC strings.

use anyhow::{anyhow, bail};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use crate::random;

/// Counted in characters.
pub const SHORTEST: usize = 12;
/// A longer one would only cost time.
const LONGEST_BYTES: usize = 1024;
/// Of a password nobody has; same cost as the others.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCE$9vZm1cW3uO3cO7r2E8c5cJbKcQYk9mYw0o2G4Zp3bXo";

/// Hashes a new password, if it is one worth having.
pub fn hash(password: &str) -> anyhow::Result<String> {
    if password.chars().count() < SHORTEST {
        bail!("a password has at least {SHORTEST} characters; choose a longer one");
    }
    if password.len() > LONGEST_BYTES {
        bail!("a password has at most {LONGEST_BYTES} bytes; choose a shorter one");
    }
    let salt = SaltString::encode_b64(&random::bytes::<16>()).map_err(|error| anyhow!("no salt: {error}"))?;
    let hash = Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map_err(|error| anyhow!("the password cannot be hashed: {error}"))?;
    Ok(hash.to_string())
}

/// Takes as long for an account that does not exist as for a wrong password. Costs tens of milliseconds of a core.
pub fn verify(password: &str, stored: Option<&str>) -> bool {
    if password.len() > LONGEST_BYTES {
        return false;
    }
    let matches = PasswordHash::new(stored.unwrap_or(NOBODYS))
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    matches && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_opens() {
        let stored = hash("river under bridges").expect("long enough");
        assert!(verify("river under bridges", Some(&stored)));
        assert!(!verify("river under bridge", Some(&stored)));
        assert!(!verify("river under bridges", None));
        assert!(!verify("", Some("not a hash")));
    }

    #[test]
    fn the_hash_compared_for_nobody_costs_as_much_as_a_real_one() {
        let stored = hash("river under bridges").expect("long enough");
        let cost = |text: &str| text.split('$').nth(3).map(str::to_owned);
        assert_eq!(cost(&stored), cost(NOBODYS));
        assert!(PasswordHash::new(NOBODYS).is_ok());
    }

    #[test]
    fn short_passwords_are_refused() {
        assert!(hash("elevenchars").is_err());
        assert!(hash("twelve chars").is_ok());
    }
}
