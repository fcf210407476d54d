//! `derwent admin team`

use alert_rules::Priority;
use alert_rules::escalation::Weekly;
use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::parse;
use super::shown_roster::shown;
use super::{Desk, Done, lines};
use crate::random;
use crate::rostering::{self, Declared};
use crate::store::audit::Act;
use crate::store::staff::{self, Staff};
use crate::store::team::{self, Team};
use crate::store::{organisation, roster};

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
        /// Declared cover, in the organisation's time zone: "mon-fri 08:00-20:00", or hours alone for every day; several times for several
        #[arg(long, value_parser = parse::weekly, required = true)]
        cover: Vec<Weekly>,
    },
    /// Declare when a team answers, and who takes what outside of that, in place of what was declared before
    Cover {
        #[arg(long)]
        team: Uuid,
        /// In the organisation's time zone: "mon-fri 08:00-18:00", "sat,bank 09:00-12:00", or hours alone for every day
        #[arg(long, value_parser = parse::weekly, required = true)]
        hours: Vec<Weekly>,
        /// A bank holiday of England and Wales is a day of its own, with the hours of `bank` and no others
        #[arg(long)]
        keeps_bank_holidays: bool,
        /// high=TEAM-ID: that team takes them outside cover. What is not named waits until cover opens
        #[arg(long, value_parser = outside)]
        outside: Vec<(Priority, Uuid)>,
    },
    /// Let a member of staff work in a team, of whichever organisation: in a joint team people of several work together
    Join {
        #[arg(long)]
        team: Uuid,
        #[arg(long)]
        staff: Uuid,
    },
    /// A member of staff works in a team no more
    Leave {
        #[arg(long)]
        team: Uuid,
        #[arg(long)]
        staff: Uuid,
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
                team::insert(&mut db, &new, &cover).await?;
                desk.record(&mut db, organisation, None, Act::TeamMade, json!({ "team": new.team })).await?;
                db.commit().await?;
                Ok(Done { text: line(&new), json: value(&new) })
            }
            Self::Cover { team, hours, keeps_bank_holidays, outside } => {
                let mut db = desk.store.owner.begin().await?;
                let known = team::get(&mut db, team).await?.with_context(|| unknown(team))?;
                let declared = Declared { keeps_bank_holidays, hours, taken_by: outside.into_iter().collect() };
                rostering::declare_cover(&mut db, team, &declared).await?;
                let now = desk.clock.care_now();
                let roster = rostering::of_team(&mut db, team, now).await?.with_context(|| unknown(team))?;
                let done = shown(&mut db, &roster, now).await?;
                let detail = json!({ "team": team, "cover": done.json["cover"], "outside": done.json["outside"] });
                desk.record(&mut db, known.organisation, None, Act::CoverDeclared, detail).await?;
                db.commit().await?;
                Ok(done)
            }
            Self::Join { team, staff } => {
                let mut db = desk.store.owner.begin().await?;
                let (known, person) = both(&mut db, team, staff).await?;
                team::add_member(&mut db, team, staff).await?;
                desk.record(
                    &mut db,
                    known.organisation,
                    None,
                    Act::MemberAdded,
                    json!({ "team": team, "staff": staff }),
                )
                .await?;
                db.commit().await?;
                Ok(Done {
                    text: format!("{} works in {}", person.name, known.name),
                    json: json!({ "team": team, "staff": staff }),
                })
            }
            Self::Leave { team, staff } => {
                let mut db = desk.store.owner.begin().await?;
                let (known, person) = both(&mut db, team, staff).await?;
                let rosters = roster::load(&mut db, &[team], desk.clock.care_now()).await?;
                if rosters.iter().any(|roster| roster.team == team && roster.names(staff)) {
                    bail!(
                        "{} is on the roster of {}; `derwent admin roster set` a new one first",
                        person.name,
                        known.name
                    );
                }
                team::remove_member(&mut db, team, staff).await?;
                let detail = json!({ "team": team, "staff": staff });
                desk.record(&mut db, known.organisation, None, Act::MemberRemoved, detail.clone()).await?;
                db.commit().await?;
                Ok(Done { text: format!("{} works in {} no more", person.name, known.name), json: detail })
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

async fn both(db: &mut PgConnection, team: Uuid, staff: Uuid) -> anyhow::Result<(Team, Staff)> {
    let known = team::get(db, team).await?.with_context(|| unknown(team))?;
    let person = staff::get(db, staff)
        .await?
        .with_context(|| format!("there is no member of staff {staff}; `derwent admin staff list` shows them"))?;
    Ok((known, person))
}

fn unknown(team: Uuid) -> String {
    format!("there is no team {team}; `derwent admin team list` shows them")
}

/// `high=0198…`
fn outside(text: &str) -> Result<(Priority, Uuid), String> {
    let read = || {
        let (priority, team) = text.split_once('=')?;
        Some((Priority::named(priority)?, team.parse().ok()?))
    };
    read().ok_or_else(|| format!("{text:?} names no priority and team; write high=, medium= or low= and the team's id"))
}

fn line(of: &Team) -> String {
    format!("team {}  {} (☎ {})", of.team, of.name, of.phone)
}

fn value(of: &Team) -> Value {
    json!({ "team": of.team, "organisation": of.organisation, "name": of.name, "phone": of.phone })
}
