//! Takes pages, sends them outside any transaction, and settles what came of it: sent, again at, or given up.
//!
//! Four lanes (e-mail and pager, high and the rest) never wait for one another: ten thousand low mails or a mail server
//! that answers nobody delay no high page on the other lane.
//!
//! Killed between the mail server's *250* and our note of it, a page is taken again when its lease has ended: sent at
//! least once, both times with the same Message-ID.

use futures_util::future;
use serde_json::json;

use crate::gauges;
use crate::notify::channel::{Channels, NotSent};
use crate::notify::retry::{self, Next};
use crate::parts::Parts;
use crate::random;
use crate::signal::Signal;
use crate::store::alert;
use crate::store::alert_event::{self, NewEvent};
use crate::store::page::{self, Channel, Taken};
use crate::store::page_request;

/// Pages one lane sends at the same time.
const AT_ONCE: i64 = 16;

#[derive(Clone, Copy, Debug)]
pub struct Lane {
    pub channel: Channel,
    pub high: bool,
}

impl Lane {
    /// What its loop does.
    pub fn what(self) -> &'static str {
        match (self.channel, self.high) {
            (Channel::Pager, true) => "sending high pages over the pager",
            (Channel::Email, true) => "sending high pages by e-mail",
            (Channel::Pager, false) => "sending other pages over the pager",
            (Channel::Email, false) => "sending other pages by e-mail",
        }
    }
}

pub const LANES: [Lane; 4] = [
    Lane { channel: Channel::Pager, high: true },
    Lane { channel: Channel::Email, high: true },
    Lane { channel: Channel::Pager, high: false },
    Lane { channel: Channel::Email, high: false },
];

/// Sends what is due in this lane now, once. True if there was anything.
pub async fn deliver(parts: &Parts, channels: &Channels, lane: Lane) -> anyhow::Result<bool> {
    let taken =
        page::take(&parts.store.monitor, lane.channel, lane.high, random::new_id(), parts.clock.machine_now(), AT_ONCE)
            .await?;
    let any = !taken.is_empty();
    let settled = future::join_all(taken.iter().map(async |page| {
        if page.to_nobody {
            return give_to_another(parts, lane, page).await;
        }
        match channels.send(lane.channel, page).await {
            Ok(()) => settle_sent(parts, lane, page).await,
            Err(not_sent) => settle_not_sent(parts, lane, page, not_sent).await,
        }
    }))
    .await;
    settled.into_iter().collect::<Result<(), sqlx::Error>>()?;
    Ok(any)
}

/// Whoever the page is for was deactivated before it went out. What it is about waits once more, so that whoever is on duty now is
/// told in their place.
async fn give_to_another(parts: &Parts, lane: Lane, page: &Taken) -> Result<(), sqlx::Error> {
    let why = "whoever it was for was deactivated";
    let mut tx = parts.store.monitor.begin().await?;
    let settled = page::settle_given_up(&mut tx, page, why).await?;
    if settled {
        note(&mut tx, parts, lane, page, "given_up", Some(why)).await?;
        page_request::form_again(&mut tx, page.page).await?;
    }
    tx.commit().await?;
    if settled {
        parts.signals.send(Signal::Pages);
        gauges::page_settled(lane.channel.name(), "given_up");
    }
    Ok(())
}

async fn settle_sent(parts: &Parts, lane: Lane, page: &Taken) -> Result<(), sqlx::Error> {
    let mut tx = parts.store.monitor.begin().await?;
    let settled = page::settle_sent(&mut tx, page, parts.clock.machine_now()).await?;
    if settled {
        note(&mut tx, parts, lane, page, "sent", None).await?;
    }
    tx.commit().await?;
    if settled {
        gauges::page_settled(lane.channel.name(), "sent");
    }
    Ok(())
}

async fn settle_not_sent(parts: &Parts, lane: Lane, page: &Taken, not_sent: NotSent) -> Result<(), sqlx::Error> {
    let NotSent { failure, error } = not_sent;
    let what = match (page.to_operator, lane.high) {
        (true, _) => retry::Page::ToOperator,
        (false, true) => retry::Page::High,
        (false, false) => retry::Page::Other,
    };
    match retry::after(failure, page.attempts, what, random::fraction()) {
        Next::Again { after } => {
            tracing::warn!(page = %page.page, channel = lane.channel.name(), attempts = page.attempts, %error, "page not sent; trying again in {after:?}");
            let next_at = parts.clock.machine_now() + after;
            page::settle_again(&parts.store.monitor, page, next_at, &error).await
        }
        Next::GiveUp => {
            tracing::error!(page = %page.page, channel = lane.channel.name(), attempts = page.attempts, %error, "page given up; escalating");
            let now = parts.clock.care_now();
            let mut tx = parts.store.monitor.begin().await?;
            let settled = page::settle_given_up(&mut tx, page, &error).await?;
            if settled {
                note(&mut tx, parts, lane, page, "given_up", Some(&error)).await?;
                alert::hasten_undelivered(&mut tx, page.page, &page.alerts, now).await?;
                let channel = match lane.channel {
                    Channel::Email => "e-mail",
                    Channel::Pager => "pager",
                };
                let sentence = format!(
                    "A page over {channel} was given up after {} attempts: {error}. The next on the roster is paged; mend \
                     the {channel} service or the address.",
                    page.attempts
                );
                alert::open_operator(&mut tx, &format!("pages over {channel} are not delivered"), &sentence, now)
                    .await?;
            }
            tx.commit().await?;
            if settled {
                gauges::page_settled(lane.channel.name(), "given_up");
            }
            Ok(())
        }
    }
}

/// Into the history of each alert that the page was about.
async fn note(
    tx: &mut sqlx::PgConnection,
    parts: &Parts,
    lane: Lane,
    page: &Taken,
    what: &'static str,
    error: Option<&str>,
) -> Result<(), sqlx::Error> {
    let organisations = alert::organisations(tx, &page.alerts).await?;
    let events: Vec<NewEvent> = organisations
        .into_iter()
        .map(|(alert, organisation)| NewEvent {
            alert,
            organisation,
            at: parts.clock.care_now(),
            what,
            by_staff: None,
            detail: match error {
                None => json!({ "channel": lane.channel.name(), "page": page.page }),
                Some(error) => json!({ "channel": lane.channel.name(), "page": page.page, "error": error }),
            },
        })
        .collect();
    alert_event::append(tx, &events).await
}
