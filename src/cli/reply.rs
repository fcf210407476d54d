//! `derwent reply`: one mail on standard input, as mail servers hand it to a program. Somebody answers a page.
//!
//! It ends with 0 where the mail was taken or rightly passed over, and otherwise with 75 (sysexits' EX_TEMPFAIL), on which the mail server
//! keeps the mail and tries again. Nothing that it says names anybody.

use std::io::Read;

use anyhow::{Context, bail};
use clap::Args;

use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::lifecycle::Lifecycle;
use crate::reply::mail::{self, Answer, Heard};
use crate::reply::{self};
use crate::signal::Signals;
use crate::store::Store;

/// An answer to a page is short; of what is longer, the rest is not read.
const MOST_BYTES: u64 = 1024 * 1024;
/// sysexits' EX_TEMPFAIL.
pub const TRY_AGAIN: u8 = 75;

#[derive(Args, Debug)]
pub struct Reply {
    #[command(flatten)]
    database: DatabaseConfig,
}

pub async fn run(reply: Reply) -> anyhow::Result<()> {
    let mut raw = Vec::new();
    std::io::stdin()
        .lock()
        .take(MOST_BYTES)
        .read_to_end(&mut raw)
        .context("the mail cannot be read from standard input")?;
    let heard = mail::read(&raw);
    match &heard {
        Heard::Answer(_) => {}
        Heard::Automatic(mark, _) => tracing::info!(mark, "passed over: a program wrote it"),
        Heard::Nothing => tracing::info!("passed over: it answers no page"),
    }
    let (Heard::Answer(answer) | Heard::Automatic(_, Some(answer))) = &heard else { return Ok(()) };
    let store = Store::open(&reply.database).await?;
    let ended = settle(&store, &heard, answer).await;
    store.close().await;
    ended
}

async fn settle(store: &Store, heard: &Heard, answer: &Answer) -> anyhow::Result<()> {
    if store.migrations_missing().await? > 0 {
        bail!("the tables are not up to date; run `derwent migrate`, or start the service, which does the same");
    }
    if let Heard::Automatic(..) = heard {
        let noted = reply::by_program(store, &Clock::ordinary(), answer).await;
        return noted.context("that a program answered could not be noted");
    }
    let lifecycle = Lifecycle::new();
    let signals = Signals::start(store.monitor.clone(), &lifecycle);
    let taken = reply::by_mail(store, &Clock::ordinary(), answer).await;
    match &taken {
        Ok(Some(taken)) => taken.tell(&signals),
        Ok(None) => tracing::info!("passed over: it answers no page of whoever sent it"),
        Err(_) => {}
    }
    lifecycle.stop().await;
    taken.map(drop).context("the answer could not be taken")
}
