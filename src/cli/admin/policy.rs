//! `derwent admin policy`

use std::path::PathBuf;

use alert_rules::escalation::policy::{self, PRESETS};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Desk, Done};
use crate::policies;
use crate::roster::Roster;
use crate::rostering;
use crate::store::audit::Act;
use crate::store::team::Team;
use crate::store::{self, roster, team};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Give a team its own policy. One that would leave anybody untold is refused
    Set {
        #[arg(long)]
        team: Uuid,
        #[command(flatten)]
        from: From,
    },
    /// Let a team go by the standard policy again
    Reset {
        #[arg(long)]
        team: Uuid,
    },
    /// Show what a team goes by
    Show {
        #[arg(long)]
        team: Uuid,
    },
    /// Print a policy to begin with
    Preset {
        /// standard, urgent-community-response
        name: String,
    },
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct From {
    /// A file in the form of a preset
    #[arg(long)]
    file: Option<PathBuf>,
    /// One that comes with the service
    #[arg(long)]
    preset: Option<String>,
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::Set { team, from } => {
                let (name, content) = from.read()?;
                if let Err(problems) = policy::read(&name, &content) {
                    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                    bail!("{}", problems.join("\n"));
                }
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, team).await?;
                let now = (desk.clock.machine_now(), desk.clock.care_now());
                rostering::set_policy(&mut db, team, &content, &desk.made_by, now).await?;
                let rosters = roster::load(&mut db, &[team], desk.clock.care_now()).await?;
                let own = own(&rosters, team)?;
                desk.record(&mut db, known.organisation, None, Act::PolicySet, json!({ "team": team })).await?;
                let done = shown(&known, own);
                db.commit().await?;
                Ok(done)
            }
            Self::Reset { team } => {
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, team).await?;
                if store::policy::remove(&mut db, team).await? {
                    desk.record(&mut db, known.organisation, None, Act::PolicySet, json!({ "team": team })).await?;
                }
                let rosters = roster::load(&mut db, &[team], desk.clock.care_now()).await?;
                let done = shown(&known, own(&rosters, team)?);
                db.commit().await?;
                Ok(done)
            }
            Self::Show { team } => {
                let mut db = desk.store.owner.acquire().await?;
                let known = known(&mut db, team).await?;
                let rosters = roster::load(&mut db, &[team], desk.clock.care_now()).await?;
                Ok(shown(&known, own(&rosters, team)?))
            }
            Self::Preset { name } => {
                let (name, text) = preset(&name)?;
                Ok(Done { text: text.trim_end().to_owned(), json: json!({ "preset": name, "content": text }) })
            }
        }
    }
}

impl From {
    fn read(&self) -> anyhow::Result<(String, String)> {
        match (&self.file, &self.preset) {
            (Some(file), _) => {
                let content =
                    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
                Ok((file.display().to_string(), content))
            }
            (None, Some(name)) => preset(name).map(|(name, text)| (name.to_owned(), text.to_owned())),
            (None, None) => bail!("give --file or --preset"),
        }
    }
}

fn preset(name: &str) -> anyhow::Result<(&'static str, &'static str)> {
    PRESETS
        .into_iter()
        .find(|(known, _)| *known == name)
        .with_context(|| format!("there is no preset {name}; there are {}", PRESETS.map(|(known, _)| known).join(", ")))
}

async fn known(db: &mut PgConnection, team: Uuid) -> anyhow::Result<Team> {
    team::get(db, team).await?.with_context(|| format!("there is no team {team}; `derwent admin team list` shows them"))
}

fn own(rosters: &[Roster], team: Uuid) -> anyhow::Result<&Roster> {
    rosters.iter().find(|roster| roster.team == team).context("the team is gone; look again")
}

fn shown(team: &Team, roster: &Roster) -> Done {
    let mut lines = vec![format!("{} goes by", team.name)];
    for (title, steps) in policies::in_words(&roster.policies) {
        lines.push(title);
        lines.extend(steps.iter().map(|step| format!("  {step}")));
    }
    Done { text: lines.join("\n"), json: json!({ "team": team.team, "policy": lines }) }
}
