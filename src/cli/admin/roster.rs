//! `derwent admin roster`

use alert_rules::escalation::Weekly;
use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::shown_roster::shown;
use super::staff::anybody;
use super::{Desk, Done, parse};
use crate::roster::Roster;
use crate::rostering;
use crate::store::audit::Act;
use crate::store::roster_change::{self, NewOverride, Place};
use crate::store::staff::{self, Staff};
use crate::store::{organisation, team};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Replace a team's shifts. The first whose shift holds the hour is on duty, those after are paged next
    Set {
        #[arg(long)]
        team: Uuid,
        /// Who and when, in order: "ida@example.org=mon-fri 08:00-16:00", or a staff id; hours alone are those of every day
        #[arg(long, value_parser = shift, required = true)]
        shift: Vec<Shift>,
    },
    /// Somebody stands in for somebody, from – until in the team's local time; without --instead-of beside whoever is there
    Override {
        #[arg(long)]
        team: Uuid,
        /// Who stands in: an e-mail address or a staff id
        #[arg(long)]
        staff: String,
        #[arg(long)]
        instead_of: Option<String>,
        /// 2026-12-24T08:00, or a date: its first moment
        #[arg(long, value_parser = parse::local)]
        from: DateTime,
        #[arg(long, value_parser = parse::local)]
        until: DateTime,
    },
    /// Take an override back
    EndOverride {
        #[arg(long)]
        team: Uuid,
        #[arg(long)]
        id: Uuid,
    },
    /// Somebody is away, from every roster, in the local time of their organisation
    Leave {
        /// An e-mail address or a staff id
        #[arg(long)]
        staff: String,
        /// 2026-12-24T08:00, or a date: its first moment
        #[arg(long, value_parser = parse::local)]
        from: DateTime,
        /// When they are back
        #[arg(long, value_parser = parse::local)]
        until: DateTime,
    },
    /// Take leave back
    EndLeave {
        #[arg(long)]
        staff: String,
        #[arg(long)]
        id: Uuid,
    },
    /// Show a team's cover, who takes what outside it, shifts, overrides, leave, who is on duty, and holes that are coming
    Show {
        #[arg(long)]
        team: Uuid,
    },
}

#[derive(Clone, Debug)]
pub struct Shift {
    /// E-mail address or id.
    who: String,
    weekly: Weekly,
}

fn shift(text: &str) -> Result<Shift, String> {
    let (who, hours) = text
        .rsplit_once('=')
        .ok_or_else(|| format!("{text:?} is no shift; write \"ida@example.org=mon-fri 08:00-16:00\""))?;
    Ok(Shift { who: who.trim().to_lowercase(), weekly: parse::weekly(hours)? })
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let now = desk.clock.care_now();
        let mut db = desk.store.owner.begin().await?;
        let team = match self {
            Self::Set { team, shift } => {
                let known = team::get(&mut db, team).await?.with_context(|| unknown(team))?;
                let staff = of_team(&mut db, team).await?;
                let place = |shift: &Shift| Ok(Place { staff: find(&staff, &shift.who)?.staff, weekly: shift.weekly });
                let places = shift.iter().map(place).collect::<anyhow::Result<Vec<_>>>()?;
                rostering::set_shifts(&mut db, team, &places).await?;
                desk.record(&mut db, known.organisation, None, Act::RosterSet, json!({ "team": team })).await?;
                team
            }
            Self::Override { team, staff, instead_of, from, until } => {
                let known = team::get(&mut db, team).await?.with_context(|| unknown(team))?;
                let roster = roster(&mut db, team, now).await?;
                let people = of_team(&mut db, team).await?;
                let staff = find(&people, &staff)?.staff;
                let instead_of = match instead_of {
                    Some(who) => Some(find(&people, &who)?.staff),
                    None => None,
                };
                let at = |local| instant(roster.zone(), local);
                let new = NewOverride { team, instead_of, staff, from: at(from)?, until: at(until)? };
                let id = rostering::stand_in(&mut db, &new, now).await?;
                let detail = json!({ "team": team, "override": id, "staff": staff, "instead_of": instead_of,
                                     "from": new.from, "until": new.until });
                desk.record(&mut db, known.organisation, None, Act::StandInArranged, detail).await?;
                team
            }
            Self::EndOverride { team, id } => {
                let known = team::get(&mut db, team).await?.with_context(|| unknown(team))?;
                if !roster_change::remove_override(&mut db, team, id).await? {
                    bail!("this team has no override {id}; `derwent admin roster show` shows them");
                }
                let detail = json!({ "team": team, "override": id });
                desk.record(&mut db, known.organisation, None, Act::StandInEnded, detail).await?;
                team
            }
            Self::Leave { staff, from, until } => {
                let person = anybody(&mut db, &staff).await?;
                let home = organisation::get(&mut db, person.organisation).await?.context("their organisation")?;
                let zone = TimeZone::get(&home.time_zone)?;
                let (from, until) = (instant(&zone, from)?, instant(&zone, until)?);
                let id = rostering::go_on_leave(&mut db, person.staff, from, until, now).await?;
                let detail = json!({ "staff": person.staff, "leave": id, "from": from, "until": until });
                desk.record(&mut db, person.organisation, None, Act::LeaveEntered, detail.clone()).await?;
                db.commit().await?;
                return Ok(Done { text: format!("{} is away: leave {id}", person.name), json: detail });
            }
            Self::EndLeave { staff, id } => {
                let person = anybody(&mut db, &staff).await?;
                if !roster_change::remove_leave(&mut db, person.staff, id).await? {
                    bail!("{} has no leave {id}; `derwent admin roster show` shows it", person.name);
                }
                let detail = json!({ "staff": person.staff, "leave": id });
                desk.record(&mut db, person.organisation, None, Act::LeaveRemoved, detail.clone()).await?;
                db.commit().await?;
                return Ok(Done { text: format!("{} is not away then", person.name), json: detail });
            }
            Self::Show { team } => team,
        };
        let roster = roster(&mut db, team, now).await?;
        let done = shown(&mut db, &roster, now).await?;
        db.commit().await?;
        Ok(done)
    }
}

async fn roster(db: &mut PgConnection, team: Uuid, now: Timestamp) -> anyhow::Result<Roster> {
    rostering::of_team(db, team, now).await?.with_context(|| unknown(team))
}

async fn of_team(db: &mut PgConnection, team: Uuid) -> anyhow::Result<Vec<Staff>> {
    let may = team::may_be_rostered(db, team).await?;
    let mut staff = staff::list(db, None).await?;
    staff.retain(|person| may.contains(&person.staff));
    Ok(staff)
}

fn find<'a>(staff: &'a [Staff], who: &str) -> anyhow::Result<&'a Staff> {
    staff.iter().find(|person| person.email == who.to_lowercase() || person.staff.to_string() == who).with_context(|| {
        format!("{who} neither works in this team nor for its organisation; `derwent admin staff list` shows them, `derwent admin team join` lets them in")
    })
}

fn instant(zone: &TimeZone, local: DateTime) -> anyhow::Result<Timestamp> {
    Ok(zone.to_timestamp(local)?)
}

fn unknown(team: Uuid) -> String {
    format!("there is no team {team}; `derwent admin team list` shows them")
}
