//! A notification in a browser: Web Push (RFC 8030), sealed so that this browser alone reads it (RFC 8291), signed with this installation's
//! key (VAPID, RFC 8292), because browsers take notifications from whom they subscribed to and from nobody else.
//!
//! Where it goes was given by a member of staff's browser, so the same holds as for a webhook: it may lead nowhere inside.

use std::sync::Arc;

use anyhow::Context;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lettre::message::Mailbox;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, StatusCode, Url};
use serde::Serialize;
use serde_json::json;

use crate::browser::Browser;
use crate::config::Config;
use crate::notify::channel::NotSent;
use crate::notify::http;
use crate::reach::Reach;
use crate::store::page::Taken;
use crate::store::{Store, push_key};

/// A push service takes 4,096 bytes (RFC 8030, section 7.2): so many characters fit, whatever they are.
const LONGEST_TEXT_CHARS: usize = 700;
/// Where a browser is switched off, the page's next step has rung by then.
const HIGH_KEPT: SignedDuration = SignedDuration::from_mins(15);
/// The next bundle has come by then.
const OTHERS_KEPT: SignedDuration = SignedDuration::from_hours(4);
/// At most 24 hours (RFC 8292, section 2).
const SIGNED_FOR: SignedDuration = SignedDuration::from_hours(12);

/// With which this installation signs.
#[derive(Clone)]
pub struct Key {
    signing: EncodingKey,
    /// The uncompressed point: what a browser subscribes with.
    public: Vec<u8>,
}

impl Key {
    /// This installation's; a new one if it has none yet.
    pub async fn of(store: &Store, now: Timestamp) -> anyhow::Result<Self> {
        if push_key::read(&store.owner).await?.is_none() {
            let new = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .context("could not make a key to sign notifications with")?;
            push_key::insert(&store.owner, new.as_ref(), &Self::read(new.as_ref())?.public, now).await?;
        }
        let kept = push_key::read(&store.owner).await?.context("the key to sign notifications with is gone")?;
        Self::read(&kept)
    }

    fn read(pkcs8: &[u8]) -> anyhow::Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .context("the key to sign notifications with cannot be read; delete the row of push_key to have another")?;
        Ok(Self { signing: EncodingKey::from_ec_der(pkcs8), public: pair.public_key().as_ref().to_vec() })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct WebPush {
    client: Client,
    reach: Arc<Reach>,
    key: Key,
    /// Whom a push service asks when something is wrong.
    operator: String,
    origin: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    sub: &'a str,
}

impl WebPush {
    pub fn open(config: &Config, key: Key) -> anyhow::Result<Self> {
        let reach = Arc::new(Reach::of(&config.push_networks));
        let client = http::client_within(&reach, "DERWENT_PUSH_NETWORKS");
        let client = client.build().context("the HTTP client for notifications in browsers could not start")?;
        let operator: Mailbox = config.operator().parse().context("the operator's mail address is none")?;
        Ok(Self { client, reach, key, operator: format!("mailto:{}", operator.email), origin: config.origin() })
    }

    pub async fn send(&self, page: &Taken, now: Timestamp) -> Result<String, NotSent> {
        let url = Url::parse(page.address.expose()).map_err(|_| NotSent::never("the browser's address is none"))?;
        self.reach.check(&url).map_err(NotSent::never)?;
        let browser = page.secret.as_ref().and_then(|keys| Browser::of(keys.expose())).ok_or_else(|| {
            NotSent::never("the browser was taken away, or its keys are none; add it again on the account page")
        })?;
        let sealed = browser.seal(self.message(page)).map_err(NotSent::never)?;
        let (kept, urgency) = if page.priority == "high" { (HIGH_KEPT, "high") } else { (OTHERS_KEPT, "normal") };
        let signature = self.sign(&url, now)?;
        let request = self
            .client
            .post(url)
            .header("TTL", kept.as_secs())
            .header("Urgency", urgency)
            .header(AUTHORIZATION, signature)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(sealed);
        let (status, _) = http::ask(request).await?;
        judge(status)
    }

    /// For the pages' worker, which shows it.
    fn message(&self, page: &Taken) -> String {
        let staff = format!("{}/staff/", self.origin);
        let link = page.body.split_whitespace().find(|word| word.starts_with(&staff)).unwrap_or(&staff);
        let without = |line: &str| line.split_whitespace().filter(|word| *word != link).collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = page.body.lines().map(without).collect();
        let text: String = lines.join("\n").trim().chars().take(LONGEST_TEXT_CHARS).collect();
        json!({ "page": page.page, "priority": page.priority, "subject": page.subject, "text": text, "link": link })
            .to_string()
    }

    fn sign(&self, url: &Url, now: Timestamp) -> Result<String, NotSent> {
        let claims = Claims {
            aud: url.origin().ascii_serialization(),
            exp: (now + SIGNED_FOR).as_second(),
            sub: &self.operator,
        };
        let token =
            jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key.signing).map_err(NotSent::never)?;
        Ok(format!("vapid t={token},k={}", BASE64_URL_SAFE_NO_PAD.encode(&self.key.public)))
    }
}

/// Each browser's maker runs a push service of its own: nothing that one answers says that notifications as such do not work.
fn judge(status: StatusCode) -> Result<String, NotSent> {
    match status {
        status if status.is_success() => Ok(format!("the browser's push service answered {status}")),
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            Err(NotSent::gone(format!("the browser takes no more notifications: its push service answered {status}")))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(NotSent::later(format!("the browser's push service answered {status}")))
        }
        status if status.is_server_error() => {
            Err(NotSent::later(format!("the browser's push service answered {status}")))
        }
        status => Err(NotSent::never(format!("the browser's push service refused the page with {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::retry::Failure;

    #[test]
    fn each_answer_says_again_never_or_nevermore() {
        for (status, failure) in [
            (429, Failure::Passing),
            (500, Failure::Passing),
            (503, Failure::Passing),
            (404, Failure::Gone),
            (410, Failure::Gone),
            (400, Failure::Permanent),
            (403, Failure::Permanent),
            (413, Failure::Permanent),
            (301, Failure::Permanent),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(judge(status).expect_err("not sent").failure, failure, "{status}");
        }
        let sent = Ok("the browser's push service answered 201 Created".to_owned());
        assert_eq!(judge(StatusCode::CREATED), sent);
    }
}
