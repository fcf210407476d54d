//! The roster page: who is on duty and when, and what those who look after a team's roster change there.

pub mod calendar;
mod policy;
pub mod routes;

use std::sync::Arc;

use alert_rules::Priority;
use alert_rules::escalation::{Weekly, bank_holidays};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Span, Timestamp};
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::roster::{AHEAD, Outside, Roster, Stretch};
use crate::rostering::{self, Declared, Refused};
use crate::store::audit::{self, Act};
use crate::store::roster_change::{self, NewOverride, Place};
use crate::store::{self, staff};
use crate::web::access::Right;
use crate::web::api::{
    DeclareCover, EndLeave, EndStandIn, Leave, NewLeave, NewStandIn, OnDuty, OutsideCover, Person, RosterDay,
    RosterPage, RosterShift, RosterStretch, SetShifts, StandIn,
};
use crate::web::extract::{Body, Path};
use crate::web::failure::{Answer, Failure};
use crate::web::session::SignedIn;
use crate::web::{Web, alerts, api, me, reach};

type Tx = Transaction<'static, Postgres>;

/// How far back the last change of shift is looked for.
const BACK: SignedDuration = SignedDuration::from_hours(7 * 24);
const DAYS_SHOWN: i64 = 15;

pub async fn page(State(web): State<Arc<Web>>, who: SignedIn, Path(team): Path<Uuid>) -> Answer<Json<RosterPage>> {
    let mut db = within_reach(&web, &who, team).await?;
    let look = who.did(Act::RosterRead, web.parts.clock.machine_now()).detail(json!({ "team": team }));
    audit::write_look(&mut db, &look).await?;
    let page = read(&web, &who, &mut db, team).await?;
    db.commit().await?;
    Ok(Json(page))
}

pub async fn stand_in(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(team): Path<Uuid>,
    Body(asked): Body<NewStandIn>,
) -> Answer<Json<RosterPage>> {
    let mut db = to_change(&web, &who, team).await?;
    let NewStandIn { staff, instead_of, from, until } = asked;
    let new = NewOverride { team, instead_of, staff, from, until };
    let id = rostering::stand_in(&mut db, &new, web.parts.clock.care_now()).await?;
    let detail = json!({ "team": team, "override": id, "staff": staff, "instead_of": instead_of, "from": from,
                         "until": until });
    changed(&web, &who, db, team, Act::StandInArranged, detail).await
}

pub async fn end_stand_in(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(team): Path<Uuid>,
    Body(asked): Body<EndStandIn>,
) -> Answer<Json<RosterPage>> {
    let mut db = to_change(&web, &who, team).await?;
    if !roster_change::remove_override(&mut db, team, asked.stand_in).await? {
        return Err(gone());
    }
    changed(&web, &who, db, team, Act::StandInEnded, json!({ "team": team, "override": asked.stand_in })).await
}

pub async fn go_on_leave(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(team): Path<Uuid>,
    Body(asked): Body<NewLeave>,
) -> Answer<Json<RosterPage>> {
    let mut db = to_change(&web, &who, team).await?;
    let staff = asked.staff;
    let (from, until) =
        (first_moment(&mut db, team, asked.from).await?, first_moment(&mut db, team, asked.until).await?);
    rostering::may_stand(&mut db, team, [staff]).await?;
    let id = rostering::go_on_leave(&mut db, staff, from, until, web.parts.clock.care_now()).await?;
    let detail = json!({ "staff": staff, "leave": id, "from": from, "until": until });
    changed(&web, &who, db, team, Act::LeaveEntered, detail).await
}

pub async fn end_leave(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(team): Path<Uuid>,
    Body(asked): Body<EndLeave>,
) -> Answer<Json<RosterPage>> {
    let mut db = to_change(&web, &who, team).await?;
    rostering::may_stand(&mut db, team, [asked.staff]).await?;
    if !roster_change::remove_leave(&mut db, asked.staff, asked.leave).await? {
        return Err(gone());
    }
    let detail = json!({ "staff": asked.staff, "leave": asked.leave });
    changed(&web, &who, db, team, Act::LeaveRemoved, detail).await
}

pub async fn set_shifts(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(team): Path<Uuid>,
    Body(asked): Body<SetShifts>,
) -> Answer<Json<RosterPage>> {
    let mut db = to_change(&web, &who, team).await?;
    let places: Vec<Place> = asked
        .shifts
        .iter()
        .enumerate()
        .map(|(line, shift)| Ok(Place { staff: shift.staff, weekly: weekly(line, &shift.hours)? }))
        .collect::<Answer<_>>()?;
    rostering::set_shifts(&mut db, team, &places).await?;
    changed(&web, &who, db, team, Act::RosterSet, json!({ "team": team })).await
}

pub async fn declare_cover(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(team): Path<Uuid>,
    Body(asked): Body<DeclareCover>,
) -> Answer<Json<RosterPage>> {
    let mut db = to_change(&web, &who, team).await?;
    let declared = Declared {
        keeps_bank_holidays: asked.keeps_bank_holidays,
        hours: asked.hours.iter().enumerate().map(|(line, text)| weekly(line, text)).collect::<Answer<_>>()?,
        taken_by: asked.outside.iter().map(|(priority, taker)| (of_api(*priority), *taker)).collect(),
    };
    rostering::declare_cover(&mut db, team, &declared).await?;
    let detail = json!({ "team": team, "cover": asked.hours, "keeps_bank_holidays": asked.keeps_bank_holidays,
                         "outside": asked.outside });
    changed(&web, &who, db, team, Act::CoverDeclared, detail).await
}

async fn changed(
    web: &Web,
    who: &SignedIn,
    mut db: Tx,
    team: Uuid,
    act: Act,
    detail: Value,
) -> Answer<Json<RosterPage>> {
    audit::write(&mut db, &who.did(act, web.parts.clock.machine_now()).detail(detail)).await?;
    let page = read(web, who, &mut db, team).await?;
    db.commit().await?;
    Ok(Json(page))
}

/// A transaction in which this is one of the teams whose people they see.
async fn within_reach(web: &Web, who: &SignedIn, team: Uuid) -> Answer<Tx> {
    let mut db = web.transaction(who).await?;
    if reach::teams(&mut db, who).await?.iter().any(|known| known.team == team) {
        return Ok(db);
    }
    let refused = who.did(Act::RecordRefused, web.parts.clock.machine_now()).detail(json!({ "team": team }));
    Err(reach::refuse(db, &refused).await?)
}

/// Whoever takes another team's hours sees its roster, and leaves it to those who work there.
async fn to_change(web: &Web, who: &SignedIn, team: Uuid) -> Answer<Tx> {
    let mut db = within_reach(web, who, team).await?;
    if store::team::is_member(&mut db, team, who.staff).await? {
        return Ok(db);
    }
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        "not_allowed",
        "Only those who work in this team can change its roster. Ask somebody of that team.",
    ))
}

async fn first_moment(db: &mut PgConnection, team: Uuid, day: Date) -> Answer<Timestamp> {
    let covers = store::roster::covers(db, &[team]).await?;
    let first = covers.get(&team).and_then(|cover| cover.calendar.instant(day.to_datetime(Time::midnight())));
    first.ok_or_else(|| Failure::bad_request("There is no such day. Correct it and send again."))
}

/// `line`: from 0; whoever filled in a form of several is told which.
fn weekly(line: usize, text: &str) -> Answer<Weekly> {
    text.parse().map_err(|problem: String| Failure::bad_request(format!("Line {}: {problem}", line + 1)))
}

fn gone() -> Failure {
    Failure::new(StatusCode::CONFLICT, "gone", "Somebody took it back already. Load the page again.")
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Database(error) => error.into(),
            Refused::Because(text) => {
                let mut letters = text.chars();
                let large = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
                Self::new(StatusCode::CONFLICT, "not_possible", large.unwrap_or_default() + ".")
            }
        }
    }
}

fn of_api(priority: api::Priority) -> Priority {
    match priority {
        api::Priority::High => Priority::High,
        api::Priority::Medium => Priority::Medium,
        api::Priority::Low => Priority::Low,
    }
}

async fn read(web: &Web, who: &SignedIn, db: &mut PgConnection, team: Uuid) -> Answer<RosterPage> {
    let now = web.parts.clock.care_now();
    let known = store::team::get(db, team).await?.ok_or_else(Failure::not_found)?;
    let of = rostering::of_team(db, team, now - BACK).await?.ok_or_else(Failure::not_found)?;
    let may = store::team::may_be_rostered(db, team).await?;
    let people = staff::names(db, &may).await?;
    let person = |staff: Uuid| {
        let found = people.iter().find(|(known, _)| *known == staff);
        Person { staff, name: found.map_or_else(String::new, |(_, name)| name.clone()) }
    };
    let mut outside = Vec::new();
    for priority in [Priority::High, Priority::Medium, Priority::Low] {
        let taken_by = match of.outside(priority) {
            Outside::Waits => None,
            Outside::Team(taker) => store::team::get(db, taker).await?.map(me::team),
        };
        outside.push(OutsideCover { priority: alerts::priority(priority.name()), taken_by });
    }
    let takers = store::team::list(db, Some(known.organisation)).await?;
    let is_ahead = |until: Timestamp| until > now;
    Ok(RosterPage {
        now,
        team: me::team(known),
        time_zone: of.zone().iana_name().unwrap_or("UTC").to_owned(),
        may_change: who.role.may(Right::ManageRosters) && store::team::is_member(db, team, who.staff).await?,
        cover: of.cover.hours.iter().map(ToString::to_string).collect(),
        keeps_bank_holidays: of.cover.calendar.keeps_bank_holidays,
        bank_holidays_until: bank_holidays::LAST_YEAR,
        outside,
        on_duty: on_duty(&of, now),
        covered: of.cover.holds(now),
        next: of.stretches(now, now + AHEAD).into_iter().nth(1).map(stretch),
        days: days(&of, now),
        holes: of
            .holes_ahead(now)
            .iter()
            .map(|hole| RosterStretch { from: hole.from, until: hole.until, covered: true, people: Vec::new() })
            .collect(),
        changed_at: last_change(&of, now),
        shifts: of
            .shifts
            .iter()
            .map(|shift| RosterShift {
                staff: shift.member.staff,
                name: shift.member.name.clone(),
                hours: shift.weekly.to_string(),
            })
            .collect(),
        stand_ins: of
            .overrides
            .iter()
            .filter(|over| is_ahead(over.until))
            .map(|over| StandIn {
                stand_in: over.id,
                who: person(over.member.staff),
                instead_of: over.instead_of.map(person),
                from: over.from,
                until: over.until,
            })
            .collect(),
        leave: of
            .leave
            .iter()
            .filter(|leave| is_ahead(leave.until))
            .map(|leave| Leave { leave: leave.id, who: person(leave.staff), from: leave.from, until: leave.until })
            .collect(),
        people: people.iter().map(|(staff, name)| Person { staff: *staff, name: name.clone() }).collect(),
        takers: takers.into_iter().filter(|taker| taker.team != team).map(me::team).collect(),
    })
}

fn on_duty(of: &Roster, now: Timestamp) -> Vec<OnDuty> {
    let ahead = of.stretches(now, now + AHEAD);
    let until = |staff: Uuid| {
        let gone = ahead.iter().find(|stretch| !stretch.people.iter().any(|member| member.staff == staff));
        gone.map(|stretch| stretch.from)
    };
    let people = of.on_duty(now).into_iter();
    people.map(|member| OnDuty { staff: member.staff, name: member.name.clone(), until: until(member.staff) }).collect()
}

/// Each local day is cut off at its ends.
fn days(of: &Roster, now: Timestamp) -> Vec<RosterDay> {
    let calendar = &of.cover.calendar;
    let today = of.day(now);
    let day = |ahead: i64| today.checked_add(Span::new().days(ahead)).ok();
    let midnight = |day: Date| calendar.instant(day.to_datetime(Time::midnight()));
    (0..DAYS_SHOWN)
        .filter_map(|ahead| {
            let (day, next) = (day(ahead)?, day(ahead + 1)?);
            let stretches = of.stretches(midnight(day)?, midnight(next)?).into_iter().map(stretch).collect();
            Some(RosterDay { day, bank_holiday: calendar.is_bank_holiday(day), stretches })
        })
        .collect()
}

fn stretch(of: Stretch<'_>) -> RosterStretch {
    let person = |member: &&crate::roster::Member| Person { staff: member.staff, name: member.name.clone() };
    let people = of.people.iter().map(person).collect();
    RosterStretch { from: of.from, until: of.until, covered: of.covered, people }
}

/// None: nothing changed for as long as is looked back.
fn last_change(of: &Roster, now: Timestamp) -> Option<Timestamp> {
    let stretches = of.stretches(now - BACK, now);
    let last = stretches.last().filter(|_| stretches.len() > 1)?;
    Some(last.from)
}
