//! What a phone says of a pressure beside its numbers reaches the rules.

use serde_json::{Value, json};

use super::{Town, connect, pressure, submit};

/// Minutes ago, and what the phone says of it.
fn taken(minutes: i64, systolic: i32, context: Value) -> Value {
    pressure(systolic, 70, json!({ "age_ms": minutes * 60_000, "context": context }))
}

/// The open alerts that are about what was measured.
async fn alerts(town: &Town) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT priority || ' ' || problem FROM alert
         WHERE rule LIKE 'hypertension/%' AND kind = 'clinical' AND closed_at IS NULL ORDER BY problem",
    )
    .fetch_all(&town.store.owner)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_cuffs_sign_for_an_irregular_heartbeat_twice_is_a_low_alert() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    let flagged = |minutes| taken(minutes, 124, json!({ "irregular_pulse": true, "posture": "sitting" }));
    submit(&mut line, json!([flagged(40), taken(30, 124, json!({ "irregular_pulse": false }))])).await;
    town.checked_through(&device, &mut line, 2).await;
    assert_eq!(alerts(&town).await, Vec::<String>::new(), "once");
    submit(&mut line, json!([flagged(20)])).await;
    town.alert("irregular pulse").await;
    assert_eq!(alerts(&town).await, ["low irregular pulse"]);
}

#[tokio::test]
async fn a_pressure_that_falls_on_standing_up_is_an_alert() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    let sat = |minutes| taken(minutes, 132, json!({ "posture": "sitting" }));
    submit(&mut line, json!([sat(60), taken(57, 108, json!({ "posture": "sitting" }))])).await;
    town.checked_through(&device, &mut line, 2).await;
    assert_eq!(alerts(&town).await, Vec::<String>::new(), "seated both times");
    submit(&mut line, json!([sat(20), taken(17, 108, json!({ "posture": "standing" }))])).await;
    town.alert("pressure falls on standing up").await;
    assert_eq!(alerts(&town).await, ["medium pressure falls on standing up"]);
}
