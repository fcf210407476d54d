//! *Seen by Ida* is said of what Ida saw, and of nothing else.

use std::time::Duration;

use alert_rules::escalation::act::By;
use derwent::random;
use derwent::store::staff::{self, Staff};
use derwent::store::{alert, alert_row, team};
use mobile_api::message::ServerMessage;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{PATIENCE, Town, connect, hear, now, pressure, reading, submit};

impl Town {
    pub(super) async fn ida(&self) -> Uuid {
        let new = Staff {
            staff: random::new_id(),
            organisation: self.organisation,
            name: "Ida Shaw".into(),
            email: "ida@example.org".into(),
            role: "co-ordinator".into(),
            profession: "nurse".into(),
        };
        let mut db = self.store.owner.acquire().await.unwrap();
        staff::insert(&mut db, &new).await.unwrap();
        team::add_member(&mut db, self.team, new.staff).await.unwrap();
        new.staff
    }

    /// The open alert of this problem, once it is there.
    pub(super) async fn alert(&self, problem: &str) -> Uuid {
        let waiting = async {
            loop {
                let found = sqlx::query_scalar("SELECT alert FROM alert WHERE problem = $1 AND closed_at IS NULL")
                    .bind(problem)
                    .fetch_optional(&self.store.owner)
                    .await
                    .unwrap();
                if let Some(alert) = found {
                    return alert;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("an alert in time")
    }

    pub(super) async fn take(&self, alert: Uuid, staff: Uuid) {
        let mut db = self.store.owner.begin().await.unwrap();
        let saw = alert_row::lock(&mut db, alert).await.unwrap().unwrap().state.told;
        let by = By { staff, saw, at: now() };
        assert_eq!(alert::act(&mut db, alert, by, &alert::Act::Acknowledge).await.unwrap(), alert::Acted::Done);
        db.commit().await.unwrap();
    }
}

/// What a phone that comes back is told first: items seen, or nothing before its plan.
async fn told(device: &derwent::phone::Device) -> Option<(Value, String)> {
    let mut line = connect(device).await;
    let heard = hear(&mut line, |message| match message {
        ServerMessage::Seen(seen) => Some(Some((json!(seen.items), seen.by))),
        ServerMessage::Plan(_) => Some(None),
        _ => None,
    })
    .await;
    line.close().await;
    heard
}

#[tokio::test]
async fn seen_names_the_readings_of_the_trouble_that_was_taken_and_notes_only_where_there_is_one() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let ida = town.ida().await;
    let high = pressure(236, 124, json!({}));
    let heavy = reading("weight", json!({ "weight": { "value": 71, "unit": "kg" } }), json!({}));
    let answers = json!({ "id": random::new_id(), "kind": "answers", "taken_at": now(), "questionnaire": "bp-warning-signs|1",
                          "partial": true, "answers": [] });
    let mut line = connect(&device).await;
    for receipt in submit(&mut line, json!([high, heavy, answers])).await {
        assert_eq!(receipt["state"], "stored", "{receipt}");
    }
    line.close().await;
    assert_eq!(told(&device).await, None, "nobody took anything");

    town.take(town.alert("blood pressure high").await, ida).await;
    // The rule looks at warning signs too; it knows nothing of the weight.
    let seen = json!([answers["id"], high["id"]]);
    assert_eq!(told(&device).await, Some((seen, "Ida, Belper team".to_owned())));

    // A note with a weight: the weight was seen with it, and nothing else.
    let noted = reading(
        "weight",
        json!({ "weight": { "value": 71, "unit": "kg" } }),
        json!({ "note": "My ankles are swollen." }),
    );
    let mut line = connect(&device).await;
    submit(&mut line, json!([noted])).await;
    line.close().await;
    town.take(town.alert("a note to read").await, ida).await;
    assert_eq!(told(&device).await, Some((json!([noted["id"]]), "Ida, Belper team".to_owned())));

    // Whoever takes an alert about silence has seen no reading.
    sqlx::query("UPDATE alert SET kind = 'absence'").execute(&town.store.owner).await.unwrap();
    assert_eq!(told(&device).await, None);
}
