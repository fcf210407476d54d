//! Erasing a person, as the role that may: nothing is left, nothing comes back, and the audit is out of its reach.

use derwent::ingest::writer::Writer;
use derwent::lifecycle::Lifecycle;
use derwent::signal::Signals;
use derwent::store::audit::{self, Act, Actor, Entry};
use derwent::store::erasure::{self, NotYet, Tombstone};
use derwent::store::submission::{Decision, Refused};
use derwent::store::{Store, archive, patient, reconcile};
use jiff::Timestamp;

use super::Someone;
use crate::harness::database::Database;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Tables with a column `patient`.
pub async fn tables(store: &Store) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'patient' AND NOT a.attisdropped
               AND c.relname NOT IN ('audit', 'tombstone') ORDER BY 1",
    )
    .fetch_all(&store.owner)
    .await
    .unwrap()
}

async fn erase(store: &Store, who: Someone) {
    let mut db = store.eraser_tx().await.unwrap();
    assert_eq!(erasure::may(&mut db, who.patient).await.unwrap(), None);
    let tombstone =
        Tombstone { patient: who.patient, organisation: who.organisation, at: NOW, made_by: "the test", why: "asked" };
    erasure::erase(&mut db, &tombstone).await.unwrap();
    let entry = Entry::new(Actor::Operator("the test".into()), Act::RecordErased, NOW);
    audit::write(&mut db, &entry.about(who.patient, who.organisation)).await.unwrap();
    db.commit().await.unwrap();
}

#[tokio::test]
async fn nothing_of_the_erased_is_left_or_comes_back_and_others_are_untouched() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let arthur = dorothy.beside(&store.owner).await;
    let lifecycle = Lifecycle::new();
    let writer = Writer::start(&store, Signals::start(store.ingest.clone(), &lifecycle), &lifecycle);
    let late = dorothy.entry();
    writer.submit(vec![dorothy.entry(), dorothy.entry(), arthur.entry()]).await.unwrap();

    let mut db = store.eraser_tx().await.unwrap();
    assert_eq!(erasure::may(&mut db, dorothy.patient).await.unwrap(), Some(NotYet::Monitored));
    db.rollback().await.unwrap();
    assert!(patient::end(&mut store.owner.acquire().await.unwrap(), dorothy.patient, NOW).await.unwrap());
    erase(&store, dorothy).await;

    // What a phone had under way is taken by nobody, and not kept as a refusal either.
    let decisions = writer.submit(vec![late, arthur.entry()]).await.unwrap();
    assert!(matches!(decisions[0], Decision::Refused(Refused::Unstorable)), "{decisions:?}");
    assert!(matches!(decisions[1], Decision::Stored { seq: 2, .. }), "{decisions:?}");
    for table in tables(&store).await {
        let bound = if table == "reading" { "AND effective_at > '2020-01-01'" } else { "" };
        let left: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE patient = $1 {bound}")))
                .bind(dorothy.patient)
                .fetch_one(&store.owner)
                .await
                .unwrap();
        assert_eq!(left, 0, "{table}");
    }
    let through: i64 = sqlx::query_scalar("SELECT through_seq FROM tombstone WHERE patient = $1")
        .bind(dorothy.patient)
        .fetch_one(&store.owner)
        .await
        .unwrap();
    assert_eq!(through, 2);
    let mut db = store.owner.acquire().await.unwrap();
    assert!(reconcile::misnumbered(&mut db).await.unwrap().is_empty());
    assert!(reconcile::untiled(&mut db).await.unwrap().is_empty());
    let entries: i64 = sqlx::query_scalar("SELECT count(*) FROM audit WHERE patient = $1")
        .bind(dorothy.patient)
        .fetch_one(&mut *db)
        .await
        .unwrap();
    assert_eq!(entries, 1);
}

/// Whoever adds a table about patients says here, too, what becomes of it.
#[tokio::test]
async fn every_table_about_patients_is_erased_and_in_the_archive() {
    let database = Database::fresh().await;
    let store = database.store().await;
    for table in tables(&store).await {
        let asked = archive::PARTS.iter().any(|(_, asked)| asked.contains(&format!(" {table}")));
        assert!(asked, "{table} is in no part of the archive: src/store/archive.rs");
        let deleted = erasure::DELETES.iter().any(|delete| delete.starts_with(&format!("DELETE FROM {table} ")));
        assert!(deleted, "{table} is not erased: src/store/erasure.rs");
    }
}

#[tokio::test]
async fn the_eraser_cannot_touch_the_audit() {
    let database = Database::fresh().await;
    let store = database.store().await;
    for statement in [
        "DELETE FROM audit",
        "UPDATE audit SET patient = NULL",
        "TRUNCATE audit",
        "DELETE FROM audit_chain",
        "DELETE FROM audit_waiting",
        "DELETE FROM tombstone",
        "UPDATE tombstone SET why = ''",
        "UPDATE erased_range SET through_seq = 0",
        "UPDATE submission SET seq = 7",
        "UPDATE submission SET client_id = gen_random_uuid()",
        "UPDATE reading SET value = 120 WHERE effective_at > '2026-01-01'",
        "INSERT INTO patient_head (patient, last_seq) VALUES (gen_random_uuid(), 1)",
        "UPDATE patient SET given_name = ''",
    ] {
        let mut db = store.eraser_tx().await.unwrap();
        let error = sqlx::raw_sql(statement).execute(&mut *db).await.expect_err(statement);
        let code = error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
    }
}
