//! `derwent rules shadow start, stop, report`: rules beside those in force, of which nobody is told.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::in_force::{By, Database};
use super::{files, say};
use crate::cli::admin::Desk;
use crate::shadowing::{OfPatient, Report, report};
use crate::store::audit::{self, Act};

#[derive(Subcommand, Debug)]
pub enum Shadow {
    /// Judge everybody by these rules as well, for some weeks; nobody is paged or asked for anything. Drafts and packs that nobody
    /// signed may run, and watch whom they fit
    Start {
        /// A folder of packs; without it, the packs in this binary
        path: Option<PathBuf>,
        /// As in 2026-03-28T08:00:00Z, four weeks from now at most; without it, four weeks
        #[arg(long)]
        until: Option<Timestamp>,
        #[arg(long)]
        why: String,
        #[command(flatten)]
        by: By,
    },
    /// Stop it before its time; what it recorded stays until the next one starts
    Stop {
        #[command(flatten)]
        by: By,
    },
    /// Show what it would have done: alerts by rule beside those there were, and how many would be newly alerted or no longer
    Report {
        /// Print all figures as JSON instead, with the patients' ids
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: Database,
    },
}

#[derive(Serialize)]
struct Figures {
    #[serde(flatten)]
    report: Report,
    differences: Vec<OfPatient>,
}

impl Shadow {
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Start { path, until, why, by } => {
                let files = files(path)?;
                by.does(async |desk, db| {
                    let until = desk.start_shadow(db, &files, until, &why).await?;
                    Ok(format!("beside the rules in force until {until}; `derwent rules shadow report` shows what they would do\n"))
                })
                .await
            }
            Self::Stop { by } => {
                by.does(async |desk, db| {
                    desk.stop_shadow(db).await?;
                    Ok("stopped; `derwent rules shadow report` shows what they would have done\n".to_owned())
                })
                .await
            }
            Self::Report { json, database } => {
                let desk = database.desk().await?;
                let read = read(&desk).await;
                desk.close().await;
                let figures = read?;
                say(&if json { serde_json::to_string_pretty(&figures)? + "\n" } else { figures.report.text() });
                Ok(())
            }
        }
    }
}

async fn read(desk: &Desk) -> anyhow::Result<Figures> {
    let mut db = desk.store.owner.begin().await?;
    let (report, differences) = report(&mut db, desk.clock.care_now())
        .await?
        .context("no rules ever ran beside those in force; `derwent rules shadow start` starts some")?;
    audit::write(&mut db, &desk.did(Act::ShadowRead)).await?;
    db.commit().await?;
    Ok(Figures { report, differences })
}
