//! One's shifts as a calendar (RFC 5545), for calendars that fetch it by a secret address. Whoever has the address learns when one
//! works for which team and nothing else; it opens nothing, and one can have another made at any time.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::random;
use crate::roster::Roster;
use crate::store::audit::{self, Act};
use crate::store::{roster, roster_feed, team};
use crate::web::api::{Calendar, NewCalendar};
use crate::web::failure::{Answer, Failure};
use crate::web::session::SignedIn;
use crate::web::{Web, cookies};

/// Of what is over, and of what is to come.
const BACK: SignedDuration = SignedDuration::from_hours(14 * 24);
const AHEAD: SignedDuration = SignedDuration::from_hours(90 * 24);
/// RFC 5545, 3.1: a line has 75 octets at most.
const LINE_OCTETS: usize = 75;

/// `GET /api/me/calendar`
pub async fn show(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<Calendar>> {
    let mut db = web.transaction(&who).await?;
    let made_at = roster_feed::made_at(&mut db, who.staff).await?;
    db.commit().await?;
    Ok(Json(Calendar { made_at }))
}

/// `POST /api/me/calendar`
pub async fn renew(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<NewCalendar>> {
    let token = random::token();
    let now = web.parts.clock.machine_now();
    let mut db = web.transaction(&who).await?;
    roster_feed::set(&mut db, who.staff, who.organisation, &cookies::hash(&token), now).await?;
    audit::write(&mut db, &who.did(Act::CalendarMade, now)).await?;
    db.commit().await?;
    Ok(Json(NewCalendar { address: format!("{}/calendar/{token}.ics", web.parts.config.origin()) }))
}

/// `DELETE /api/me/calendar`
pub async fn remove(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<StatusCode> {
    let mut db = web.transaction(&who).await?;
    roster_feed::remove(&mut db, who.staff).await?;
    audit::write(&mut db, &who.did(Act::CalendarRemoved, web.parts.clock.machine_now())).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /calendar/{token}.ics`
pub async fn fetch(State(web): State<Arc<Web>>, Path(file): Path<String>) -> Answer<Response> {
    let token = file.strip_suffix(".ics").unwrap_or_default();
    let mut db = web.parts.store.sign_in.acquire().await?;
    let whose = roster_feed::whose(&mut db, &cookies::hash(token)).await?;
    drop(db);
    let staff = whose.ok_or_else(Failure::not_found)?;
    let (machine_now, now) = (web.parts.clock.machine_now(), web.parts.clock.care_now());
    let mut db = web.parts.store.web_tx(staff, machine_now).await?;
    let teams: Vec<Uuid> = team::of_staff(&mut db, staff).await?.into_iter().map(|team| team.team).collect();
    let rosters = roster::load(&mut db, &teams, now - BACK).await?;
    db.commit().await?;
    let text = written(&rosters, staff, now, machine_now);
    let headers = [(CONTENT_TYPE, "text/calendar; charset=utf-8"), (CACHE_CONTROL, "private, no-store")];
    Ok((headers, text).into_response())
}

fn written(rosters: &[Roster], staff: Uuid, now: Timestamp, made_at: Timestamp) -> String {
    let mut calendar = String::new();
    for text in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Derwent//Roster//EN", "X-WR-CALNAME:On duty"] {
        line(&mut calendar, text);
    }
    for of in rosters {
        for (from, until) in shifts(of, staff, now) {
            line(&mut calendar, "BEGIN:VEVENT");
            line(&mut calendar, &format!("UID:{}-{}-{staff}@derwent", from.as_second(), of.team));
            for (name, at) in [("DTSTAMP", made_at), ("DTSTART", from), ("DTEND", until)] {
                line(&mut calendar, &format!("{name}:{}", at.strftime("%Y%m%dT%H%M%SZ")));
            }
            line(&mut calendar, &format!("SUMMARY:On duty: {}", escaped(&of.team_name)));
            line(&mut calendar, "END:VEVENT");
        }
    }
    line(&mut calendar, "END:VCALENDAR");
    calendar
}

/// When this person is on duty, whoever else is.
fn shifts(of: &Roster, staff: Uuid, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut shifts: Vec<(Timestamp, Timestamp)> = Vec::new();
    for stretch in of.stretches(now - BACK, now + AHEAD) {
        if !stretch.people.iter().any(|member| member.staff == staff) {
            continue;
        }
        match shifts.last_mut() {
            Some(last) if last.1 == stretch.from => last.1 = stretch.until,
            _ => shifts.push((stretch.from, stretch.until)),
        }
    }
    shifts
}

/// RFC 5545, 3.3.11.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '\\' | ';' | ',') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Folded as RFC 5545, 3.1 says, between letters.
fn line(calendar: &mut String, text: &str) {
    let mut octets = 0;
    for letter in text.chars() {
        if octets + letter.len_utf8() > LINE_OCTETS {
            calendar.push_str("\r\n ");
            octets = 1;
        }
        calendar.push(letter);
        octets += letter.len_utf8();
    }
    calendar.push_str("\r\n");
}
