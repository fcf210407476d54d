//! The rulebook in force: published at start where it differs from what the database has, read again whenever somebody
//! published another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use alert_rules::{Rulebook, built_in, check};
use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgPool;

use crate::parts::Parts;
use crate::rule_files;
use crate::store::audit::{self, Act, Actor, Entry};
use crate::store::{alert, arrival, rulebook};

#[derive(Debug)]
pub struct InForce {
    pub hash: [u8; 32],
    pub rulebook: Rulebook,
}

/// The last one read; which one is in force is asked of the database for every batch.
#[derive(Debug, Default)]
pub struct Rulebooks(Mutex<Option<Arc<InForce>>>);

impl Rulebooks {
    /// One that this version cannot read stops all judging, so the operator hears of it.
    pub async fn in_force(&self, pool: &PgPool, care_now: Timestamp) -> anyhow::Result<Arc<InForce>> {
        let hash = rulebook::in_force(&mut *pool.acquire().await?)
            .await?
            .context("no rulebook was ever published; start the service again")?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.hash == hash) {
            return Ok(known);
        }
        let rulebook = match read(rulebook::files(pool, hash).await?) {
            Ok(rulebook) => rulebook.knowing(&rulebook::questionnaires(&mut *pool.acquire().await?).await?),
            Err(error) => {
                let sentence = "The rulebook in force cannot be read by this version of the service: nobody is judged. \
                                Start the version that published it, or publish rules that this one reads.";
                let mut tx = pool.begin().await?;
                alert::open_operator(&mut tx, "a rulebook that cannot be read", sentence, care_now).await?;
                tx.commit().await?;
                return Err(error.context("the rulebook in force cannot be read by this version of the service"));
            }
        };
        let in_force = Arc::new(InForce { hash, rulebook });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&in_force));
        Ok(in_force)
    }
}

/// The first start puts the configured rules in force; of several replicas that start at once, one does. After that a newer version
/// of this binary changes nobody's rules by itself: `publishing.rs` does, by two people. A demo takes them as they come.
pub async fn publish_at_start(parts: &Parts) -> anyhow::Result<()> {
    let (files, by) = match &parts.config.rules {
        Some(folder) => (rule_files::read(folder)?, folder.display().to_string()),
        None => (built_in::files(), format!("derwent {}", env!("CARGO_PKG_VERSION"))),
    };
    let problems = check::check(&files);
    if let Some(first) = problems.first() {
        bail!(
            "the rules have {} problems, so they are not put in force; `derwent rules check` shows all. The first:\n{first}",
            problems.len()
        );
    }
    let hash = read(files.clone())?.hash();
    let mut tx = parts.store.monitor.begin().await?;
    rulebook::lock(&mut tx).await?;
    let in_force = rulebook::in_force(&mut tx).await?;
    if in_force.is_some_and(|in_force| in_force != hash) && !parts.store.is_demo().await? {
        tracing::info!("these rules differ from those in force, which go on; `derwent rules publish` proposes these");
    } else if in_force != Some(hash) {
        rulebook::publish(&mut tx, hash, &files, parts.clock.machine_now(), &by).await?;
        arrival::publish(&mut tx, parts.clock.care_now()).await?;
        let entry = Entry::new(Actor::Service, Act::RulebookPublished, parts.clock.machine_now());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        audit::write(&mut tx, &entry.detail(json!({ "hash": hex, "by": by }))).await?;
        tracing::info!(by, "a new rulebook is in force; everyone is judged by it");
    }
    tx.commit().await?;
    Ok(())
}

fn read(files: BTreeMap<String, String>) -> anyhow::Result<Rulebook> {
    Rulebook::from_files(files).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        anyhow::anyhow!("{} problems in the rule files, the first:\n{first}", problems.len())
    })
}
