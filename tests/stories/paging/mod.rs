//! Who was paged, and who should have been: each story is compared, page by page, with a model that was written beside the service and
//! knows nothing of its code.

mod model;
mod scene;
mod servers;
mod storm;

use alert_rules::Priority;

use self::scene::Scene;

const DAY_AND_NIGHT: [(&str, &str); 2] = [("ida", "08:00-20:00"), ("nora", "20:00-08:00")];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_and_the_next_shift_rings() {
    let mut scene = Scene::open("2026-03-02T19:40:00Z", "00:00-00:00", &DAY_AND_NIGHT).await;
    scene.opens(Priority::High).await;
    scene.until("2026-03-02T22:00:00Z").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_clock_changes() {
    // Clocks go forward at 01:00 UTC on 29 March, and back at 01:00 UTC on 25 October. Shifts change within the hour that is skipped
    // or comes twice.
    let shifts = [("ida", "08:00-01:30"), ("nora", "01:30-08:00"), ("tom", "08:00-20:00")];
    for (evening, morning) in
        [("2026-03-28T23:40:00Z", "2026-03-29T12:00:00Z"), ("2026-10-24T22:40:00Z", "2026-10-25T12:00:00Z")]
    {
        let mut scene = Scene::open(evening, "00:00-00:00", &shifts).await;
        scene.opens(Priority::High).await;
        scene.opens(Priority::Medium).await;
        scene.until(morning).await;
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_clock_change_what_waits_for_cover_waits_as_long_as_cover_is_away() {
    for (evening, noon) in
        [("2026-03-28T23:40:00Z", "2026-03-29T21:00:00Z"), ("2026-10-24T22:40:00Z", "2026-10-25T21:00:00Z")]
    {
        let mut scene = Scene::open(evening, "08:00-20:00", &[("ida", "08:00-20:00"), ("tom", "08:00-20:00")]).await;
        scene.opens(Priority::Medium).await;
        scene.opens(Priority::Medium).await;
        scene.until(noon).await;
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_roster() {
    let mut scene = Scene::open("2026-03-02T09:00:00Z", "08:00-20:00", &[]).await;
    scene.colleague("kay").await;
    scene.opens(Priority::High).await;
    scene.until("2026-03-02T11:00:00Z").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_refuse_a_hand_over_and_whoever_has_it_has_it_still() {
    let shifts = [("ida", "08:00-20:00"), ("tom", "08:00-20:00"), ("kay", "08:00-20:00")];
    let mut scene = Scene::open("2026-03-02T09:00:00Z", "08:00-20:00", &shifts).await;
    let alert = scene.opens(Priority::High).await;
    scene.until("2026-03-02T09:05:00Z").await;
    scene.acknowledges("ida", &alert).await;
    scene.until("2026-03-02T09:10:00Z").await;
    scene.offers("ida", &alert, "tom").await;
    scene.until("2026-03-02T09:12:00Z").await;
    scene.declines("tom", &alert).await;
    scene.until("2026-03-02T09:20:00Z").await;
    scene.offers("ida", &alert, "kay").await;
    scene.until("2026-03-02T09:21:00Z").await;
    scene.declines("kay", &alert).await;
    // She has it until it is two hours, and then everybody hears of it, one after the other.
    scene.until("2026-03-02T12:00:00Z").await;
    scene.closes("tom", &alert).await;
    scene.until("2026-03-02T18:00:00Z").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn six_hours_down() {
    let shifts = [("ida", "08:00-14:00"), ("tom", "14:00-20:00")];
    let mut scene = Scene::open("2026-03-02T09:00:00Z", "08:00-20:00", &shifts).await;
    scene.opens(Priority::High).await;
    let acknowledged = scene.opens(Priority::High).await;
    scene.opens(Priority::Medium).await;
    scene.until("2026-03-02T09:04:00Z").await;
    scene.acknowledges("ida", &acknowledged).await;
    scene.until("2026-03-02T09:05:00Z").await;
    scene.goes_down_until("2026-03-02T15:05:00Z").await;
    scene.until("2026-03-02T17:00:00Z").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_181_and_acknowledged_becomes_240() {
    let mut scene =
        Scene::open("2026-03-02T09:00:00Z", "08:00-20:00", &[("ida", "08:00-20:00"), ("tom", "08:00-20:00")]).await;
    let patient = scene.ward.patient(&["hypertension"]).await;
    scene.settle().await;
    scene.ward.pressure(patient, 181.0, 95.0).await;
    // No phone shows her that she is asked to measure again, so after a minute it is an alert as it is.
    scene.until("2026-03-02T09:01:00Z").await;
    let alert = scene.alert_of(patient).await;
    scene.knows("A1", alert, Priority::High).await;
    scene.until("2026-03-02T09:04:00Z").await;
    scene.ward.pressure(patient, 181.0, 95.0).await;
    scene.until("2026-03-02T09:10:00Z").await;
    scene.acknowledges("ida", "A1").await;
    // No worse than it was known to be: she has it.
    scene.until("2026-03-02T09:20:00Z").await;
    scene.ward.pressure(patient, 182.0, 95.0).await;
    scene.until("2026-03-02T09:30:00Z").await;
    scene.ward.pressure(patient, 240.0, 120.0).await;
    scene.worse("A1").await;
    scene.until("2026-03-02T10:10:00Z").await;
    scene.end().await;
}
