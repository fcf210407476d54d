//! `derwent admin team`

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::parse::{self, Hours};
use super::{Desk, Done, lines};
use crate::random;
use crate::store::audit::Act;
use crate::store::organisation;
use crate::store::team::{self, Cover, Team};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a team
    Add {
        #[arg(long)]
        organisation: Uuid,
        #[arg(long)]
        name: String,
        /// What patients ring
        #[arg(long)]
        phone: String,
        /// Declared cover each day, in the organisation's time zone: 08:00-20:00, or all-day
        #[arg(long, value_parser = parse::hours)]
        cover: Hours,
    },
    /// List teams
    List {
        #[arg(long)]
        organisation: Option<Uuid>,
    },
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::Add { organisation, name, phone, cover } => {
                let mut db = desk.store.owner.begin().await?;
                organisation::get(&mut db, organisation).await?.with_context(|| {
                    format!("there is no organisation {organisation}; `derwent admin organisation list` shows them")
                })?;
                let new = Team { team: random::new_id(), organisation, name, phone };
                team::insert(&mut db, &new, Cover { from: cover.from, until: cover.until }).await?;
                desk.record(&mut db, organisation, None, Act::TeamMade, json!({ "team": new.team })).await?;
                db.commit().await?;
                Ok(Done { text: line(&new), json: value(&new) })
            }
            Self::List { organisation } => {
                let all = team::list(&mut *desk.store.owner.acquire().await?, organisation).await?;
                Ok(Done {
                    text: lines(all.iter().map(line), "There is no team yet."),
                    json: json!({ "teams": all.iter().map(value).collect::<Vec<_>>() }),
                })
            }
        }
    }
}

fn line(of: &Team) -> String {
    format!("team {}  {} (☎ {})", of.team, of.name, of.phone)
}

fn value(of: &Team) -> Value {
    json!({ "team": of.team, "organisation": of.organisation, "name": of.name, "phone": of.phone })
}
