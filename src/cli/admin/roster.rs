//! `derwent admin roster`

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::parse::{self, Hours};
use super::{Desk, Done, lines};
use crate::store::audit::Act;
use crate::store::staff::{self, Staff};
use crate::store::{roster, team};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Replace a team's roster. The first whose shift holds the hour is on duty, those after are paged next
    Set {
        #[arg(long)]
        team: Uuid,
        /// Who and when, in order: ida@example.org=08:00-16:00, or a staff id, or all-day for the hours
        #[arg(long, value_parser = shift, required = true)]
        shift: Vec<Shift>,
    },
    /// Show a team's roster
    Show {
        #[arg(long)]
        team: Uuid,
    },
}

#[derive(Clone, Debug)]
pub struct Shift {
    /// E-mail address or id.
    who: String,
    hours: Hours,
}

fn shift(text: &str) -> Result<Shift, String> {
    let (who, hours) =
        text.rsplit_once('=').ok_or_else(|| format!("{text:?} is no shift; write ida@example.org=08:00-16:00"))?;
    Ok(Shift { who: who.trim().to_lowercase(), hours: parse::hours(hours)? })
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::Set { team, shift } => {
                let mut db = desk.store.owner.begin().await?;
                let known = team::get(&mut db, team).await?.with_context(|| unknown(team))?;
                let may = team::may_be_rostered(&mut db, team).await?;
                let mut staff = staff::list(&mut db, None).await?;
                staff.retain(|person| may.contains(&person.staff));
                let places: Vec<team::Place> = shift
                    .iter()
                    .map(|shift| {
                        let person = find(&staff, &shift.who)?;
                        Ok(team::Place { staff: person.staff, from: shift.hours.from, until: shift.hours.until })
                    })
                    .collect::<anyhow::Result<_>>()?;
                team::set_roster(&mut db, team, &places).await?;
                desk.record(&mut db, known.organisation, None, Act::RosterSet, json!({ "team": team })).await?;
                db.commit().await?;
                shown(desk, team).await
            }
            Self::Show { team } => shown(desk, team).await,
        }
    }
}

fn find<'a>(staff: &'a [Staff], who: &str) -> anyhow::Result<&'a Staff> {
    staff.iter().find(|person| person.email == who || person.staff.to_string() == who).with_context(|| {
        format!("{who} neither works in this team nor for its organisation; `derwent admin staff list` shows them, `derwent admin team join` lets them in")
    })
}

async fn shown(desk: &Desk, team: Uuid) -> anyhow::Result<Done> {
    let mut db = desk.store.owner.acquire().await?;
    let roster = roster::load(&mut db, &[team]).await?.pop().with_context(|| unknown(team))?;
    let time = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    let text = roster
        .shifts
        .iter()
        .map(|shift| format!("{}-{}  {}", time(shift.hours.from), time(shift.hours.until), shift.member.name));
    let json: Vec<_> = roster
        .shifts
        .iter()
        .map(|shift| {
            json!({
                "staff": shift.member.staff, "name": shift.member.name,
                "from": time(shift.hours.from), "until": time(shift.hours.until),
            })
        })
        .collect();
    Ok(Done {
        text: lines(text, "Nobody is on this roster: pages go to no one."),
        json: json!({ "team": team, "roster": json }),
    })
}

fn unknown(team: Uuid) -> String {
    format!("there is no team {team}; `derwent admin team list` shows them")
}
