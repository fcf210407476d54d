//! From the receipt *stored* of a reading at the rule's at-once level to its mail at a real SMTP server, one after another.

use std::time::Duration;

use anyhow::{Context, bail};
use mobile_api::message::{ClientMessage, ServerMessage, Submit};
use serde::Serialize;

use super::pace::{Percentiles, histogram, micros};
use super::world::{World, pressure};

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Serialize)]
pub struct Mail {
    pub mails: u64,
    pub stored_to_mail_ms: Percentiles,
}

pub async fn measure(world: &World, mails: usize) -> anyhow::Result<Mail> {
    let mut arrivals = world.inbox.changes();
    let mut latency = histogram()?;
    for index in 0..mails {
        let mut line = world.phone(index).await?;
        arrivals.mark_unchanged();
        let items = vec![pressure(231.0, 132.0, world.clock.care_now())];
        line.say(&ClientMessage::Submit(Submit { batch: 1, items })).await?;
        loop {
            match line.hear().await? {
                ServerMessage::Receipt(_) => break,
                ServerMessage::Refused(refused) => bail!("a batch was refused: {}", refused.refusal.detail),
                _ => {}
            }
        }
        let stored = world.clock.instant();
        tokio::time::timeout(PATIENCE, arrivals.changed()).await.context("no mail came")??;
        latency.record(micros(world.clock.instant().duration_since(stored))).context("a latency")?;
        line.close().await;
    }
    Ok(Mail { mails: latency.len(), stored_to_mail_ms: Percentiles::of(&latency) })
}
