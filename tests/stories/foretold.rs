//! `derwent who-would-be-paged`, beside what paging then does.

use alert_rules::Priority;
use derwent::random;
use derwent::rostering;
use derwent::store::roster_change::{self, NewOverride, Place};
use derwent::store::team::{self, Team};
use jiff::Timestamp;
use serde_json::Value;

use crate::harness::alerts::open_alert;
use crate::harness::mail::MailServer;
use crate::harness::pager::Pager;
use crate::harness::replica::Wires;
use crate::harness::service::derwent;
use crate::harness::ward::{Ward, at};

/// What the real binary says, of a service with mail and a pager.
fn foretold(ward: &Ward, wires: &Wires, priority: Priority, at: &str) -> Value {
    let output = derwent()
        .args(["who-would-be-paged", "--json", "--team", "belper team", "--priority", priority.name(), "--at", at])
        .env("DERWENT_DATABASE_URL", &ward.database.url)
        .env("DERWENT_PAGER_URL", wires.pager_url.as_ref().expect("a pager"))
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// `2026-03-02T09:00:00Z ida pager`, sorted.
fn pages(foretold: &Value) -> Vec<String> {
    let mut pages = Vec::new();
    for moment in foretold["moments"].as_array().expect("moments") {
        for person in moment["people"].as_array().into_iter().flatten() {
            for way in person["ways"].as_array().expect("ways") {
                assert_eq!(way["proven"], true);
                let text = |value: &Value| value.as_str().expect("text").to_owned();
                pages.push(format!("{} {} {}", text(&moment["at"]), text(&person["name"]), text(&way["channel"])));
            }
        }
    }
    pages.sort();
    pages
}

/// Ida and Tom by day, Eve at night for what is high, Kay in Ida's place on one day.
async fn belper(now: &str) -> Ward {
    let ward = Ward::open(now).await;
    let ida = ward.on_roster("ida", "08:00-14:00").await;
    ward.on_roster("tom", "12:00-20:00").await;
    let kay = ward.staff("kay").await;
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
    let (from, until) = (at("2026-03-03T08:00:00Z"), at("2026-03-03T20:00:00Z"));
    let new = NewOverride { team: ward.team, instead_of: Some(ida), staff: kay, from, until };
    rostering::stand_in(&mut db, &new, ward.clock.care_now()).await.expect("arranged");
    drop(db);
    ward
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_command_names_is_whom_an_alert_of_that_instant_pages() {
    for (priority, from) in [
        // On duty, next, everyone.
        (Priority::High, "2026-03-02T09:00:00Z"),
        // From the night into the day of which Kay has Ida's part.
        (Priority::High, "2026-03-03T07:50:00Z"),
        (Priority::High, "2026-03-02T23:30:00Z"),
        // Waits for the morning.
        (Priority::Medium, "2026-03-02T23:30:00Z"),
        (Priority::Low, "2026-03-02T13:00:00Z"),
    ] {
        let ward = belper(from).await;
        let (mail, pager) = (MailServer::start(), Pager::start().await);
        let wires = Wires { smtp_url: mail.url(), pager_url: Some(pager.url()), ..Wires::default() };
        let foretold = foretold(&ward, &wires, priority, from);
        let moments = foretold["moments"].as_array().expect("moments");
        let last: Timestamp = at(moments.last().expect("some")["at"].as_str().expect("an instant"));
        let named = pages(&foretold);

        let patient = ward.patient(&[]).await;
        let replica = ward.replica(&wires).await;
        open_alert(&ward, patient, "blood pressure high", priority).await;
        replica.step(&last.to_string()).await;
        let paged = ward
            .lines(
                "SELECT to_char(made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') || ' ' || staff.name || ' ' || channel
                 FROM page JOIN staff USING (staff) ORDER BY 1",
            )
            .await;
        assert_eq!(named, paged, "{priority:?} {from}: {foretold:#}");
        let rings = pager.events().iter().filter(|event| event["event_action"] == "trigger").count();
        let mails = mail.mails().iter().filter(|mail| mail.to != "operator@example.org").count();
        assert_eq!(rings + mails, paged.len(), "{priority:?} {from}: all of them came, and no other");
        assert!(named.len() >= 4, "{priority:?} {from}: the last step is repeated: {foretold:#}");

        let sentences = |moment: &Value| {
            let said = moment["operator"].as_array().expect("sentences").iter();
            said.map(|said| said.as_str().expect("text").to_owned()).collect::<Vec<_>>()
        };
        let mut foreseen: Vec<String> = moments.iter().flat_map(sentences).collect();
        foreseen.sort();
        let heard = ward
            .lines(
                "SELECT sentence FROM alert WHERE patient IS NULL AND problem NOT LIKE 'roster hole ahead%' ORDER BY 1",
            )
            .await;
        assert_eq!(foreseen, heard, "{priority:?} {from}: what the operator hears");
        replica.stop().await;
        ward.close().await;
    }
}
