//! The service was away for six hours. Everything that waited on the phones is judged; nothing is skipped.

use derwent::random;
use derwent::store::judged;
use jiff::SignedDuration;

use crate::harness::replica::Wires;
use crate::harness::ward::{Ward, at};

const PATIENTS: i64 = 50;
const EACH: i64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_every_breach_alerts_the_highest_and_newest_first_and_says_how_late_it_is() {
    let ward = Ward::open("2026-03-02T15:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let mut patients = Vec::new();
    for _ in 0..PATIENTS {
        patients.push(ward.patient(&["hypertension"]).await);
    }
    // Down from nine to three. Then the phones come back, each with what it kept, the oldest first. Of five people one ends with a
    // breach that nobody may ask about first, one had such a breach that later readings cleared, and three are well.
    for (place, patient) in (0..).zip(&patients) {
        for number in 0..EACH {
            let minute = number * 17 + place % 18;
            let systolic = match (place % 5, number) {
                (0, 19) | (1, 6) => 226.0,
                _ => 124.0,
            };
            let taken = at("2026-03-02T09:00:00Z") + SignedDuration::from_mins(minute);
            ward.pressure_taken(*patient, taken, systolic, 79.0, None).await;
        }
    }
    assert_eq!(ward.count("SELECT count(*) FROM arrival WHERE seq IS NOT NULL").await, PATIENTS * EACH);

    // Whoever takes work now takes the worst first, and of those the newest.
    let store = ward.database.store().await;
    let taken = judged::take(&store.monitor, Some(ward.clock.care_now()), random::new_id(), 20).await.expect("taken");
    let mut first: Vec<_> = taken.iter().map(|taken| taken.patient).collect();
    let mut worst: Vec<_> =
        (0..).zip(&patients).filter(|(place, _)| place % 5 < 2).map(|(_, patient)| *patient).collect();
    first.sort_unstable();
    worst.sort_unstable();
    assert_eq!(first, worst);
    sqlx::query("UPDATE patient_judged SET lease = NULL, lease_until = NULL, attempts = 0")
        .execute(&ward.pool)
        .await
        .unwrap();
    store.close().await;

    let folder = tempfile::tempdir().unwrap();
    let replica =
        ward.replica(&Wires { smtp_url: format!("file:{}", folder.path().display()), ..Wires::default() }).await;
    replica.settle().await;
    ward.assert_tiled().await;
    assert_eq!(ward.count("SELECT count(*) FROM arrival").await, 0);
    let alerts = ward
        .lines(
            "SELECT priority || ' ' || to_char(finding_start AT TIME ZONE 'UTC', 'HH24:MI') || ' ' || late_minutes
             FROM alert WHERE patient IS NOT NULL ORDER BY reference",
        )
        .await;
    let expected = |priority: &str, of: i64, number: i64| {
        let mut minutes: Vec<i64> =
            (0..PATIENTS).filter(|place| place % 5 == of).map(|place| number * 17 + place % 18).collect();
        minutes.sort_unstable_by_key(|minute| std::cmp::Reverse(*minute));
        let line = |minute: i64| format!("{priority} {:02}:{:02} {}", 9 + minute / 60, minute % 60, 360 - minute);
        minutes.into_iter().map(line).collect::<Vec<_>>()
    };
    // What later readings cleared is at most medium, and is told all the same.
    let wanted: Vec<String> = [expected("high", 0, 19), expected("medium", 1, 6)].concat();
    assert_eq!(alerts, wanted, "the highest first, the newest of them first, each with how late it is");
    let pages = ward
        .lines(
            "SELECT 'A' || alert.reference FROM page JOIN alert ON alert.alert = page.alerts[1]
             WHERE page.priority = 'high' AND page.state = 'sent' ORDER BY page.page",
        )
        .await;
    let wanted: Vec<String> = (1..=PATIENTS / 5).map(|reference| format!("A{reference}")).collect();
    assert_eq!(pages, wanted, "and so are people told");
    assert_eq!(
        ward.count("SELECT count(*) FROM alert_event WHERE what = 'opened' AND detail ->> 'text' LIKE '%late by %'")
            .await,
        PATIENTS / 5 * 2
    );
    replica.stop().await;
    ward.close().await;
}
