//! Who is on duty, as the people concerned meet it: somebody stands in, somebody is away, another team takes the night, a hole is
//! told before it comes.

use alert_rules::Priority;
use derwent::store::roster_change::{self, NewOverride, Place};
use derwent::store::team::{self, Team};
use derwent::{random, rostering};
use uuid::Uuid;

use crate::harness::alerts::open_alert;
use crate::harness::mail::MailServer;
use crate::harness::replica::{Replica, Wires};
use crate::harness::ward::{Ward, at};

fn to(mail: &MailServer) -> Vec<String> {
    mail.mails().into_iter().map(|mail| mail.to).collect()
}

async fn stand_in(ward: &Ward, instead_of: Option<Uuid>, staff: Uuid, from: &str, until: &str) {
    let new = NewOverride { team: ward.team, instead_of, staff, from: at(from), until: at(until) };
    let mut db = ward.pool.acquire().await.expect("a connection");
    rostering::stand_in(&mut db, &new, ward.clock.care_now()).await.expect("arranged");
}

async fn go_to(ward: &Ward, replica: &Replica, when: &str) {
    ward.clock.step(at(when));
    replica.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stands_in_is_paged_and_nobody_rings_the_sick_or_whoever_is_away() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    let tom = ward.on_roster("tom", "20:00-08:00").await;
    let kay = ward.staff("kay").await;
    stand_in(&ward, Some(ida), kay, "2026-03-02T08:00:00Z", "2026-03-02T20:00:00Z").await;
    let mut db = ward.pool.acquire().await.expect("a connection");
    let day = (at("2026-03-02T00:00:00Z"), at("2026-03-04T00:00:00Z"));
    rostering::go_on_leave(&mut db, tom, day.0, day.1, ward.clock.care_now()).await.expect("entered");
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    mail.wait_for(1).await;
    go_to(&ward, &replica, "2026-03-02T09:15:00Z").await;
    mail.wait_for(2).await;
    assert_eq!(to(&mail), ["kay@example.org", "kay@example.org"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_cover_the_team_that_took_it_is_paged_for_what_it_took_and_the_rest_waits() {
    let ward = Ward::open("2026-03-02T21:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let eve = ward.staff("eve").await;
    let night =
        Team { team: random::new_id(), organisation: ward.organisation, name: "Night".into(), phone: "1".into() };
    let hours = ["20:00-08:00".parse().expect("hours")];
    let mut db = ward.pool.acquire().await.expect("a connection");
    team::insert(&mut db, &night, &hours).await.expect("a team");
    let places = [Place { staff: eve, weekly: hours[0] }];
    roster_change::set_shifts(&mut db, night.team, &places).await.expect("shifts");
    let taken = [(Priority::High, night.team)].into_iter().collect();
    roster_change::set_outside(&mut db, ward.team, &taken).await.expect("taken");
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    open_alert(&ward, patient, "weight up", Priority::Medium).await;
    replica.settle().await;
    mail.wait_for(1).await;
    assert_eq!(to(&mail), ["eve@example.org"], "the medium one waits for the morning");
    // And who is paged may open the record, in the web's own role.
    let mut tx = replica.parts.store.web_tx(eve, ward.clock.machine_now()).await.expect("a transaction");
    let seen = derwent::store::patient::within_reach(&mut tx, patient, eve).await.expect("asked");
    assert!(seen.is_some());
    drop(tx);

    roster_change::set_outside(&mut db, ward.team, &Default::default()).await.expect("taken back");
    let mut tx = replica.parts.store.web_tx(eve, ward.clock.machine_now()).await.expect("a transaction");
    sqlx::query("DELETE FROM team_member WHERE staff = $1").bind(eve).execute(&mut *db).await.expect("left");
    let seen = derwent::store::patient::within_reach(&mut tx, patient, eve).await.expect("asked");
    assert!(seen.is_none(), "sight goes with the work");
    drop((tx, db));
    replica.stop().await;
    ward.close().await;
}

const NOTICES: &str =
    "SELECT sentence FROM alert WHERE patient IS NULL AND problem LIKE 'roster hole ahead%' ORDER BY reference";

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_told_fourteen_days_ahead_and_two_days_before_and_not_once_somebody_is_there() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    replica.settle().await;
    assert!(ward.lines(NOTICES).await.is_empty());

    let mut db = ward.pool.acquire().await.expect("a connection");
    let leave = |from: &str, until: &str| (at(from), at(until));
    let (from, until) = leave("2026-03-20T00:00:00Z", "2026-03-21T00:00:00Z");
    rostering::go_on_leave(&mut db, ida, from, until, ward.clock.care_now()).await.expect("entered");
    go_to(&ward, &replica, "2026-03-06T07:00:00Z").await;
    assert!(ward.lines(NOTICES).await.is_empty(), "not within fourteen days");
    go_to(&ward, &replica, "2026-03-06T09:00:00Z").await;
    let told = ward.lines(NOTICES).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("Belper team") && told[0].contains("Fri 20 March 08:00 to 20:00"), "{told:?}");
    go_to(&ward, &replica, "2026-03-17T09:00:00Z").await;
    assert_eq!(ward.lines(NOTICES).await.len(), 1, "told once");
    go_to(&ward, &replica, "2026-03-18T09:00:00Z").await;
    assert_eq!(ward.lines(NOTICES).await.len(), 2, "and once more when two days are left");
    mail.wait_for(2).await;

    let kay = ward.staff("kay").await;
    stand_in(&ward, None, kay, "2026-03-20T08:00:00Z", "2026-03-20T20:00:00Z").await;
    go_to(&ward, &replica, "2026-03-18T11:00:00Z").await;
    let open = "SELECT problem FROM alert WHERE patient IS NULL AND closed_at IS NULL";
    assert!(ward.lines(open).await.is_empty());
    go_to(&ward, &replica, "2026-03-20T12:00:00Z").await;
    assert_eq!(ward.lines(NOTICES).await.len(), 2);
    drop(db);
    replica.stop().await;
    ward.close().await;
}
