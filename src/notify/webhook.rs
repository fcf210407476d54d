//! A signed webhook: Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`). The page's id is the
//! `webhook-id`, so a receiver recognises what had to be sent again.
//!
//! The address was given by a member of staff, so it could point inside: it leads nowhere but where webhooks may go.

use std::sync::Arc;

use anyhow::Context;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url};
use serde_json::json;

use crate::config::Config;
use crate::notify::channel::NotSent;
use crate::notify::http;
use crate::reach::Reach;
use crate::secret::Secret;
use crate::store::page::Taken;

const PREFIX: &str = "whsec_";

#[derive(Debug)]
pub struct Webhook {
    client: Client,
    reach: Arc<Reach>,
    origin: String,
}

impl Webhook {
    /// None: webhooks are not allowed anywhere.
    pub fn open(config: &Config, origin: &str) -> anyhow::Result<Option<Self>> {
        if config.webhook_networks.is_empty() {
            return Ok(None);
        }
        let reach = Arc::new(Reach::of(&config.webhook_networks));
        let client = http::client_within(&reach, "DERWENT_WEBHOOK_NETWORKS");
        let client = client.build().context("the HTTP client for webhooks could not start")?;
        Ok(Some(Self { client, reach, origin: origin.to_owned() }))
    }

    pub async fn send(&self, page: &Taken, now: Timestamp) -> Result<String, NotSent> {
        let url = Url::parse(page.address.expose()).map_err(|_| NotSent::never("the webhook's address is none"))?;
        self.reach.check(&url).map_err(NotSent::never)?;
        let key = page.secret.as_ref().and_then(key).ok_or_else(|| {
            NotSent::never("the webhook was taken away, or its secret is none; add it again on the account page")
        })?;
        let kind = match (page.test, page.alerts.is_empty()) {
            (true, _) => "page.test",
            (false, true) => "contact.code",
            (false, false) => "page",
        };
        let body = json!({
            "type": kind,
            "timestamp": now,
            "data": {
                "page": page.page,
                "priority": page.priority,
                "subject": page.subject,
                "text": page.body,
                "link": format!("{}/staff/", self.origin),
            },
        })
        .to_string();
        let (id, second) = (page.page.to_string(), now.as_second());
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", second)
            .header("webhook-signature", sign(&key, &id, second, body.as_bytes()))
            .body(body);
        let (status, _) = http::ask(request).await?;
        judge(status)
    }
}

fn key(secret: &Secret) -> Option<hmac::Key> {
    let bytes = BASE64_STANDARD.decode(secret.expose().strip_prefix(PREFIX)?).ok()?;
    Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// `v1,` and the signature over id, second and body.
fn sign(key: &hmac::Key, id: &str, second: i64, body: &[u8]) -> String {
    let mut signing = hmac::Context::with_key(key);
    signing.update(format!("{id}.{second}.").as_bytes());
    signing.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(signing.sign()))
}

/// Of a receiver that is not ours: nothing it answers says that webhooks as such do not work, so none of it opens the breaker.
fn judge(status: StatusCode) -> Result<String, NotSent> {
    match status {
        status if status.is_success() => Ok(format!("the webhook answered {status}")),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(NotSent::later(format!("the webhook answered {status}")))
        }
        status if status.is_server_error() => Err(NotSent::later(format!("the webhook answered {status}"))),
        StatusCode::GONE => Err(NotSent::gone(format!("the webhook wants no more pages: it answered {status}"))),
        // A redirect: give the address where it ends.
        status => Err(NotSent::never(format!("the webhook refused the page with {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::retry::Failure;
    use crate::random;

    #[test]
    fn it_signs_as_the_specification_does() {
        // The test vector of the specification's own libraries.
        let key = key(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into()).expect("a key");
        let signed = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_new_secret_has_the_bytes_the_specification_asks_for_and_is_another_each_time() {
        let (one, two) = (random::webhook_secret(), random::webhook_secret());
        assert!(one != two && super::key(&one).is_some());
        let bytes = BASE64_STANDARD.decode(&one.expose()[PREFIX.len()..]).expect("base64");
        assert!((24..=64).contains(&bytes.len()));
    }

    #[test]
    fn each_answer_says_again_or_never() {
        for (status, failure) in [
            (408, Failure::Passing),
            (429, Failure::Passing),
            (500, Failure::Passing),
            (503, Failure::Passing),
            (301, Failure::Permanent),
            (400, Failure::Permanent),
            (404, Failure::Permanent),
            (410, Failure::Gone),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(judge(status).expect_err("not sent").failure, failure, "{status}");
        }
        assert_eq!(judge(StatusCode::NO_CONTENT), Ok("the webhook answered 204 No Content".to_owned()));
    }
}
