//! The ways out of the house. Each send ends within a limit, whatever the other side does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::config::Config;
use crate::gauges;
use crate::mail::Mailer;
use crate::notify::breaker::{Breaker, News};
use crate::notify::email;
use crate::notify::pager::Pager;
use crate::notify::retry::Failure;
use crate::notify::said;
use crate::notify::sms::Sms;
use crate::notify::web_push::{self, WebPush};
use crate::notify::webhook::Webhook;
use crate::store::page::{Channel, Taken};
use crate::store::page_follow;

/// Covers everything: name, connect, handshake, every answer. The libraries' own limits cover parts of it only. Together with the
/// same for another channel it leaves a third of the minute within which a high page has to have switched.
pub const SEND_LIMIT: Duration = Duration::from_secs(20);
/// Why a page did not go out.
#[derive(Debug, PartialEq, Eq)]
pub struct NotSent {
    /// Again, or never.
    pub failure: Failure,
    /// It says something about the channel, and not about this page or its recipient alone.
    pub of_channel: bool,
    /// For the page's row and the log; names servers and codes, never a patient.
    pub error: String,
}

impl NotSent {
    /// Again: the channel does not work just now.
    pub fn down(error: impl ToString) -> Self {
        Self { failure: Failure::Passing, of_channel: true, error: error.to_string() }
    }

    /// Again: the channel works, and takes this one later.
    pub fn later(error: impl ToString) -> Self {
        Self { failure: Failure::Passing, of_channel: false, error: error.to_string() }
    }

    /// Nevermore: nothing to this address can succeed again.
    pub fn gone(error: impl ToString) -> Self {
        Self { failure: Failure::Gone, of_channel: false, error: error.to_string() }
    }

    /// Never: this message to this address cannot succeed.
    pub fn never(error: impl ToString) -> Self {
        Self { failure: Failure::Permanent, of_channel: false, error: error.to_string() }
    }
}

/// What came of a send, and what it says about the channel.
#[derive(Debug)]
pub struct Sent {
    /// What the other side said, as it is kept.
    pub result: Result<String, NotSent>,
    pub news: Option<News>,
}

#[derive(Debug)]
pub struct Channels {
    mailer: Mailer,
    /// Connections of their own: no queue of other mails is in front of a high one.
    high_mailer: Mailer,
    pager: Option<Pager>,
    sms: Option<Sms>,
    webhook: Option<Webhook>,
    web_push: Option<WebPush>,
    breakers: Mutex<BTreeMap<Channel, Breaker>>,
}

impl Channels {
    /// `push_key` signs notifications in browsers. Fails only on what no waiting mends, such as an address that is none.
    pub fn open(config: &Config, push_key: Option<web_push::Key>) -> anyhow::Result<Self> {
        let origin = config.origin();
        Ok(Self {
            mailer: Mailer::open(config, &origin)?,
            high_mailer: Mailer::open(config, &origin)?,
            pager: config.pager_url.as_ref().map(|url| Pager::open(url, &origin)).transpose()?,
            sms: Sms::open(config)?,
            webhook: Webhook::open(config, &origin)?,
            web_push: push_key.map(|key| WebPush::open(config, key)).transpose()?,
            breakers: Mutex::default(),
        })
    }

    /// Those that did not work last.
    pub fn down(&self) -> Vec<Channel> {
        let breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        breakers.iter().filter(|(_, breaker)| breaker.is_open()).map(|(channel, _)| *channel).collect()
    }

    /// A page that is not high is held back while the channel is down, but for a probe.
    pub async fn send(&self, channel: Channel, high: bool, page: &Taken, now: Timestamp) -> Sent {
        if !high && !page.to_operator && !self.judge(channel, |breaker| breaker.admits(now)) {
            let held = format!("the {} service does not answer; it is tried now and then", channel.words());
            return Sent { result: Err(NotSent::later(held)), news: None };
        }
        let result = match self.send_over(channel, high, page, now).await {
            Ok(answer) => Ok(said::fit(&answer, &page.address)),
            Err(not_sent) => Err(NotSent { error: said::fit(&not_sent.error, &page.address), ..not_sent }),
        };
        let down = matches!(&result, Err(not_sent) if not_sent.of_channel);
        let news = self.judge(channel, |breaker| if down { breaker.failed(now) } else { breaker.answered() });
        Sent { result, news }
    }

    /// Tells a pager service what became of a page.
    pub async fn follow(&self, taken: &page_follow::Taken) -> Result<(), NotSent> {
        let Some(pager) = &self.pager else { return Err(not_set(Channel::Pager)) };
        within(pager.follow(taken)).await
    }

    async fn send_over(&self, channel: Channel, high: bool, page: &Taken, now: Timestamp) -> Result<String, NotSent> {
        match channel {
            Channel::Email => email::send(if high { &self.high_mailer } else { &self.mailer }, page).await,
            Channel::Pager => match &self.pager {
                Some(pager) => within(pager.trigger(page)).await,
                None => Err(not_set(channel)),
            },
            Channel::Sms => match &self.sms {
                Some(sms) => within(sms.send(page, now)).await,
                None => Err(not_set(channel)),
            },
            Channel::Webhook => match &self.webhook {
                Some(webhook) => of_another(within(webhook.send(page, now)).await),
                None => Err(not_set(channel)),
            },
            Channel::WebPush => match &self.web_push {
                Some(web_push) => of_another(within(web_push.send(page, now)).await),
                None => Err(not_set(channel)),
            },
        }
    }

    fn judge<T>(&self, channel: Channel, judge: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(channel).or_default();
        let judged = judge(breaker);
        gauges::channel_down(channel.name(), breaker.is_open());
        judged
    }
}

/// Each receiver is a server of its own: none of them says that the channel does not work.
fn of_another(result: Result<String, NotSent>) -> Result<String, NotSent> {
    result.map_err(|not_sent| NotSent { of_channel: false, ..not_sent })
}

async fn within<T>(sending: impl Future<Output = Result<T, NotSent>>) -> Result<T, NotSent> {
    tokio::time::timeout(SEND_LIMIT, sending)
        .await
        .unwrap_or_else(|_| Err(NotSent::down(format!("no answer within {} s", SEND_LIMIT.as_secs()))))
}

fn not_set(channel: Channel) -> NotSent {
    let setting = match channel {
        Channel::Email => "DERWENT_SMTP_URL",
        Channel::Pager => "DERWENT_PAGER_URL",
        Channel::Sms => "DERWENT_SMS_API_KEY",
        Channel::Webhook => "DERWENT_WEBHOOK_NETWORKS",
        Channel::WebPush => "DERWENT_PUSH_NETWORKS",
    };
    NotSent::never(format!("no {} service is configured any more; set {setting}", channel.words()))
}
