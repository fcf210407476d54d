//! `derwent rules publish, approve, withdraw, undo, stop, resume, sign, in-force, explain`: the rules that judge people. Each names
//! the member of staff in whose name it is done; the audit has them and whoever gave the command.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{files, say};
use crate::cli::admin::{Desk, facts};
use crate::config::DatabaseConfig;
use crate::explaining::Question;
use crate::publishing::{self, InForce, from_hex, hex};
use crate::signal::Signal;
use crate::store::audit::{self, Act, Actor};
use crate::store::history::Readings;
use crate::store::patient;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Propose rules to put in force; somebody else who owns the rules approves them
    Publish {
        /// A folder of packs; without it, the packs in this binary
        path: Option<PathBuf>,
        #[arg(long)]
        why: String,
        #[command(flatten)]
        by: By,
    },
    /// Put proposed rules in force, as the second person
    Approve {
        /// Of the proposal, as `in-force` shows it
        hash: String,
        #[command(flatten)]
        by: By,
    },
    /// Take a proposal back
    Withdraw {
        /// Of the proposal, as `in-force` shows it
        hash: String,
        #[command(flatten)]
        by: By,
    },
    /// Go back to the rules before those in force; one person may
    Undo {
        #[arg(long)]
        why: String,
        #[command(flatten)]
        by: By,
    },
    /// Stop one rule for up to a day; one person may. Each patient it watched is a task of their team
    Stop {
        /// As in hypertension/severe
        rule: String,
        /// For how many hours
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=24))]
        hours: i64,
        #[arg(long)]
        why: String,
        #[command(flatten)]
        by: By,
    },
    /// Let a stopped rule go on
    Resume {
        /// As in hypertension/severe
        rule: String,
        #[command(flatten)]
        by: By,
    },
    /// Write down that a clinician read a pack's printed page and releases it; a pack nobody signed watches nobody
    Sign {
        /// As in hypertension
        pack: String,
        /// What the printed page says of its files
        #[arg(long)]
        files: String,
        /// Of their profession, as in "GMC 1234567"
        #[arg(long)]
        registration: String,
        #[command(flatten)]
        by: By,
    },
    /// Show the rules in force: since when, by whom, which packs are signed, what is stopped, what is proposed
    InForce {
        #[command(flatten)]
        database: Database,
    },
    /// Show what each part of a rule saw of one patient at one time
    Explain {
        /// As in hypertension/severe
        rule: String,
        #[arg(long)]
        patient: Uuid,
        /// As in 2026-03-01T08:12:00Z; without it, now
        #[arg(long)]
        at: Option<Timestamp>,
        #[command(flatten)]
        database: Database,
    },
}

#[derive(Args, Debug)]
pub struct Database {
    #[command(flatten)]
    database: DatabaseConfig,

    /// Who gives this command, for the record
    #[arg(long, env = "USER", default_value = "administrator", hide_env = true)]
    made_by: String,

    /// The care time it is: only for the demo and tests, whose care time is stepped
    #[arg(long, hide = true)]
    care_time: Option<Timestamp>,
}

#[derive(Args, Debug)]
pub struct By {
    /// The member of staff in whose name it is done; `derwent admin staff list` shows them
    #[arg(long)]
    by: Uuid,
    #[command(flatten)]
    database: Database,
}

impl Database {
    pub(in crate::cli) async fn desk(self) -> anyhow::Result<Desk> {
        Desk::open(&self.database, self.made_by, self.care_time).await
    }
}

impl Command {
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::InForce { database } => {
                let desk = database.desk().await?;
                let shown = shown(&desk).await;
                desk.close().await;
                say(&shown?);
                Ok(())
            }
            Self::Explain { rule, patient, at, database } => {
                let desk = database.desk().await?;
                let explained = explained(&desk, &rule, patient, at).await;
                desk.close().await;
                say(&explained?);
                Ok(())
            }
            Self::Publish { path, why, by } => {
                let files = files(path)?;
                by.does(async |desk, db| {
                    let hash = desk.propose(db, files, &why).await?;
                    Ok(format!("proposed {}\nsomebody else who owns the rules approves them\n", hex(&hash)))
                })
                .await
            }
            Self::Approve { hash, by } => {
                let hash = hash_of(&hash)?;
                by.does(async |desk, db| {
                    desk.approve(db, &hash).await?;
                    Ok("in force; everybody is judged by them\n".to_owned())
                })
                .await
            }
            Self::Withdraw { hash, by } => {
                let hash = hash_of(&hash)?;
                by.does(async |desk, db| {
                    desk.withdraw(db, &hash).await?;
                    Ok("withdrawn\n".to_owned())
                })
                .await
            }
            Self::Undo { why, by } => {
                by.does(async |desk, db| {
                    desk.undo(db, &why).await?;
                    Ok("the rules before are in force again; everybody is judged by them\n".to_owned())
                })
                .await
            }
            Self::Stop { rule, hours, why, by } => {
                by.does(async |desk, db| {
                    let until = desk.stop(db, &rule, SignedDuration::from_hours(hours), &why).await?;
                    Ok(format!("{rule} watches nobody until {until}\n"))
                })
                .await
            }
            Self::Resume { rule, by } => {
                by.does(async |desk, db| {
                    desk.resume(db, &rule).await?;
                    Ok(format!("{rule} watches again\n"))
                })
                .await
            }
            Self::Sign { pack, files, registration, by } => {
                by.does(async |desk, db| {
                    desk.sign(db, &pack, &files, &registration).await?;
                    Ok(format!("{pack} is signed\n"))
                })
                .await
            }
        }
    }
}

impl By {
    /// In one transaction; the monitor is told when it is done.
    pub(super) async fn does(
        self,
        act: impl AsyncFnOnce(&publishing::Desk, &mut sqlx::PgConnection) -> Result<String, publishing::Refused>,
    ) -> anyhow::Result<()> {
        let staff = self.by;
        let desk = self.database.desk().await?;
        let done = async {
            let publishing = publishing::Desk {
                staff,
                actor: Actor::Operator(desk.made_by.clone()),
                address: None,
                machine_now: desk.clock.machine_now(),
                care_now: desk.clock.care_now(),
                demo: desk.store.is_demo().await?,
            };
            let mut db = desk.store.monitor.begin().await?;
            let said = act(&publishing, &mut db).await?;
            db.commit().await?;
            desk.signals.send(Signal::Arrived);
            desk.signals.send(Signal::Pages);
            anyhow::Ok(said)
        }
        .await;
        desk.close().await;
        say(&done?);
        Ok(())
    }
}

async fn shown(desk: &Desk) -> anyhow::Result<String> {
    let mut db = desk.store.owner.acquire().await?;
    let Some(InForce { rulebook, published, signatures, proposals }) = publishing::in_force(&mut db).await? else {
        bail!("no rules were ever put in force; `derwent serve` does at its first start");
    };
    let mut text = format!("{}\nin force since {}, by {}\n", hex(&published.hash), published.at, published.by);
    for pack in rulebook.packs() {
        let hash = rulebook.pack_hash(&pack.name);
        let signed: Vec<String> = signatures
            .iter()
            .filter(|signature| signature.pack == pack.name && signature.hash == hash)
            .map(|signature| format!("{} ({})", signature.name, signature.registration))
            .collect();
        let state = match (&pack.draft, signed.is_empty()) {
            (Some(why), _) => format!("a draft: {why}"),
            (None, true) => "signed by nobody".to_owned(),
            (None, false) => format!("signed by {}", signed.join(", ")),
        };
        let _ = writeln!(text, "  {} {} ({}…): {state}", pack.name, pack.version, &hex(&hash)[..16]);
    }
    let stops = rulebook.stops().iter().filter(|stop| stop.until > desk.clock.care_now());
    for stop in stops {
        let _ = writeln!(text, "stopped until {}: {} (by {}: {})", stop.until, stop.rule, stop.by, stop.why);
    }
    for proposal in proposals {
        let hash = hex(&proposal.hash);
        let _ = writeln!(text, "proposed {} by {}: {}\n  {hash}", proposal.proposed_at, proposal.by, proposal.why);
    }
    Ok(text)
}

async fn explained(desk: &Desk, rule: &str, of: Uuid, at: Option<Timestamp>) -> anyhow::Result<String> {
    let now = desk.clock.care_now();
    let at = at.unwrap_or(now);
    let rulebook = facts::rulebook(desk).await?;
    let question = Question::new(&rulebook, rule, at, now)?;
    let mut db = desk.store.owner.begin().await?;
    let patient = patient::get(&mut db, of).await?.with_context(|| format!("there is no patient {of}"))?;
    let explained = question.answer(&mut db, of, Readings::All).await?;
    let entry = desk.did(Act::RuleExplained).about(of, patient.organisation);
    audit::write(&mut db, &entry.detail(serde_json::json!({ "rule": rule, "at": at }))).await?;
    db.commit().await?;
    Ok(explained)
}

fn hash_of(text: &str) -> anyhow::Result<[u8; 32]> {
    from_hex(text).context("a proposal is named by its 64 hexadecimal digits")
}
