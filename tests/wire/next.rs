//! What happens next is told from facts: *paged* when a page was handed over and not before, *waits* with until when, and neither to
//! whom it is not about.

use std::collections::BTreeMap;
use std::net::TcpListener;

use alert_rules::Priority;
use alert_rules::escalation::Weekly;
use derwent::phone::{Device, Line};
use derwent::random;
use derwent::store::carer::{self, Carer};
use derwent::store::enrolment_code::Whose;
use derwent::store::roster_change::{self, Place};
use derwent::store::team::{self, Team};
use jiff::{SignedDuration, Timestamp};
use mobile_api::message::{Next, ServerMessage, Told};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{BORN, PATIENCE, Town, connect, hear, now, pressure, submit};
use crate::harness::mail::MailServer;

const ALL_DAY: &str = "00:00-00:00";

impl Town {
    /// Belper team looks in these hours, and Ida is on duty in them.
    async fn covered(&self, hours: &str) -> Uuid {
        let ida = self.ida().await;
        self.on_duty(self.team, ida, hours).await;
        ida
    }

    async fn on_duty(&self, team: Uuid, staff: Uuid, hours: &str) {
        let weekly: Weekly = hours.parse().unwrap();
        let mut db = self.store.owner.acquire().await.unwrap();
        roster_change::set_cover(&mut db, team, false, &[weekly]).await.unwrap();
        roster_change::set_shifts(&mut db, team, &[Place { staff, weekly }]).await.unwrap();
    }

    /// Another team, there all day, takes what is high outside Belper team's cover.
    async fn night_team(&self) {
        let night = Team {
            team: random::new_id(),
            organisation: self.organisation,
            name: "Night team".into(),
            phone: "01773 555 011".into(),
        };
        let mut db = self.store.owner.acquire().await.unwrap();
        team::insert(&mut db, &night, &[ALL_DAY.parse().unwrap()]).await.unwrap();
        let staff: Uuid = sqlx::query_scalar("SELECT staff FROM staff").fetch_one(&mut *db).await.unwrap();
        self.on_duty(night.team, staff, ALL_DAY).await;
        roster_change::set_outside(&mut db, self.team, &BTreeMap::from([(Priority::High, night.team)])).await.unwrap();
    }

    async fn time(&self, of: &'static str) -> Timestamp {
        let at: jiff_sqlx::Timestamp = sqlx::query_scalar(of).fetch_one(&self.store.owner).await.unwrap();
        at.to_jiff()
    }

    /// Until this is so in the database.
    async fn until(&self, is_so: &'static str) {
        let waiting = async {
            while self.count(is_so).await == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("in time");
    }
}

/// Two hours that begin in two hours, by the clock of London.
pub fn later() -> (String, Timestamp) {
    let from =
        (now() + SignedDuration::from_hours(2)).in_tz("Europe/London").unwrap().round(jiff::Unit::Minute).unwrap();
    let until = from.checked_add(SignedDuration::from_hours(2)).unwrap();
    (format!("{}-{}", from.strftime("%H:%M"), until.strftime("%H:%M")), from.timestamp())
}

/// The next of these that something is said of.
async fn told(line: &mut Line, wanted: fn(&Told) -> bool) -> Next {
    hear(line, |message| match message {
        ServerMessage::Next(next) => next.work.iter().any(|work| wanted(&work.told)).then_some(next),
        _ => None,
    })
    .await
}

/// Less than a sweep takes to find what no signal told of.
fn soon_after(at: Timestamp) {
    let took = now().duration_since(at);
    assert!(took < SignedDuration::from_secs(5), "not told when it happened, but {took:#} later");
}

/// What a phone that comes back is told, before its plan.
async fn at_welcome(device: &Device) -> Next {
    let mut line = connect(device).await;
    let next = hear(&mut line, |message| match message {
        ServerMessage::Next(next) => Some(next),
        ServerMessage::Plan(_) => panic!("it is said whenever a phone comes"),
        _ => None,
    })
    .await;
    line.close().await;
    next
}

/// Without waiting for the receipt: what happens next may be said before it.
async fn send(line: &mut Line, item: &Value) {
    line.say_text(json!({ "type": "submit", "batch": 1, "items": [item] }).to_string()).await.unwrap();
}

/// It and the reading that is so high that a person must look at once.
async fn sends_a_high_one(device: &Device) -> (Line, Value) {
    let mut line = connect(device).await;
    let high = pressure(236, 124, json!({}));
    send(&mut line, &high).await;
    (line, high["id"].clone())
}

#[tokio::test]
async fn paged_is_said_with_when_and_whose_people_and_seen_by_a_named_person_takes_its_place() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let ida = town.covered(ALL_DAY).await;
    assert_eq!(at_welcome(&device).await.work, []);
    let (mut line, id) = sends_a_high_one(&device).await;
    let next = told(&mut line, |told| matches!(told, Told::Paged { .. })).await;
    line.close().await;
    let sent = town
        .time("SELECT min(at) FROM alert_event JOIN alert USING (alert) WHERE what = 'sent' AND problem = 'blood pressure high'")
        .await;
    let act_by = town.time("SELECT act_by FROM alert WHERE problem = 'blood pressure high'").await;
    let [work] = next.work.as_slice() else { panic!("{next:?}") };
    assert_eq!((json!(work.items), work.told, work.by), (json!([id]), Told::Paged { at: sent }, Some(act_by)));
    assert_eq!((work.team.as_str(), work.phone.as_str()), ("Belper team", "01773 555 010"));
    assert_eq!(at_welcome(&device).await, next, "a phone that comes back hears the same");

    town.take(town.alert("blood pressure high").await, ida).await;
    assert_eq!(at_welcome(&device).await.work, []);
    let mut line = connect(&device).await;
    let by = hear(&mut line, |message| match message {
        ServerMessage::Seen(seen) => Some(seen.by),
        _ => None,
    })
    .await;
    assert_eq!(by, "Ida, Belper team");
}

#[tokio::test]
async fn while_the_mail_server_is_down_nobody_was_told_and_when_it_is_back_they_were() {
    let mut town = Town::start().await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    town.service = Town::serve_with(&town.database, format!("smtp://127.0.0.1:{port}"));
    let (_, device) = town.person("Dorothy").await;
    town.covered(ALL_DAY).await;
    let (mut line, _) = sends_a_high_one(&device).await;
    let next = told(&mut line, |_| true).await;
    let act_by = town.time("SELECT act_by FROM alert WHERE problem = 'blood pressure high'").await;
    assert_eq!((next.work[0].told, next.work[0].by), (Told::PassedOn, Some(act_by)));
    town.until("SELECT count(*) FROM page WHERE priority = 'high' AND team IS NOT NULL AND last_error IS NOT NULL")
        .await;
    line.close().await;
    assert_eq!(at_welcome(&device).await, next, "tried, and not handed over");
    let mut line = connect(&device).await;

    let mail = MailServer::start_with(&["--port", &port.to_string()]);
    let next = told(&mut line, |told| matches!(told, Told::Paged { .. })).await;
    let sent = town
        .time("SELECT min(at) FROM alert_event JOIN alert USING (alert) WHERE what = 'sent' AND problem = 'blood pressure high'")
        .await;
    assert_eq!((next.work[0].told, next.work[0].by), (Told::Paged { at: sent }, Some(act_by)));
    soon_after(sent);
    drop(town);
    assert!(mail.mails().iter().any(|mail| mail.subject.starts_with("HIGH")), "{:?}", mail.mails());
}

#[tokio::test]
async fn outside_cover_that_nobody_took_it_is_told_at_once_until_when_it_waits() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let (hours, opens) = later();
    town.covered(&hours).await;
    let (mut line, id) = sends_a_high_one(&device).await;
    let next = told(&mut line, |told| matches!(told, Told::Waits { .. })).await;
    soon_after(town.time("SELECT opened_at FROM alert WHERE problem = 'blood pressure high'").await);
    let [work] = next.work.as_slice() else { panic!("{next:?}") };
    assert_eq!((json!(work.items), work.told, work.by), (json!([id]), Told::Waits { until: opens }, None));
    assert_eq!(work.team, "Belper team");
    assert_eq!(at_welcome(&device).await, next);
}

/// Where it is put off at once, the phone may look after that, and hears of it whether or not anything told of it.
#[tokio::test]
async fn what_is_put_off_after_the_phone_looked_is_told_at_once_too() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let (hours, opens) = later();
    town.covered(&hours).await;
    // Who forms pages asks over what people are told; who judges does not.
    let mut holding = town.store.owner.begin().await.unwrap();
    sqlx::query("LOCK TABLE contact_point IN ACCESS EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    let (mut line, _) = sends_a_high_one(&device).await;
    assert_eq!(told(&mut line, |_| true).await.work[0].told, Told::PassedOn);
    holding.rollback().await.unwrap();
    let released = now();
    let next = told(&mut line, |told| matches!(told, Told::Waits { .. })).await;
    soon_after(released);
    assert_eq!(next.work[0].told, Told::Waits { until: opens });
}

#[tokio::test]
async fn outside_cover_the_team_that_took_it_is_named_with_its_number() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    town.covered(&later().0).await;
    town.night_team().await;
    let (mut line, _) = sends_a_high_one(&device).await;
    let next = told(&mut line, |told| matches!(told, Told::Paged { .. })).await;
    assert_eq!((next.work[0].team.as_str(), next.work[0].phone.as_str()), ("Night team", "01773 555 011"));

    // What the night does not take waits for the day.
    let noted = pressure(128, 78, json!({ "note": "My ankles are swollen." }));
    send(&mut line, &noted).await;
    let next = told(&mut line, |told| matches!(told, Told::Waits { .. })).await;
    let waits = next.work.iter().find(|work| matches!(work.told, Told::Waits { .. })).unwrap();
    assert_eq!((json!(waits.items), waits.team.as_str(), waits.by), (json!([noted["id"]]), "Belper team", None));
    assert!(matches!(next.work[0].told, Told::Paged { .. }), "the most pressing first: {next:?}");
}

#[tokio::test]
async fn a_carers_phone_hears_nothing_of_what_it_did_not_send() {
    let town = Town::start().await;
    let (patient, device) = town.person("Dorothy").await;
    town.covered(ALL_DAY).await;
    let owner = &town.store.owner;
    let daughter =
        Carer { carer: random::new_id(), organisation: town.organisation, name: "Jo".into(), date_of_birth: BORN };
    carer::insert(&mut owner.acquire().await.unwrap(), &daughter).await.unwrap();
    let code = town.code(Whose::Carer(daughter.carer), &[patient], None).await;
    let hers = town.enrol(&code).await.unwrap();
    let (mut line, _) = sends_a_high_one(&device).await;
    told(&mut line, |told| matches!(told, Told::Paged { .. })).await;
    assert_eq!(at_welcome(&hers).await.work, []);

    // What she sends herself she hears of, and of nothing else.
    let mut line = connect(&hers).await;
    let high = pressure(238, 126, json!({ "for": hers.people[0].whom }));
    send(&mut line, &high).await;
    let said = now();
    let next = told(&mut line, |_| true).await;
    soon_after(said);
    assert_eq!(json!(next.work[0].items), json!([high["id"]]));
}

#[tokio::test]
async fn of_answers_that_are_not_shown_again_and_of_silence_nothing_is_said() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    town.covered(ALL_DAY).await;
    sqlx::query("UPDATE patient_facts SET facts = jsonb_set(facts, '{plan,packs}', '[\"hypertension\", \"mood\"]')")
        .execute(&town.store.owner)
        .await
        .unwrap();
    let mut line = connect(&device).await;
    let item = json!({ "id": random::new_id(), "kind": "answers", "taken_at": now(), "questionnaire": "phq9|1", "partial": true,
                       "answers": [{ "link_id": "phq9_9", "value": "nearly-every-day" }] });
    submit(&mut line, json!([item])).await;
    town.until("SELECT count(*) FROM alert_event JOIN alert USING (alert) WHERE what = 'sent' AND rule LIKE 'mood/%'")
        .await;
    line.close().await;
    assert_eq!(at_welcome(&device).await.work, []);

    let (mut line, _) = sends_a_high_one(&device).await;
    told(&mut line, |told| matches!(told, Told::Paged { .. })).await;
    line.close().await;
    sqlx::query("UPDATE alert SET kind = 'absence'").execute(&town.store.owner).await.unwrap();
    assert_eq!(at_welcome(&device).await.work, []);
}
