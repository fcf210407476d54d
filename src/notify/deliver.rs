//! Takes pages, sends them outside any transaction, and settles what came of it: sent, again at, or given up.
//!
//! Two lanes a channel (high, and the rest) never wait for one another: ten thousand low mails or a mail server
//! that answers nobody delay no high page on the other lane. A high page that a try did not get out goes to the same
//! person over another channel too, at once: whatever is dead, one that lives has it within the minute.
//!
//! Killed between the mail server's *250* and our note of it, a page is taken again when its lease has ended: sent at
//! least once, both times with the same Message-ID.

use futures_util::future;
use serde_json::json;
use uuid::Uuid;

use crate::gauges;
use crate::notify::breaker::News;
use crate::notify::channel::{Channels, NotSent, Sent};
use crate::notify::form;
use crate::notify::retry::{self, Failure, Next};
use crate::notify::withdraw::withdraw;
use crate::parts::Parts;
use crate::random;
use crate::signal::Signal;
use crate::store::alert;
use crate::store::alert_event::{self, NewEvent};
use crate::store::page::{self, Channel, Taken};
use crate::store::page_attempt::{self, Outcome};
use crate::store::page_request;

/// Pages one lane sends at the same time.
pub const AT_ONCE: usize = 16;

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
            (Channel::Sms, true) => "sending high pages by text message",
            (Channel::Sms, false) => "sending other pages by text message",
            (Channel::Webhook, true) => "sending high pages to webhooks",
            (Channel::Webhook, false) => "sending other pages to webhooks",
            (Channel::WebPush, true) => "sending high pages to browsers",
            (Channel::WebPush, false) => "sending other pages to browsers",
        }
    }
}

pub const LANES: [Lane; 10] = [
    Lane { channel: Channel::Pager, high: true },
    Lane { channel: Channel::Email, high: true },
    Lane { channel: Channel::Sms, high: true },
    Lane { channel: Channel::Webhook, high: true },
    Lane { channel: Channel::WebPush, high: true },
    Lane { channel: Channel::Pager, high: false },
    Lane { channel: Channel::Email, high: false },
    Lane { channel: Channel::Sms, high: false },
    Lane { channel: Channel::Webhook, high: false },
    Lane { channel: Channel::WebPush, high: false },
];

/// Sends what is due in this lane now, at most `AT_ONCE`. How many there were.
pub async fn deliver(parts: &Parts, channels: &Channels, lane: Lane) -> anyhow::Result<usize> {
    let taken =
        page::take(&parts.store.monitor, lane.channel, lane.high, random::new_id(), parts.clock.machine_now(), AT_ONCE)
            .await?;
    let settled = future::join_all(taken.iter().map(async |page| {
        if page.to_nobody {
            return give_to_another(parts, lane, page).await;
        }
        let Sent { result, news } = channels.send(lane.channel, lane.high, page, parts.clock.machine_now()).await;
        if let Some(news) = news {
            tell_operator(parts, lane.channel, news, result.as_ref().err()).await?;
        }
        match result {
            Ok(said) => settle_sent(parts, lane, page, &said).await,
            Err(not_sent) => settle_not_sent(parts, lane, page, not_sent).await,
        }
    }))
    .await;
    settled.into_iter().collect::<Result<(), sqlx::Error>>()?;
    Ok(taken.len())
}

/// Whoever the page is for was deactivated before it went out. What it is about waits once more, so that whoever is on duty now is
/// told in their place.
async fn give_to_another(parts: &Parts, lane: Lane, page: &Taken) -> Result<(), sqlx::Error> {
    let why = "whoever it was for was deactivated";
    let mut tx = parts.store.monitor.begin().await?;
    let settled = page::settle_given_up(&mut tx, page, why).await?;
    keep(&mut tx, parts, page, Outcome::GivenUp, why).await?;
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

async fn settle_sent(parts: &Parts, lane: Lane, page: &Taken, said: &str) -> Result<(), sqlx::Error> {
    let mut tx = parts.store.monitor.begin().await?;
    let settled = page::settle_sent(&mut tx, page, parts.clock.machine_now()).await?;
    keep(&mut tx, parts, page, Outcome::Sent, said).await?;
    let patients = if settled { note(&mut tx, parts, lane, page, "sent", None).await? } else { Vec::new() };
    tx.commit().await?;
    for patient in patients {
        parts.signals.send(Signal::Work { patient });
    }
    if settled {
        gauges::page_settled(lane.channel.name(), "sent");
    }
    Ok(())
}

async fn settle_not_sent(parts: &Parts, lane: Lane, page: &Taken, not_sent: NotSent) -> Result<(), sqlx::Error> {
    let NotSent { failure, error, .. } = not_sent;
    if lane.high && !page.to_operator {
        tell_over_another(parts, lane, page, &error).await?;
    }
    let what = match (page.to_operator, lane.high) {
        (true, _) => retry::Page::ToOperator,
        (false, true) => retry::Page::High,
        (false, false) => retry::Page::Other,
    };
    match retry::after(lane.channel, failure, page.attempts, what, random::fraction()) {
        Next::Again { after } => {
            tracing::warn!(page = %page.page, channel = lane.channel.name(), attempts = page.attempts, %error, "page not sent; trying again in {after:?}");
            let next_at = parts.clock.machine_now() + after;
            let mut tx = parts.store.monitor.begin().await?;
            page::settle_again(&mut tx, page, next_at, &error).await?;
            keep(&mut tx, parts, page, Outcome::Again, &error).await?;
            tx.commit().await
        }
        Next::GiveUp => give_up(parts, lane, page, failure, &error).await,
    }
}

async fn give_up(parts: &Parts, lane: Lane, page: &Taken, failure: Failure, error: &str) -> Result<(), sqlx::Error> {
    let now = parts.clock.care_now();
    let gone = failure == Failure::Gone;
    let mut tx = parts.store.monitor.begin().await?;
    let settled = page::settle_given_up(&mut tx, page, error).await?;
    keep(&mut tx, parts, page, Outcome::GivenUp, error).await?;
    if settled && gone {
        withdraw(&mut tx, parts, lane.channel, page).await?;
    }
    // Of a code that cannot be delivered, whoever asked for it is shown why.
    let escalates = settled && !page.alerts.is_empty();
    if escalates {
        note(&mut tx, parts, lane, page, "given_up", Some(error)).await?;
        alert::hasten_undelivered(&mut tx, page.page, &page.alerts, now).await?;
    }
    // What is gone is its owner's to mend.
    if escalates && !gone {
        tracing::error!(page = %page.page, channel = lane.channel.name(), attempts = page.attempts, %error, "page given up; escalating");
        let channel = lane.channel.words();
        let sentence = format!(
            "A page over {channel} was given up after {} attempts: {error}. The next on the roster is paged; mend the {channel} service \
             or the address.",
            page.attempts
        );
        alert::open_operator(&mut tx, &format!("pages over {channel} are not delivered"), &sentence, now).await?;
    }
    tx.commit().await?;
    if gone {
        parts.signals.send(Signal::Pages);
    }
    if escalates {
        gauges::page_settled(lane.channel.name(), "given_up");
    }
    Ok(())
}

/// A try failed: the same person hears of it over another channel too, before anybody waits for the next.
async fn tell_over_another(parts: &Parts, lane: Lane, page: &Taken, error: &str) -> Result<(), sqlx::Error> {
    let others: Vec<Channel> = form::HIGH_FIRST
        .into_iter()
        .filter(|channel| *channel != lane.channel && parts.config.channels().contains(channel))
        .collect();
    let mut tx = parts.store.monitor.begin().await?;
    let also = page::also_over(&mut tx, page.page, &others, parts.clock.machine_now()).await?;
    if let Some((other, channel)) = also {
        let whose = alert::whose(&mut tx, &page.alerts).await?;
        let detail = json!({ "channel": channel.name(), "page": other, "instead_of": page.page, "error": error });
        let event = |(alert, organisation, _)| NewEvent {
            alert,
            organisation,
            at: parts.clock.care_now(),
            what: "paged",
            by_staff: None,
            detail: detail.clone(),
        };
        alert_event::append(&mut tx, &whose.into_iter().map(event).collect::<Vec<_>>()).await?;
    }
    tx.commit().await?;
    if also.is_some() {
        parts.signals.send(Signal::Pages);
    }
    Ok(())
}

/// A channel stopped working, or works again.
async fn tell_operator(
    parts: &Parts,
    channel: Channel,
    news: News,
    not_sent: Option<&NotSent>,
) -> Result<(), sqlx::Error> {
    let now = parts.clock.care_now();
    let problem = format!("the {} service does not work", channel.words());
    let mut tx = parts.store.monitor.begin().await?;
    match news {
        News::Opened => {
            let error = not_sent.map_or("", |not_sent| &not_sent.error);
            tracing::error!(
                channel = channel.name(),
                error,
                "a channel does not work; pages go over others where there are any"
            );
            let sentence = format!(
                "Pages do not go out over the {} service: {error}. High ones are tried all the same, and over another channel \
                 where the person has one. Mend the service, or its setting.",
                channel.words()
            );
            alert::open_operator(&mut tx, &problem, &sentence, now).await?;
        }
        News::Closed => {
            tracing::info!(channel = channel.name(), "a channel works again");
            alert::close_operator(&mut tx, &problem, "it works again", now).await?;
        }
    }
    tx.commit().await?;
    parts.signals.send(Signal::Pages);
    Ok(())
}

/// Of this try, for whoever looks at the page's life.
async fn keep(
    tx: &mut sqlx::PgConnection,
    parts: &Parts,
    page: &Taken,
    outcome: Outcome,
    said: &str,
) -> Result<(), sqlx::Error> {
    page_attempt::insert(tx, page, outcome, said, parts.clock.machine_now()).await
}

/// Into the history of each alert that the page was about. Whose alerts they are.
async fn note(
    tx: &mut sqlx::PgConnection,
    parts: &Parts,
    lane: Lane,
    page: &Taken,
    what: &'static str,
    error: Option<&str>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let whose = alert::whose(tx, &page.alerts).await?;
    let events: Vec<NewEvent> = whose
        .iter()
        .map(|(alert, organisation, _)| NewEvent {
            alert: *alert,
            organisation: *organisation,
            at: parts.clock.care_now(),
            what,
            by_staff: None,
            detail: match error {
                None => json!({ "channel": lane.channel.name(), "page": page.page }),
                Some(error) => json!({ "channel": lane.channel.name(), "page": page.page, "error": error }),
            },
        })
        .collect();
    alert_event::append(tx, &events).await?;
    Ok(whose.into_iter().filter_map(|(.., patient)| patient).collect())
}
