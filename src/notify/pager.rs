//! A pager service over HTTP, in the shape of PagerDuty's Events API v2. The page's id is the `dedup_key`,
//! so a page that had to be sent again rings once.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, StatusCode, Url, redirect};
use serde_json::json;

use crate::notify::channel::NotSent;
use crate::secret::Secret;
use crate::store::page::Taken;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Pager {
    /// It may hold a password or a secret path.
    url: Secret,
    client: Client,
    /// This service's own address: `source` and link of every event.
    origin: String,
}

impl Pager {
    pub fn open(url: &Secret, origin: &str) -> anyhow::Result<Self> {
        Url::parse(url.expose()).context("DERWENT_PAGER_URL is no address; give it as https://host/v2/enqueue")?;
        let client = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .redirect(redirect::Policy::none())
            .build()
            .context("the pager's HTTP client could not start")?;
        Ok(Self { url: url.clone(), client, origin: origin.to_owned() })
    }

    pub async fn send(&self, page: &Taken) -> Result<(), NotSent> {
        let event = json!({
            "routing_key": page.address.expose(),
            "event_action": "trigger",
            "dedup_key": page.page,
            "client": "Derwent",
            "client_url": format!("{}/staff/", self.origin),
            "payload": {
                "summary": page.subject,
                "severity": severity(&page.priority),
                "source": self.origin,
                "class": page.priority,
                "custom_details": { "text": page.body },
            },
        });
        let answer = self.client.post(self.url.expose()).json(&event).send().await.map_err(|error| {
            // The address may hold a secret path: it is left out.
            NotSent::passing(error.without_url())
        })?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if passing(status) => Err(NotSent::passing(format!("the pager service answered {status}"))),
            status => Err(NotSent::permanent(format!("the pager service refused the page with {status}"))),
        }
    }
}

/// Asked to slow down, broken, or a moved address that an operator will mend; anything else is about this event.
fn passing(status: StatusCode) -> bool {
    status.is_server_error()
        || status.is_redirection()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::NOT_FOUND
                | StatusCode::UNAUTHORIZED
        )
}

fn severity(priority: &str) -> &'static str {
    match priority {
        "high" => "critical",
        "medium" => "warning",
        _ => "info",
    }
}
