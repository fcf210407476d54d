//! Telling people. Alerts come with page requests; here pages are formed from them, sent, and settled.
//!
//! `form.rs` decides whom to tell, `text.rs` what to say, `deliver.rs` sends through `channel.rs`, `retry.rs` decides what
//! follows a failure, `breaker.rs` whether a channel works, `withdraw.rs` takes away what wants no more, `follow.rs` ends what rings,
//! `foresee.rs` says beforehand whom it would come to, `forget.rs` ends what belongs to no alert. Who acknowledges, and what happens
//! when nobody does, is not decided here: `monitor/escalate.rs`.

pub mod breaker;
pub mod channel;
pub mod deliver;
pub mod email;
pub mod follow;
pub mod foresee;
mod forget;
pub mod form;
mod http;
pub mod office;
pub mod pager;
pub mod retry;
mod said;
pub mod sms;
pub mod text;
pub mod web_push;
pub mod webhook;
mod withdraw;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::notify::channel::{Channels, SEND_LIMIT};
use crate::notify::deliver::{LANES, Lane};
use crate::notify::office::Office;
use crate::parts::Parts;
use crate::progress;
use crate::signal::Signal;
use crate::store::page::{self, Channel};
use crate::store::page_request;
use crate::turns;

/// How long to wait for pages that another task is sending just now.
const IN_FLIGHT: Duration = Duration::from_millis(20);

/// A server that answers nobody keeps a lane for as long as a send may take, which is no standstill yet.
const SENDING: Duration = SEND_LIMIT.saturating_add(progress::LIMIT);

/// Handle to the running loops; the stepper of care time drives the same functions.
#[derive(Clone, Debug)]
pub struct Notify(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    channels: Channels,
    office: Office,
}

impl Notify {
    /// Starts two loops that form pages, high ones and the rest, and one for each lane that sends them.
    pub async fn start(parts: &Parts) -> anyhow::Result<Self> {
        let push_key = match parts.config.channels().contains(&Channel::WebPush) {
            true => Some(web_push::Key::of(&parts.store, parts.clock.machine_now()).await?),
            false => None,
        };
        let channels = Channels::open(&parts.config, push_key)?;
        let office = Office::of(&parts.config);
        let notify = Self(Arc::new(Inner { parts: parts.clone(), channels, office }));
        for (high, what) in [(true, "forming high pages"), (false, "forming other pages")] {
            let forming = notify.clone();
            let of_interest = move |signal: &Signal| *signal == Signal::Pages || *signal == Signal::Requested { high };
            turns::spawn(parts, what, of_interest, move || {
                let notify = forming.clone();
                async move { Ok(notify.form(high).await? >= form::at_once(high)) }
            });
        }
        for lane in LANES {
            let sending = notify.clone();
            let Lane { channel, high } = lane;
            let of_interest =
                move |signal: &Signal| *signal == Signal::Pages || *signal == Signal::Formed { channel, high };
            turns::spawn_within(parts, lane.what(), SENDING, of_interest, move || {
                let notify = sending.clone();
                async move { Ok(deliver::deliver(&notify.0.parts, &notify.0.channels, lane).await? >= deliver::AT_ONCE) }
            });
        }
        let following = notify.clone();
        turns::spawn_within(parts, "telling the pager service what became of pages", SENDING, alerts, move || {
            let notify = following.clone();
            async move { follow::follow(&notify.0.parts, &notify.0.channels).await }
        });
        forget::start(parts);
        Ok(notify)
    }

    /// Does everything that is due now. True if anything was done, or is being done by another task.
    pub async fn work(&self) -> anyhow::Result<bool> {
        let Inner { parts, channels, .. } = &*self.0;
        let mut any = false;
        for high in [true, false] {
            while self.form(high).await? > 0 {
                any = true;
            }
        }
        for lane in LANES {
            while deliver::deliver(parts, channels, lane).await? > 0 {
                any = true;
            }
        }
        while follow::follow(parts, channels).await? {
            any = true;
        }
        if !any && self.in_hand().await? {
            tokio::time::sleep(IN_FLIGHT).await;
            return Ok(true);
        }
        Ok(any)
    }

    /// The next instant of care time at which there is something to do.
    pub async fn next_due(&self) -> anyhow::Result<Option<Timestamp>> {
        Ok(page_request::next_at(&self.0.parts.store.monitor).await?)
    }

    /// Whether another task is forming or sending pages just now.
    async fn in_hand(&self) -> anyhow::Result<bool> {
        let Parts { store, clock, .. } = &self.0.parts;
        let forming = self.next_due().await?.is_some_and(|at| at <= clock.care_now());
        Ok(forming || page::any_unsent(&store.monitor, clock.machine_now()).await?)
    }

    async fn form(&self, high: bool) -> anyhow::Result<usize> {
        let Inner { parts, office, channels } = &*self.0;
        let office = Office { down: channels.down(), ..office.clone() };
        form::form(parts, &office, high).await
    }
}

fn alerts(signal: &Signal) -> bool {
    matches!(signal, Signal::Alerts { .. })
}
