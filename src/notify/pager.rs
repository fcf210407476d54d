//! A pager service over HTTP: PagerDuty's Events API v2, or what speaks it.
//!
//! The page's id is the `dedup_key`. So a page that had to be sent again rings once, and one that repeats, or rises in priority, is
//! another page and rings again: an event with the key of an incident that is open would only be written into its log. Of several
//! pages about one alert to one person the last stays open, and the others are resolved (`follow.rs`).

use anyhow::Context;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::notify::channel::NotSent;
use crate::notify::http;
use crate::secret::Secret;
use crate::store::page::Taken;
use crate::store::page_follow;

/// Published limit of `summary`.
const LONGEST_SUMMARY_CHARS: usize = 1024;
/// Of an event 512 kB are taken: four bytes a character, escapes, and room for the rest.
const LONGEST_TEXT_CHARS: usize = 60_000;

#[derive(Debug)]
pub struct Pager {
    /// It may hold a password or a secret path.
    url: Secret,
    client: Client,
    /// This service's own address: `source` and link of every event.
    origin: String,
}

/// What the service says.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<String>,
}

impl Pager {
    pub fn open(url: &Secret, origin: &str) -> anyhow::Result<Self> {
        Url::parse(url.expose()).context("DERWENT_PAGER_URL is no address; give it as https://host/v2/enqueue")?;
        let client = http::client().build().context("the pager's HTTP client could not start")?;
        Ok(Self { url: url.clone(), client, origin: origin.to_owned() })
    }

    pub async fn trigger(&self, page: &Taken) -> Result<String, NotSent> {
        let cut = |text: &str, longest: usize| text.chars().take(longest).collect::<String>();
        let event = json!({
            "routing_key": page.address.expose(),
            "event_action": "trigger",
            "dedup_key": page.page,
            "client": "Derwent",
            "client_url": format!("{}/staff/", self.origin),
            "payload": {
                "summary": cut(&page.subject, LONGEST_SUMMARY_CHARS),
                "severity": severity(page),
                "source": self.origin,
                "class": page.priority,
                "custom_details": { "text": cut(&page.body, LONGEST_TEXT_CHARS) },
            },
        });
        self.enqueue(&event, &page.address).await
    }

    pub async fn follow(&self, taken: &page_follow::Taken) -> Result<(), NotSent> {
        let event = json!({
            "routing_key": taken.address.expose(),
            "event_action": taken.follow.name(),
            "dedup_key": taken.page,
        });
        self.enqueue(&event, &taken.address).await.map(drop)
    }

    async fn enqueue(&self, event: &Value, key: &Secret) -> Result<String, NotSent> {
        let (status, said) = http::ask(self.client.post(self.url.expose()).json(event)).await?;
        judge(status, &said)
            .map_err(|not_sent| NotSent { error: not_sent.error.replace(key.expose(), "***"), ..not_sent })
    }
}

/// As published: 202 is taken; 400 is never tried again; 429 and 5xx are. Whatever else comes is said by something between us and the
/// service, or by an address that an operator will mend.
fn judge(status: StatusCode, said: &str) -> Result<String, NotSent> {
    match status {
        status if status.is_success() => {
            let more =
                serde_json::from_str::<Said>(said).map_or_else(|_| String::new(), |said| format!(": {}", said.message));
            Ok(format!("the pager service answered {status}{more}"))
        }
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
            let why = serde_json::from_str::<Said>(said)
                .map(|refusal| format!(": {} ({})", refusal.message, refusal.errors.join("; ")))
                .unwrap_or_default();
            Err(NotSent::never(format!("the pager service refused the page with {status}{why}")))
        }
        status => Err(NotSent::down(format!("the pager service answered {status}"))),
    }
}

fn severity(page: &Taken) -> &'static str {
    match page.priority.as_str() {
        // A code for a contact point.
        _ if page.alerts.is_empty() => "info",
        "high" => "critical",
        "medium" => "warning",
        _ => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::retry::Failure;

    #[test]
    fn each_published_answer_says_again_or_never() {
        let accepted = r#"{"status":"success","message":"Event processed","dedup_key":"srv01/HTTP"}"#;
        let taken = judge(StatusCode::ACCEPTED, accepted);
        assert_eq!(taken, Ok("the pager service answered 202 Accepted: Event processed".to_owned()));
        let invalid = r#"{"status":"invalid event","message":"Event object is invalid",
            "errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#;
        let not_sent = judge(StatusCode::BAD_REQUEST, invalid).expect_err("refused");
        assert_eq!((not_sent.failure, not_sent.of_channel), (Failure::Permanent, false));
        assert!(not_sent.error.contains("Length of 'routing_key' is incorrect"), "{}", not_sent.error);
        assert_eq!(judge(StatusCode::BAD_REQUEST, "<html>").expect_err("refused").failure, Failure::Permanent);
        for status in [429, 500, 502, 503, 504, 301, 404] {
            let status = StatusCode::from_u16(status).expect("a status");
            let not_sent = judge(status, "").expect_err("not sent");
            assert_eq!((not_sent.failure, not_sent.of_channel), (Failure::Passing, true), "{status}");
        }
    }
}
