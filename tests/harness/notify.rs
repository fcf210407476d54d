//! GOV.UK Notify on loopback, in its published shape: what it demands of a request, and what it answers. `clients.py` shows that its
//! official client is content with it.
//!
//! The number says how it behaves: …001 accepts, …400 is refused for good, …403, …429 and …500 fail as Notify does, …999 never answers.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::leftover::{Inlet, Received};

pub const SERVICE: &str = "26785a09-ab16-4eb0-8407-a37497a57506";
const SECRET: &str = "3d844edf-8d35-48ac-975b-e847b4f122b0";
/// With which it tells of what came in.
pub const REPLY_TOKEN: &str = "a-token-of-the-tests-for-received-texts";
pub const API_KEY: &str = "derwent-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0";
pub const TEMPLATE: &str = "f33517ff-2a88-4f6e-b855-c550268ce08a";

pub struct Notify {
    taken: Received<Value>,
    address: SocketAddr,
}

impl Notify {
    pub async fn start() -> Self {
        let (taken, inlet) = Received::new("a text message");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/v2/notifications/sms", post(sms)).with_state(inlet);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { taken, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Text messages it took, as they were asked for.
    pub fn taken(&self) -> Vec<Value> {
        self.taken.all()
    }
}

fn refusal(status: StatusCode, error: &str, message: &str) -> (StatusCode, Json<Value>) {
    let errors = json!([{ "error": error, "message": message }]);
    (status, Json(json!({ "status_code": status.as_u16(), "errors": errors })))
}

async fn sms(
    State(taken): State<Inlet<Value>>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(claims) = bearer.and_then(claims) else {
        return refusal(StatusCode::FORBIDDEN, "AuthError", "Invalid token: API key not found");
    };
    #[expect(clippy::disallowed_methods, reason = "another service's clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs().cast_signed();
    if claims["iss"] != SERVICE || (claims["iat"].as_i64().unwrap_or_default() - now).abs() > 30 {
        let message = "Error: Your system clock must be accurate to within 30 seconds";
        return refusal(StatusCode::FORBIDDEN, "AuthError", message);
    }
    let fields = asked.as_object().cloned().unwrap_or_default();
    let known = ["phone_number", "template_id", "personalisation", "reference", "sms_sender_id"];
    if let Some(other) = fields.keys().find(|field| !known.contains(&field.as_str())) {
        let message = format!("Additional properties are not allowed ({other} was unexpected)");
        return refusal(StatusCode::BAD_REQUEST, "ValidationError", &message);
    }
    let number = asked["phone_number"].as_str().unwrap_or_default().to_owned();
    if asked["template_id"] != TEMPLATE || !asked["personalisation"]["text"].is_string() {
        return refusal(StatusCode::BAD_REQUEST, "BadRequestError", "Missing personalisation: text");
    }
    match &number[number.len().saturating_sub(3)..] {
        "400" => return refusal(StatusCode::BAD_REQUEST, "ValidationError", "phone_number Not enough digits"),
        "403" => return refusal(StatusCode::FORBIDDEN, "AuthError", "Invalid token: API key not found"),
        "429" => {
            let message = "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds";
            return refusal(StatusCode::TOO_MANY_REQUESTS, "RateLimitError", message);
        }
        "500" => return refusal(StatusCode::INTERNAL_SERVER_ERROR, "Exception", "Internal server error"),
        "999" => tokio::time::sleep(Duration::from_secs(3600)).await,
        _ => {}
    }
    let answer = json!({
        "id": "740e5834-3a29-46b4-9a6f-16142fde533a",
        "reference": asked["reference"],
        "content": { "body": asked["personalisation"]["text"], "from_number": "GOVUK" },
        "uri": "https://api.notifications.service.gov.uk/v2/notifications/740e5834-3a29-46b4-9a6f-16142fde533a",
        "template": { "id": TEMPLATE, "version": 1, "uri": format!("https://api.notifications.service.gov.uk/v2/template/{TEMPLATE}") },
    });
    taken.push(asked);
    (StatusCode::CREATED, Json(answer))
}

fn claims(token: &str) -> Option<Value> {
    let mut demands = Validation::new(Algorithm::HS256);
    demands.set_required_spec_claims::<&str>(&[]);
    demands.validate_exp = false;
    let key = DecodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::decode::<Value>(token, &key, &demands).ok().map(|token| token.claims)
}
