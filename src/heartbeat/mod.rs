//! The service tries itself, from end to end: a person who does not exist measures, and that must be stored, judged, alerted,
//! paged, and taken by the mail server, within a limit. Only then a heartbeat goes out to whoever watches from outside, so that
//! silence there means that a page to a person would not have come.
//!
//! `phone.rs` is that person's phone, `outside.rs` the heartbeat, `store/synthetic.rs` what is made and taken away again.

mod outside;
mod phone;

use std::pin::pin;
use std::time::{Duration, Instant};

use alert_rules::Facts;
use anyhow::{Context, bail};
use axum::Router;
use serde_json::json;

use crate::parts::Parts;
use crate::progress::{self, Standing};
use crate::random;
use crate::store::synthetic::{self, Person, Reached};
pub use outside::Outside;
use phone::Phone;

/// From the reading to the mail server's *250*. A day with all machines well it takes a second.
const TEST_LIMIT: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const WHAT: &str = "trying the way from a reading to a page";

struct Heartbeat {
    parts: Parts,
    /// What phones ask, without the network in between.
    phones: Router,
    outside: Option<Outside>,
}

/// Starts the loop, if an address for test pages is configured.
pub fn start(parts: &Parts, phones: Router) -> anyhow::Result<()> {
    let config = &parts.config;
    if config.heartbeat_email.is_none() {
        return Ok(());
    }
    let outside = config.heartbeat_url.as_ref().map(Outside::open).transpose()?;
    let heartbeat = Heartbeat { parts: parts.clone(), phones, outside };
    parts.lifecycle.spawn(heartbeat.beat());
    Ok(())
}

impl Heartbeat {
    async fn beat(self) {
        let every = Duration::from_secs(self.parts.config.heartbeat_every.into());
        let lifecycle = &self.parts.lifecycle;
        let turns = lifecycle.progress.begins(WHAT, every + TEST_LIMIT + progress::LIMIT);
        loop {
            tokio::select! {
                () = lifecycle.may_turn() => {}
                () = lifecycle.stopping.cancelled() => {}
            }
            if lifecycle.stopping.is_cancelled() {
                return;
            }
            let began = self.parts.clock.instant();
            match self.test(began).await {
                Ok(()) => {
                    turns.ended();
                    self.tell_outside().await;
                }
                Err(_) if lifecycle.stopping.is_cancelled() => return,
                Err(error) => {
                    tracing::error!("the service's test of itself failed, so no heartbeat goes out: {error:#}")
                }
            }
            tokio::select! {
                () = tokio::time::sleep_until((began + every).into()) => {}
                () = lifecycle.stopping.cancelled() => {}
            }
        }
    }

    /// Makes the person, tests, and takes the person away again, whatever came of it.
    async fn test(&self, began: Instant) -> anyhow::Result<()> {
        let Parts { store, clock, .. } = &self.parts;
        for patient in synthetic::left_behind(&store.owner, clock.care_now()).await? {
            synthetic::remove(&store.owner, patient).await?;
        }
        let phone = Phone::new(&self.parts.config.origin())?;
        let person = Person { patient: random::new_id(), device: phone.device };
        let key = serde_json::to_value(phone.public_key())?;
        synthetic::make(&store.owner, person, &key, &facts(clock.care_now())?, clock.care_now(), clock.machine_now())
            .await
            .context("the person for it could not be made")?;
        let tested = self.measure_and_follow(&phone, person, began).await;
        synthetic::remove(&store.owner, person.patient).await.context("its person could not be taken away again")?;
        tested
    }

    async fn measure_and_follow(&self, phone: &Phone, person: Person, began: Instant) -> anyhow::Result<()> {
        let Parts { store, clock, lifecycle, .. } = &self.parts;
        let mut measuring = pin!(phone.measure(&self.phones, clock.care_now()));
        match tokio::time::timeout(TEST_LIMIT, &mut measuring).await {
            Ok(measured) => measured?,
            Err(_) => {
                tracing::error!(
                    "the service's test of itself waits for the receipt of its reading; no heartbeat goes out"
                );
                // The writer has it in hand, and does not let go. Its person stays until then, or it would be refused, and told.
                tokio::select! {
                    measured = measuring => measured?,
                    () = lifecycle.stopping.cancelled() => {}
                }
            }
        }
        loop {
            let reached = synthetic::reached(&store.monitor, person.patient).await?;
            let took = clock.instant() - began;
            match &reached {
                Reached::Delivered if took <= TEST_LIMIT => return Ok(()),
                Reached::GivenUp(error) => bail!("its page was given up: {}", error.as_deref().unwrap_or_default()),
                _ => {}
            }
            if took > TEST_LIMIT || lifecycle.stopping.is_cancelled() {
                bail!("after {} seconds {}", took.as_secs(), so_far(&reached));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The page went out; but where another loop stands still, somebody else's may not.
    async fn tell_outside(&self) {
        let Some(outside) = &self.outside else { return };
        let still: Vec<&str> =
            self.parts.lifecycle.progress.look().iter().filter(|each| each.stands_still()).map(name).collect();
        if !still.is_empty() {
            tracing::error!(loops = still.join(", "), "loops stand still, so no heartbeat goes out");
            return;
        }
        if let Err(error) = outside.beat().await {
            tracing::error!("the heartbeat did not go out, so whoever watches from outside will call: {error:#}");
        }
    }
}

fn name(standing: &Standing) -> &'static str {
    standing.name
}

fn so_far(reached: &Reached) -> String {
    match reached {
        Reached::Nothing => "its reading was not stored".to_owned(),
        Reached::Stored => "its reading was stored and not judged".to_owned(),
        Reached::Judged => "its reading was judged and nothing came of it".to_owned(),
        Reached::Alerted => "no page was formed of its alert".to_owned(),
        Reached::Paged(None) => "its page was not sent".to_owned(),
        Reached::Paged(Some(error)) => format!("its page was not sent: {error}"),
        Reached::GivenUp(_) | Reached::Delivered => "its page had gone, too late".to_owned(),
    }
}

fn facts(now: jiff::Timestamp) -> anyhow::Result<Facts> {
    let facts = json!({ "date_of_birth": "1950-01-01", "time_zone": "UTC", "plan": { "since": now, "packs": [] } });
    serde_json::from_value(facts).context("the facts of a person without a plan cannot be read")
}
