//! Trying whether pages reach somebody: a page that says it is a test, over the very way that pages take.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use super::shown;
use crate::paging::{MOST_TESTS_AN_HOUR, TEST_SUBJECT, test_body};
use crate::random;
use crate::signal::Signal;
use crate::store::audit::{self, Act};
use crate::store::page_test::{self, NewTest};
use crate::store::{page_seen, staff};
use crate::web::api::{PageLife, TestSent, Way, Ways};
use crate::web::extract::Path;
use crate::web::failure::{Answer, Failure};
use crate::web::session::SignedIn;
use crate::web::{Web, contacts};

pub async fn to_oneself(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(contact): Path<Uuid>,
) -> Answer<Json<TestSent>> {
    let staff = who.staff;
    send(&web, &who, staff, contact).await
}

pub async fn to_somebody(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path((staff, contact)): Path<(Uuid, Uuid)>,
) -> Answer<Json<TestSent>> {
    send(&web, &who, staff, contact).await
}

async fn send(web: &Web, who: &SignedIn, to: Uuid, contact: Uuid) -> Answer<Json<TestSent>> {
    let (now, care_now) = (web.parts.clock.machine_now(), web.parts.clock.care_now());
    let mut db = web.transaction(who).await?;
    staff::lock(&mut db, to).await?;
    let body = test_body(&who.name, &web.parts.config.origin());
    let new = NewTest { page: random::new_id(), staff: to, contact_point: contact, subject: TEST_SUBJECT, body: &body };
    // What is out of reach is not there, however often it was asked for.
    if !page_test::form(&mut db, &new, care_now, now).await? {
        return Err(Failure::not_found());
    }
    // This one included.
    if page_test::sent_since(&mut db, to, care_now - SignedDuration::from_hours(1)).await? > MOST_TESTS_AN_HOUR {
        return Err(Failure::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_tests",
            format!(
                "{MOST_TESTS_AN_HOUR} test pages an hour go to one person, and they were sent. Try again in an hour."
            ),
        ));
    }
    let detail = json!({ "staff": to, "page": new.page });
    audit::write(&mut db, &who.did(Act::TestPageSent, now).detail(detail)).await?;
    db.commit().await?;
    web.parts.signals.send(Signal::Pages);
    Ok(Json(TestSent { page: new.page }))
}

/// Of a page to oneself that is about no alert.
pub async fn own(State(web): State<Arc<Web>>, who: SignedIn, Path(page): Path<Uuid>) -> Answer<Json<PageLife>> {
    let mut db = web.transaction(&who).await?;
    if !page_test::is_to(&mut db, page, who.staff).await? {
        return Err(Failure::not_found());
    }
    let asked = page_seen::Asked { page: Some(page), ..page_seen::Asked::default() };
    let found = page_seen::list(&mut db, &asked, 1).await?.pop().ok_or_else(Failure::not_found)?;
    db.commit().await?;
    Ok(Json(shown(found)))
}

pub async fn ways(State(web): State<Arc<Web>>, who: SignedIn, Path(whom): Path<Uuid>) -> Answer<Json<Ways>> {
    let mut db = web.transaction(&who).await?;
    let person = staff::get(&mut db, whom).await?.filter(|person| person.organisation == who.organisation);
    let person = person.ok_or_else(Failure::not_found)?;
    let ways = page_test::proven_ways(&mut db, person.staff).await?;
    db.commit().await?;
    let way = |(contact, channel)| Way { contact, kind: contacts::kind(channel) };
    Ok(Json(Ways { ways: ways.into_iter().map(way).collect() }))
}
