//! The ways out of the house. Each send ends within a limit, whatever the other side does.

use std::time::Duration;

use crate::config::Config;
use crate::mail::Mailer;
use crate::notify::email;
use crate::notify::pager::Pager;
use crate::notify::retry::Failure;
use crate::store::page::{Channel, Taken};

/// Covers everything: name, connect, handshake, every answer. The libraries' own limits cover parts of it only.
pub const SEND_LIMIT: Duration = Duration::from_secs(20);

/// Why a page did not go out.
#[derive(Debug)]
pub struct NotSent {
    pub failure: Failure,
    /// For the page's row and the log; names servers and codes, never a patient.
    pub error: String,
}

impl NotSent {
    pub fn passing(error: impl ToString) -> Self {
        Self { failure: Failure::Passing, error: error.to_string() }
    }

    pub fn permanent(error: impl ToString) -> Self {
        Self { failure: Failure::Permanent, error: error.to_string() }
    }
}

#[derive(Debug)]
pub struct Channels {
    mailer: Mailer,
    pager: Option<Pager>,
}

impl Channels {
    /// Fails only on what no waiting mends, such as an address that is none.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let origin = config.origin();
        Ok(Self {
            mailer: Mailer::open(config, &origin)?,
            pager: config.pager_url.as_ref().map(|url| Pager::open(url, &origin)).transpose()?,
        })
    }

    pub fn has_pager(&self) -> bool {
        self.pager.is_some()
    }

    pub async fn send(&self, channel: Channel, page: &Taken) -> Result<(), NotSent> {
        let sending = async {
            match (channel, &self.pager) {
                (Channel::Email, _) => email::send(&self.mailer, page).await,
                (Channel::Pager, Some(pager)) => pager.send(page).await,
                (Channel::Pager, None) => {
                    Err(NotSent::permanent("no pager service is configured any more; set DERWENT_PAGER_URL"))
                }
            }
        };
        tokio::time::timeout(SEND_LIMIT, sending)
            .await
            .unwrap_or_else(|_| Err(NotSent::passing(format!("no answer within {} s", SEND_LIMIT.as_secs()))))
    }
}
