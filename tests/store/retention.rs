//! Erasing what is old of somebody: every table has its say, and the ledger remembers what is gone.

use derwent::ingest::writer::Writer;
use derwent::lifecycle::Lifecycle;
use derwent::random;
use derwent::signal::Signals;
use derwent::store::Store;
use derwent::store::retention::{self, DELETES, ERASED, KEPT, Old, Range};
use derwent::store::submission::{Body, Correction, Decision, Entry, Refused, Submission};
use jiff::{SignedDuration, Timestamp};

use super::erasure::tables;
use super::{Someone, count};
use crate::harness::database::Database;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn before() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

/// Whoever adds a table about patients says here, too, what becomes of it.
#[tokio::test]
async fn of_every_table_about_patients_what_is_old_goes_or_is_kept_with_a_reason() {
    let database = Database::fresh().await;
    let store = database.store().await;
    for table in tables(&store).await {
        let goes = DELETES.iter().any(|(_, delete)| delete.starts_with(&format!("DELETE FROM {table} ")));
        let kept = KEPT.iter().any(|(kept, _)| *kept == table);
        assert!(goes != kept, "{table}: goes {goes}, kept {kept}: src/store/retention.rs");
    }
}

async fn erase(store: &Store, who: Someone) -> Old {
    let mut db = store.eraser_tx().await.unwrap();
    let Someone { patient, organisation, .. } = who;
    let range =
        Range { patient, organisation, before: before(), at: Timestamp::UNIX_EPOCH, made_by: "the test", why: "old" };
    let old = retention::erase(&mut db, &range).await.unwrap();
    db.commit().await.unwrap();
    old
}

/// Taken and received on this day, where the first is the last one that is old.
fn on(who: Someone, day: i32) -> Submission {
    let at = before() - DAY / 2 + day * DAY;
    Submission { effective_at: at, received_at: at, note: Some("dizzy".to_owned()), ..who.reading() }
}

fn correction_of(of: &Submission, received_at: Timestamp) -> Submission {
    Submission {
        client_id: random::new_id(),
        received_at,
        note: None,
        body: Body::Correction(Correction { corrects: of.client_id, reason: "not_mine".to_owned(), values: None }),
        ..of.clone()
    }
}

#[tokio::test]
async fn what_is_erased_is_remembered_by_its_id_alone_and_does_not_come_back() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let arthur = dorothy.beside(&store.owner).await;
    let lifecycle = Lifecycle::new();
    let writer = Writer::start(&store, Signals::start(store.ingest.clone(), &lifecycle), &lifecycle);
    let submit = async |submission: &Submission| {
        writer.submit(vec![Entry::Submission(submission.clone())]).await.unwrap().remove(0)
    };
    let stored = |seq| Decision::Stored { seq, flags: Vec::new() };
    let known = |seq| Decision::Duplicate { seq, flags: Vec::new() };

    let (old, new, unjudged) = (on(dorothy, 0), on(dorothy, 1), on(dorothy, -3));
    // It came on a day that is kept, and is about one that is not.
    let late = correction_of(&old, before() + DAY);
    for (seq, submission) in (1..).zip([&old, &new, &late, &unjudged]) {
        assert_eq!(submit(submission).await, stored(seq));
    }
    assert_eq!(submit(&on(arthur, 0)).await, stored(1));
    sqlx::query("INSERT INTO patient_judged (patient, judged_through, attempts) VALUES ($1, 3, 0)")
        .bind(dorothy.patient)
        .execute(&store.owner)
        .await
        .unwrap();

    let erased = erase(&store, dorothy).await;
    assert_eq!((erased.submissions, &erased.rows[..]), (2, &[("values of readings", 2), ("corrections", 1)][..]));
    let left: Vec<(i64, String, bool)> = sqlx::query_as(
        "SELECT seq, kind, note IS NULL AND effective_at = received_at AND content_hash = '\\x00' FROM submission
         WHERE patient = $1 ORDER BY seq",
    )
    .bind(dorothy.patient)
    .fetch_all(&store.owner)
    .await
    .unwrap();
    let erased = |seq| (seq, ERASED.to_owned(), true);
    let kept = |seq| (seq, "reading".to_owned(), false);
    assert_eq!(left, [erased(1), kept(2), erased(3), kept(4)]);
    // Of Dorothy the one that is younger and the one that nobody judged; Arthur's.
    assert_eq!(count(&store.owner, "SELECT count(*) FROM reading WHERE effective_at > '2020-01-01'").await, 6);

    assert_eq!(submit(&old).await, known(1), "the phone has it still");
    assert_eq!(submit(&late).await, known(3));
    assert_eq!(submit(&correction_of(&old, before() + DAY)).await, Decision::Refused(Refused::TargetErased));
    assert_eq!(submit(&correction_of(&new, before() + DAY)).await, stored(5));
    assert_eq!(submit(&on(dorothy, 2)).await, stored(6));
    assert!(erase(&store, dorothy).await.is_nothing(), "a second time");
    assert_eq!(count(&store.owner, "SELECT count(*) FROM erased_range").await, 1);
}
