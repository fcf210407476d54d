//! `derwent who-would-be-paged`: whom an alert would come to that opened then and that nobody took. Takes the same configuration as
//! `serve`, because it decides over what people can be told, and may run beside it.

use std::fmt::Write;

use alert_rules::{Kind, Priority};
use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::admin::parse;
use crate::clock::Clock;
use crate::config::Config;
use crate::notify::foresee::{Came, Moment, Person, foresee};
use crate::notify::office::Office;
use crate::roster::Roster;
use crate::store::team::{self, Team};
use crate::store::{Store, contact_point, roster};

#[derive(Args, Debug)]
pub struct Asked {
    #[command(flatten)]
    config: Box<Config>,

    /// A team's name or id
    #[arg(long)]
    team: String,

    /// high, medium or low
    #[arg(long, value_parser = priority)]
    priority: Priority,

    /// clinical, absence, equipment or service: a team's policy may tell them apart
    #[arg(long, value_parser = kind, default_value = "clinical")]
    kind: Kind,

    /// 2026-12-25T03:00 in the team's local time, or an instant as in 2026-12-25T03:00:00Z (default: now)
    #[arg(long, value_parser = when)]
    at: Option<When>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug)]
enum When {
    Instant(Timestamp),
    Local(jiff::civil::DateTime),
}

fn when(text: &str) -> Result<When, String> {
    match text.parse::<Timestamp>() {
        Ok(instant) => Ok(When::Instant(instant)),
        Err(_) => parse::local(text).map(When::Local),
    }
}

fn priority(text: &str) -> Result<Priority, String> {
    Priority::named(text).ok_or_else(|| format!("{text:?} is no priority; write high, medium or low"))
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::named(text).ok_or_else(|| format!("{text:?} is no kind; write clinical, absence, equipment or service"))
}

pub async fn run(asked: Asked) -> anyhow::Result<()> {
    let clock = asked.config.care_time.map_or_else(Clock::ordinary, Clock::standing);
    let store = Store::open(&asked.config.database).await?;
    let answer = answered(&asked, &store, &clock).await;
    store.close().await;
    let answer = answer?;
    if asked.json {
        println!("{}", serde_json::to_string_pretty(&answer.json())?);
    } else {
        print!("{}", answer.words());
    }
    Ok(())
}

struct Answer {
    rosters: Vec<Roster>,
    team: Team,
    zone: TimeZone,
    priority: Priority,
    kind: Kind,
    at: Timestamp,
    moments: Vec<Moment>,
}

async fn answered(asked: &Asked, store: &Store, clock: &Clock) -> anyhow::Result<Answer> {
    if store.migrations_missing().await? > 0 {
        bail!(
            "the database's tables are not up to date; run `derwent migrate`, or start the service, which does the same"
        );
    }
    let mut db = store.owner.acquire().await?;
    let team = find(&mut db, &asked.team).await?;
    let now = clock.care_now();
    let zone = zone_of(&mut db, team.team, now).await?;
    let at = match asked.at {
        None => now,
        Some(When::Instant(instant)) => instant,
        Some(When::Local(local)) => zone.to_timestamp(local)?,
    };
    let mut rosters = roster::load(&mut db, &[team.team], at).await?;
    contact_point::fill(&mut db, &mut rosters).await?;
    let office = Office::of(&asked.config);
    let moments = foresee(&rosters, team.team, (asked.priority, asked.kind), &office, at)?;
    Ok(Answer { rosters, team, zone, priority: asked.priority, kind: asked.kind, at, moments })
}

async fn zone_of(db: &mut PgConnection, team: Uuid, now: Timestamp) -> anyhow::Result<TimeZone> {
    let rosters = roster::load(db, &[team], now).await?;
    let own = rosters.iter().find(|roster| roster.team == team).context("the team is gone; look again")?;
    Ok(own.zone().clone())
}

/// By name or id.
pub(super) async fn find(db: &mut PgConnection, named: &str) -> anyhow::Result<Team> {
    let is_it = |team: &Team| team.name.eq_ignore_ascii_case(named.trim()) || team.team.to_string() == named.trim();
    let mut found: Vec<Team> = team::list(db, None).await?.into_iter().filter(is_it).collect();
    match (found.pop(), found.len()) {
        (Some(team), 0) => Ok(team),
        (None, _) => bail!("there is no team {named}; `derwent admin team list` shows them"),
        (Some(_), more) => {
            bail!("{} teams are called {named}; give the id that `derwent admin team list` shows", more + 1)
        }
    }
}

impl Answer {
    fn words(&self) -> String {
        let policy = self.own().map(|own| own.policies.of(self.priority, self.kind));
        let last = policy.map_or(0, alert_rules::escalation::Policy::last);
        let mut text = format!(
            "A {} {} alert of {} that opens on {} ({}) and that nobody takes:\n",
            self.priority.name(),
            self.kind.name(),
            self.team.name,
            self.local(self.at),
            self.zone.iana_name().unwrap_or("UTC"),
        );
        for moment in &self.moments {
            let steps: Vec<String> = moment.steps.iter().map(|step| step_words(*step, last)).collect();
            let steps = if steps.is_empty() { String::new() } else { format!("{}: ", steps.join(", ")) };
            let came = match &moment.came {
                Came::Waits { until } => format!("waits until {}; nobody is told before", self.local(*until)),
                Came::Bundled { until } => format!("goes with the next message, on {}", self.local(*until)),
                Came::Told { people, .. } if people.is_empty() => "nobody: there is nobody to be told".to_owned(),
                Came::Told { team, people } => {
                    let people: Vec<String> = people.iter().map(person).collect();
                    format!("{}{}", people.join("; "), self.whose(*team))
                }
            };
            // A string takes everything.
            let _ = writeln!(text, "  {}  {steps}{came}", self.local(moment.at));
            for sentence in &moment.operator {
                let _ = writeln!(text, "      the operator hears: {sentence}");
            }
        }
        text.push_str("  and so on, until somebody takes it\n");
        text
    }

    fn json(&self) -> Value {
        let moments = self.moments.iter().map(|moment| {
            let (waits_until, bundled_until, told) = match &moment.came {
                Came::Waits { until } => (Some(until), None, None),
                Came::Bundled { until } => (None, Some(until), None),
                Came::Told { team, people } => (None, None, Some((team, people))),
            };
            let people = told.map(|(_, people)| {
                people
                    .iter()
                    .map(|person| {
                        let ways = person
                            .ways
                            .iter()
                            .map(|way| json!({ "channel": way.channel.name(), "proven": way.proven }));
                        json!({ "staff": person.staff, "name": person.name, "ways": ways.collect::<Vec<_>>() })
                    })
                    .collect::<Vec<_>>()
            });
            json!({
                "at": moment.at,
                "steps": moment.steps.iter().map(|step| step + 1).collect::<Vec<_>>(),
                "waits_until": waits_until,
                "bundled_until": bundled_until,
                "roster": told.map(|(team, _)| team),
                "people": people,
                "operator": moment.operator,
            })
        });
        json!({
            "team": self.team.team,
            "priority": self.priority.name(),
            "kind": self.kind.name(),
            "at": self.at,
            "moments": moments.collect::<Vec<_>>(),
        })
    }

    fn own(&self) -> Option<&Roster> {
        self.rosters.iter().find(|roster| roster.team == self.team.team)
    }

    /// Said where it is not the team's own.
    fn whose(&self, team: Uuid) -> String {
        let taker = self.rosters.iter().find(|roster| roster.team == team && team != self.team.team);
        taker.map_or_else(String::new, |taker| {
            format!(" (roster of {}, which takes what comes outside cover)", taker.team_name)
        })
    }

    fn local(&self, at: Timestamp) -> String {
        self.zone.to_datetime(at).strftime("%a %-d %b %Y %H:%M").to_string()
    }
}

/// Counted as people count.
fn step_words(step: i16, last: i16) -> String {
    if step > last {
        format!("step {} of {} again", last + 1, last + 1)
    } else {
        format!("step {} of {}", step + 1, last + 1)
    }
}

fn person(person: &Person) -> String {
    let ways = person.ways.iter().map(|way| {
        let proven = if way.proven { "" } else { " (never proven)" };
        format!("{}{proven}", way.channel.words())
    });
    format!("{} by {}", person.name, ways.collect::<Vec<_>>().join(" and "))
}
