//! `derwent audit`: what only those who look after the service can tell of the audit, whatever its pages say.

use std::io::Write;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::fhir::audit_event;
use crate::store::Store;
use crate::store::audit::{self, Act, Actor, Entry};
use crate::store::audit_chain::{self, Head};
use crate::store::audit_seen::{self, Wanted};

/// Faults that are named; all are counted.
const NAMED: usize = 20;
/// Entries read at once.
const PAGE: i64 = 1_000;

#[derive(Args, Debug)]
pub struct Audit {
    #[command(flatten)]
    database: DatabaseConfig,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Compute the chain anew and name every entry that was changed, deleted or put in; the exit code is not 0 if there is one
    Verify {
        /// A head that was kept outside of the database: nothing up to it may have been rewritten or cut off
        #[arg(long)]
        head: Option<Head>,
    },
    /// Print entries as FHIR R4 AuditEvents, one a line, newest first. That they were exported is an entry, too
    Export {
        /// Of this organisation and its staff; without it, of the whole installation
        #[arg(long)]
        organisation: Option<Uuid>,
        #[arg(long)]
        patient: Option<Uuid>,
        /// 2026-11-01T00:00:00Z
        #[arg(long)]
        from: Option<Timestamp>,
        #[arg(long)]
        until: Option<Timestamp>,
        /// Who does this, for the record
        #[arg(long, env = "USER", default_value = "administrator", hide_env = true)]
        made_by: String,
    },
    /// Print the head of the chain, to be kept outside of the database
    Head,
}

pub async fn run(audit: Audit) -> anyhow::Result<()> {
    let store = Store::open(&audit.database).await?;
    let ended = audit.command.run(&store).await;
    store.close().await;
    ended
}

impl Command {
    async fn run(self, store: &Store) -> anyhow::Result<()> {
        if store.migrations_missing().await? > 0 {
            bail!("the tables are not up to date; run `derwent migrate`, or start the service, which does the same");
        }
        match self {
            Self::Verify { head } => verify(store, head).await,
            Self::Export { organisation, patient, from, until, made_by } => {
                let wanted = Wanted { organisation, patient, from, until, ..Wanted::default() };
                export(store, wanted, made_by).await
            }
            Self::Head => {
                println!("{}", audit_chain::head(&mut *store.owner.acquire().await?).await?);
                Ok(())
            }
        }
    }
}

async fn export(store: &Store, mut wanted: Wanted, made_by: String) -> anyhow::Result<()> {
    let asked = json!({
        "organisation": wanted.organisation, "patient": wanted.patient, "from": wanted.from, "until": wanted.until,
    });
    let entry = Entry::new(Actor::Operator(made_by), Act::AuditExported, Clock::ordinary().machine_now()).detail(asked);
    let entry = wanted.organisation.map_or(entry.clone(), |organisation| entry.at_organisation(organisation));
    let mut db = store.owner.begin().await?;
    audit::write(&mut db, &entry).await?;
    db.commit().await?;
    let mut to = std::io::stdout().lock();
    loop {
        let found = audit_seen::search(&mut *store.owner.acquire().await?, &wanted, PAGE).await?;
        for seen in &found {
            writeln!(to, "{}", audit_event::of(seen)).context("nobody reads what is exported")?;
        }
        match found.last() {
            Some(last) => wanted.before = Some(last.row.audit),
            None => return Ok(()),
        }
    }
}

async fn verify(store: &Store, kept: Option<Head>) -> anyhow::Result<()> {
    let verified = audit_chain::verify(&store.owner, kept, NAMED).await?;
    for fault in &verified.named {
        println!("✗ {fault}");
    }
    println!("{} entries are sealed, {} wait to be", verified.head.links, verified.waiting);
    println!("head {}", verified.head);
    match verified.faults {
        0 => Ok(()),
        faults => bail!(
            "the audit was tampered with in {faults} places. Keep the database as it is, and compare with a backup of before: \
             only somebody with the database's own powers can have done this"
        ),
    }
}
