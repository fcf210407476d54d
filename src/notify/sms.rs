//! A text message through GOV.UK Notify. Its template holds one placeholder, `((text))`. The page's id is the `reference`: Notify
//! sends what it is given twice, twice, and with it a person can tell that both were one page.

use anyhow::{Context, bail};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Client, StatusCode, Url};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::config::Config;
use crate::notify::channel::NotSent;
use crate::notify::http;
use crate::store::page::Taken;

/// Notify's own limit: six fragments.
const LONGEST_TEXT_CHARS: usize = 918;

pub struct Sms {
    client: Client,
    url: Url,
    template: Uuid,
    service: Uuid,
    key: EncodingKey,
}

/// As Notify wants them: it refuses an `iat` more than 30 seconds off.
#[derive(Serialize)]
struct Claims {
    iss: Uuid,
    iat: i64,
}

/// What Notify says when it takes a message: under this id it can be asked about.
#[derive(Deserialize)]
struct Took {
    id: Uuid,
}

/// What Notify says when it refuses. Its messages may change, so nothing is decided by them.
#[derive(Deserialize)]
struct Refusal {
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    error: String,
    message: String,
}

impl Sms {
    /// None: text messages are not set up.
    pub fn open(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(key) = &config.sms_api_key else { return Ok(None) };
        let (service, secret) = of_key(key.expose()).context(
            "DERWENT_SMS_API_KEY is no API key of GOV.UK Notify; copy it from there whole (a name, then two ids)",
        )?;
        let Some(template) = config.sms_template else {
            bail!("DERWENT_SMS_TEMPLATE is missing; give the id of a text message template that holds ((text))");
        };
        let base = Url::parse(&config.sms_url)
            .context("DERWENT_SMS_URL is no address; leave it out, or give it as https://host")?;
        let url = base.join("/v2/notifications/sms").context("DERWENT_SMS_URL cannot be used")?;
        let client = http::client().build().context("the HTTP client for text messages could not start")?;
        let key = EncodingKey::from_secret(secret.to_string().as_bytes());
        Ok(Some(Self { client, url, template, service, key }))
    }

    pub async fn send(&self, page: &Taken, now: Timestamp) -> Result<String, NotSent> {
        let claims = Claims { iss: self.service, iat: now.as_second() };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key).map_err(NotSent::never)?;
        let text: String = page.body.chars().take(LONGEST_TEXT_CHARS).collect();
        let request = self.client.post(self.url.clone()).bearer_auth(token).json(&json!({
            "phone_number": page.address.expose(),
            "template_id": self.template,
            "personalisation": { "text": text },
            "reference": page.page,
        }));
        let (status, said) = http::ask(request).await?;
        judge(status, &said)
            .map_err(|not_sent| NotSent { error: not_sent.error.replace(page.address.expose(), "***"), ..not_sent })
    }
}

/// An API key of Notify is a name, the service's id and the secret, joined by hyphens; the ids are the end of it.
fn of_key(key: &str) -> Option<(Uuid, Uuid)> {
    const ID_CHARS: usize = 36;
    let secret = key.len().checked_sub(ID_CHARS)?;
    let service = secret.checked_sub(ID_CHARS + 1)?;
    let id = |from: usize| key.get(from..from + ID_CHARS)?.parse().ok();
    Some((id(service)?, id(secret)?))
}

/// 201 is taken. Notify's 400s are about this number or our account and do not mend by themselves; nor does the day's limit before
/// midnight. A key that is refused, or a clock that is off, an operator mends.
fn judge(status: StatusCode, said: &str) -> Result<String, NotSent> {
    if status.is_success() {
        let its =
            serde_json::from_str::<Took>(said).map_or_else(|_| String::new(), |took| format!(": message {}", took.id));
        return Ok(format!("GOV.UK Notify answered {status}{its}"));
    }
    let problems = serde_json::from_str::<Refusal>(said).map(|refusal| refusal.errors).unwrap_or_default();
    let why: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.error, problem.message)).collect();
    let text = format!("GOV.UK Notify answered {status} ({})", why.join("; "));
    let spent = problems.iter().any(|problem| problem.error == "TooManyRequestsError");
    match status {
        StatusCode::BAD_REQUEST => Err(NotSent::never(text)),
        StatusCode::TOO_MANY_REQUESTS if spent => Err(NotSent { of_channel: true, ..NotSent::never(text) }),
        _ => Err(NotSent::down(text)),
    }
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sms").field("url", &self.url.as_str()).field("service", &self.service).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::retry::Failure;

    #[test]
    fn the_two_ids_at_the_end_of_a_key_are_the_service_and_the_secret() {
        let (service, secret) = ("26785a09-ab16-4eb0-8407-a37497a57506", "3d844edf-8d35-48ac-975b-e847b4f122b0");
        let ids = of_key(&format!("my_test-key-{service}-{secret}")).expect("a key");
        assert_eq!((ids.0.to_string(), ids.1.to_string()), (service.to_owned(), secret.to_owned()));
        for wrong in ["", "short", secret, &format!("{service}{secret}x"), &"é".repeat(60)] {
            assert_eq!(of_key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_published_answer_says_again_or_never() {
        let said = |error: &str, message: &str| {
            json!({ "status_code": 400, "errors": [{ "error": error, "message": message }] }).to_string()
        };
        let cases = [
            (400, "ValidationError", "phone_number Not enough digits", Failure::Permanent, false),
            (
                400,
                "BadRequestError",
                "Can't send to this recipient using a team-only API key",
                Failure::Permanent,
                false,
            ),
            (
                403,
                "AuthError",
                "Error: Your system clock must be accurate to within 30 seconds",
                Failure::Passing,
                true,
            ),
            (403, "AuthError", "Invalid token: API key not found", Failure::Passing, true),
            (
                429,
                "RateLimitError",
                "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds",
                Failure::Passing,
                true,
            ),
            (429, "TooManyRequestsError", "Exceeded send limits (250000) for today", Failure::Permanent, true),
            (500, "Exception", "Internal server error", Failure::Passing, true),
        ];
        for (status, error, message, failure, of_channel) in cases {
            let status = StatusCode::from_u16(status).expect("a status");
            let not_sent = judge(status, &said(error, message)).expect_err("not sent");
            assert_eq!((not_sent.failure, not_sent.of_channel), (failure, of_channel), "{error}: {message}");
            assert!(not_sent.error.contains(message), "{}", not_sent.error);
        }
        assert_eq!(judge(StatusCode::CREATED, "{}"), Ok("GOV.UK Notify answered 201 Created".to_owned()));
        assert_eq!(judge(StatusCode::BAD_GATEWAY, "<html>").expect_err("not sent").failure, Failure::Passing);
    }
}
