//! `derwent admin team`

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::parse::{self, Hours};
use super::{Desk, Done, lines};
use crate::random;
use crate::store::audit::Act;
use crate::store::staff::{self, Staff};
use crate::store::team::{self, Cover, Team};
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
        /// Declared cover each day, in the organisation's time zone: 08:00-20:00, or all-day
        #[arg(long, value_parser = parse::hours)]
        cover: Hours,
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
                team::insert(&mut db, &new, Cover { from: cover.from, until: cover.until }).await?;
                desk.record(&mut db, organisation, None, Act::TeamMade, json!({ "team": new.team })).await?;
                db.commit().await?;
                Ok(Done { text: line(&new), json: value(&new) })
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
                if roster::load(&mut db, &[team])
                    .await?
                    .iter()
                    .flat_map(|roster| &roster.shifts)
                    .any(|shift| shift.member.staff == staff)
                {
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
    let known = team::get(db, team)
        .await?
        .with_context(|| format!("there is no team {team}; `derwent admin team list` shows them"))?;
    let person = staff::get(db, staff)
        .await?
        .with_context(|| format!("there is no member of staff {staff}; `derwent admin staff list` shows them"))?;
    Ok((known, person))
}

fn line(of: &Team) -> String {
    format!("team {}  {} (☎ {})", of.team, of.name, of.phone)
}

fn value(of: &Team) -> Value {
    json!({ "team": of.team, "organisation": of.organisation, "name": of.name, "phone": of.phone })
}
