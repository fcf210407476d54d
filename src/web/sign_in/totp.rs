//! One-time codes by the clock (RFC 6238), as every authenticator app makes them: SHA-1, six digits, thirty seconds.

use jiff::Timestamp;
use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Builder, Totp, TotpError};

use crate::random;
use crate::web::api::TotpOffer;

/// 160 bits, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// A phone's clock may be off by one step either way.
const SKEW_STEPS: u16 = 1;

pub fn new_secret() -> [u8; SECRET_BYTES] {
    random::bytes()
}

fn totp(secret: &[u8], account: &str) -> Result<Totp, TotpError> {
    // A colon would end the label's issuer.
    let account = account.replace(':', "");
    Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(SKEW_STEPS)
        .with_account_name(account)
        .with_issuer(Some("Derwent"))
        .build()
}

/// The step whose code this is, within one of now. Whether it was used before is the database's to say.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let now = u64::try_from(now.as_second()).ok()?;
    totp(secret, "").ok()?.check(&code, now).and_then(|step| i64::try_from(step).ok())
}

/// The code of an instant: what an authenticator app would show.
pub fn code(secret: &[u8], at: Timestamp) -> Option<String> {
    let at = u64::try_from(at.as_second()).ok()?;
    totp(secret, "").ok().map(|totp| totp.generate(at).to_string())
}

/// # Errors
/// A secret or account that no authenticator app would take.
pub fn offer(secret: &[u8], account: &str) -> anyhow::Result<TotpOffer> {
    let totp = totp(secret, account)?;
    let uri = totp.to_url()?;
    let qr = QrCode::new(&uri)?.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
    Ok(TotpOffer { secret: totp.secret().to_base32(), uri, qr })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238's secret and instants; its eight digits, shortened to six.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (at, expected) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let at = Timestamp::from_second(at).expect("an instant");
            assert_eq!(code(secret, at).as_deref(), Some(expected));
            assert_eq!(step_of(secret, expected, at), Some(at.as_second() / 30));
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_or_late_and_no_more() {
        let secret = new_secret();
        let now = Timestamp::from_second(1_800_000_000).expect("an instant");
        let step = now.as_second() / 30;
        for (off, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let other = Timestamp::from_second((step + off) * 30).expect("an instant");
            let code = code(&secret, other).expect("a code");
            // One code in a million is that of two steps; then this would be the wrong secret to try.
            assert_eq!(step_of(&secret, &code, now), good.then_some(step + off), "{off}");
        }
        assert_eq!(step_of(&secret, "", now), None);
        assert_eq!(step_of(&secret, "not a code", now), None);
    }

    #[test]
    fn an_authenticator_app_reads_the_offer() {
        let offer = offer(b"12345678901234567890", "ida@example.org").expect("an offer");
        assert_eq!(offer.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(
            offer.uri.starts_with("otpauth://totp/Derwent:ida%40example.org?secret=GEZDGNBVGY3TQOJQ"),
            "{}",
            offer.uri
        );
        assert!(offer.uri.contains("issuer=Derwent") && offer.qr.contains("<svg"), "{}", offer.uri);
    }
}
