//! No question of the staff API is answered, or refused, without its entry in the audit.

use derwent::web::{Access, questions};
use reqwest::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use super::matrix::all;
use super::region::{Region, nobody};

/// Says that something changed, of nobody in particular.
const HINTS: &str = "GET /api/events";

/// What is on record since this was asked the last time, of staff: what, and about whom.
async fn new_entries(owner: &PgPool) -> Vec<(String, Option<Uuid>)> {
    let entries =
        sqlx::query_as("SELECT what, patient FROM audit WHERE actor = 'staff' AND address IS NOT NULL ORDER BY audit")
            .fetch_all(owner)
            .await
            .unwrap();
    // By hand, so that the same look counts again.
    sqlx::raw_sql(
        "ALTER TABLE audit DISABLE TRIGGER append_only; DELETE FROM audit; DELETE FROM audit_waiting;
         ALTER TABLE audit ENABLE ALWAYS TRIGGER append_only",
    )
    .execute(owner)
    .await
    .unwrap();
    entries
}

#[tokio::test]
async fn no_question_is_answered_without_an_entry() {
    let region = Region::new().await;
    let store = region.world.database.store().await;
    let questions = questions();
    let browsers = [region.browser("cleo@example.org").await, region.browser("max@example.org").await];
    new_entries(&store.owner).await;
    for browser in &browsers {
        for someone in [&region.own, &region.other_organisation, &nobody()] {
            for asked in all(&questions) {
                let Access::May(_) = asked.question.access else { continue };
                let (status, _) = asked.ask(browser, someone).await;
                let entries = new_entries(&store.owner).await;
                let title = asked.title();
                if title == HINTS && status.is_success() {
                    continue;
                }
                assert_eq!(entries.len(), 1, "{title}: {status} {entries:?}");
                let (what, patient) = &entries[0];
                let wanted = match status {
                    StatusCode::FORBIDDEN => Some("right.refused"),
                    StatusCode::NOT_FOUND => Some("record.refused"),
                    _ => None,
                };
                assert!(wanted.is_none_or(|wanted| what == wanted), "{title}: {status} {what}");
                let somebody =
                    status.is_success() && ["{patient}", "{alert}", "{reference}"].iter().any(|of| title.contains(of));
                assert!(!somebody || patient.is_some(), "{title}: {what} of whom?");
            }
        }
    }
}
