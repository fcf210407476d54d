//! `derwent admin patient erase-older`: what is kept no longer than so many years. The readings since then, open alerts and the
//! judging of what is to come lose nothing (`docs/decisions/0018`).

use anyhow::{Context, bail};
use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

use super::patient::known;
use super::{Desk, Done};
use crate::store::audit::{self, Act};
use crate::store::restriction;
use crate::store::retention::{self, Old, Range, YOUNGEST};

#[derive(Args, Debug)]
pub struct EraseOlder {
    /// Whose: the id that `derwent admin patient list` shows
    #[arg(long)]
    patient: Uuid,
    /// What was measured before this day, where the person lives, is erased: 2018-04-01
    #[arg(long)]
    before: Date,
    /// The reason, for the record. It is kept for good: name nobody in it
    #[arg(long, required_unless_present = "dry_run")]
    why: Option<String>,
    /// Say what would be erased, and erase nothing
    #[arg(long)]
    dry_run: bool,
}

impl EraseOlder {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let Self { patient, before: day, why, dry_run } = self;
        let mut db = desk.store.eraser_tx().await?;
        let known = known(&mut db, patient).await?;
        let zone = TimeZone::get(&known.time_zone).context("the person's time zone is not known here")?;
        let before = day.to_zoned(zone.clone()).context("there is no such day")?.timestamp();
        let latest = desk.clock.care_now() - YOUNGEST;
        if before > latest {
            bail!(
                "rules and pages still look at what was measured since {day}; the latest day that can be given is {}",
                latest.to_zoned(zone).date()
            );
        }
        if restriction::of_patient(&mut db, patient).await?.is_some() {
            bail!(
                "the record of {patient} is restricted, so it is kept as it is; lift that first: `derwent admin patient lift-restriction`"
            );
        }
        let at = desk.clock.machine_now();
        let why = why.unwrap_or_default();
        let range = Range { patient, organisation: known.organisation, before, at, made_by: &desk.made_by, why: &why };
        let old = retention::erase(&mut db, &range).await?;
        let erased = !dry_run && !old.is_nothing();
        if erased {
            let detail = json!({ "before": day, "submissions": old.submissions });
            let entry = desk.did(Act::OldErased).about(patient, known.organisation).because(&why);
            audit::write(&mut db, &entry.detail(detail)).await?;
            db.commit().await?;
        } else {
            db.rollback().await?;
        }
        let text = match (old.is_nothing(), dry_run) {
            (true, _) => format!("of {patient} there is nothing from before {day}; nothing was erased"),
            (false, true) => format!("of {patient}, this from before {day} would be erased: {}", in_words(&old)),
            (false, false) => format!(
                "of {patient}, this from before {day} is erased: {}. The audit is kept. Backups still hold it until they are gone",
                in_words(&old)
            ),
        };
        let rows: serde_json::Map<String, Value> =
            old.rows.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
        Ok(Done {
            text,
            json: json!({
                "patient": patient, "before": before, "erased": erased, "submissions": old.submissions, "rows": rows,
            }),
        })
    }
}

fn in_words(old: &Old) -> String {
    let rows = old.rows.iter().map(|(name, count)| format!("{count} {name}"));
    let all: Vec<String> = [format!("{} submissions", old.submissions)].into_iter().chain(rows).collect();
    all.join(", ")
}
