//! The second wall: what each role may not do, whatever its code says.

use super::Someone;
use crate::harness::database::Database;
use derwent::ingest::writer::Writer;
use derwent::lifecycle::Lifecycle;
use derwent::signal::Signals;
use derwent::store::Store;
use sqlx::PgPool;

async fn with_two_readings() -> (Database, Store, Someone, Someone) {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let stranger = Someone::new(&store.owner).await;
    let lifecycle = Lifecycle::new();
    let writer = Writer::start(&store, Signals::start(store.ingest.clone(), &lifecycle), &lifecycle);
    writer.submit(vec![dorothy.entry(), stranger.entry()]).await.unwrap();
    (database, store, dorothy, stranger)
}

const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

/// A co-ordinator in this person's team.
async fn staff_of(store: &Store, of: Someone) -> uuid::Uuid {
    let staff = derwent::random::new_id();
    let insert = "INSERT INTO staff (staff, organisation, name, email, role, profession)
                  VALUES ($1, $2, 'Ida Shaw', $1 || '@example.org', 'co-ordinator', 'nurse')";
    sqlx::query(insert).bind(staff).bind(of.organisation).execute(&store.owner).await.unwrap();
    let member = "INSERT INTO team_member (team, staff) VALUES ($1, $2)";
    sqlx::query(member).bind(of.team).bind(staff).execute(&store.owner).await.unwrap();
    staff
}

async fn refused(pool: &PgPool, statement: &'static str) {
    let error = sqlx::raw_sql(statement).execute(pool).await.expect_err(statement);
    let code = error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
    assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
}

#[tokio::test]
async fn web_reads_readings_through_the_view_alone() {
    let (_database, store, dorothy, _) = with_two_readings().await;
    let ida = staff_of(&store, dorothy).await;
    refused(&store.web, "SELECT count(*) FROM reading").await;
    let chunk: String =
        sqlx::query_scalar("SELECT show_chunks('reading')::text").fetch_one(&store.owner).await.unwrap();
    let by_name = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {chunk}"))).execute(&store.web).await;
    assert!(by_name.is_err(), "web can read the chunk {chunk} by its name");

    let mut transaction = store.web_tx(ida, NOW).await.unwrap();
    let seen: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT DISTINCT patient FROM reading_seen WHERE effective_at > '2026-01-01'")
            .fetch_all(&mut *transaction)
            .await
            .unwrap();
    assert_eq!(seen, [dorothy.patient]);
}

#[tokio::test]
async fn web_sees_what_the_acting_member_of_staff_may_and_that_ends_with_the_transaction() {
    let (_database, store, dorothy, _) = with_two_readings().await;
    let ida = staff_of(&store, dorothy).await;
    for table in ["patient", "submission", "patient_head"] {
        let sql = format!("SELECT patient FROM {table}");
        let mut transaction = store.web_tx(ida, NOW).await.unwrap();
        let seen: Vec<uuid::Uuid> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql.clone())).fetch_all(&mut *transaction).await.unwrap();
        assert_eq!(seen, [dorothy.patient], "{table}");
        transaction.commit().await.unwrap();
        let after: Vec<uuid::Uuid> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&store.web).await.unwrap();
        assert!(after.is_empty(), "{table} is seen by nobody in particular");
    }
}

#[tokio::test]
async fn every_table_of_patients_has_forced_row_security_but_the_hypertable() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relforcerowsecurity
           AND a.attname IN ('patient', 'team', 'device', 'organisation') AND NOT a.attisdropped ORDER BY 1",
    )
    .fetch_all(&store.owner)
    .await
    .unwrap();
    // Staff sign in before their organisation is known; the readings' wall is that web has no right on them.
    assert_eq!(open, ["organisation", "reading", "staff", "staff_session"]);
}

#[tokio::test]
async fn no_role_may_do_anothers_work() {
    let (_database, store, _, _) = with_two_readings().await;
    refused(&store.ingest, "DELETE FROM reading WHERE effective_at > '2026-01-01'").await;
    refused(&store.ingest, "UPDATE submission SET seq = 7").await;
    refused(&store.ingest, "UPDATE alert SET closed_at = opened_at").await;
    refused(&store.ingest, "UPDATE device SET public_key = '{}'").await;
    refused(&store.ingest, "UPDATE push SET body = '{}'").await;
    for pool in [&store.ingest, &store.monitor, &store.web] {
        for secret in [
            "SELECT password FROM staff_credential",
            "SELECT secret FROM staff_totp",
            "SELECT secret FROM staff_totp_offer",
            "SELECT code_hash FROM staff_recovery_code",
            "SELECT token_hash FROM sign_in_attempt",
            "SELECT token_hash FROM staff_place",
            "SELECT token_hash FROM staff_invitation",
            "SELECT slate FROM sign_in_guess",
            "SELECT credential FROM staff_passkey",
            "SELECT state FROM passkey_ceremony",
            "SELECT subject FROM staff_account",
            "SELECT verifier FROM provider_visit",
        ] {
            refused(pool, secret).await;
        }
    }
    refused(&store.web, "DELETE FROM staff_session").await;
    refused(&store.web, "UPDATE staff_session SET ends_at = used_at").await;
    refused(&store.web, "UPDATE staff SET role = 'administrator'").await;
    for pool in [&store.ingest, &store.monitor, &store.web] {
        refused(pool, "UPDATE acceptance SET \"values\" = '[]'").await;
        refused(pool, "DELETE FROM acceptance").await;
    }
    refused(&store.sign_in, "SELECT patient FROM patient").await;
    refused(&store.sign_in, "SELECT count(*) FROM reading_seen").await;
    refused(&store.sign_in, "UPDATE staff SET role = 'administrator'").await;
    refused(&store.sign_in, "DELETE FROM audit").await;
    refused(&store.monitor, "UPDATE rulebook SET content = '{}'").await;
    refused(&store.monitor, "INSERT INTO patient_head (patient, last_seq) VALUES (gen_random_uuid(), 0)").await;
    refused(&store.monitor, "UPDATE patient_head SET last_seq = 9").await;
    refused(&store.web, "INSERT INTO submission (patient) VALUES (gen_random_uuid())").await;
    for pool in [&store.web, &store.ingest, &store.monitor, &store.owner] {
        refused(pool, "DELETE FROM audit").await;
        refused(pool, "UPDATE audit SET what = 'nothing'").await;
        refused(pool, "TRUNCATE audit").await;
        refused(pool, "UPDATE audit_chain SET hash = ''").await;
        refused(pool, "DELETE FROM audit_chain").await;
        refused(pool, "TRUNCATE audit_chain").await;
    }
    for pool in [&store.web, &store.ingest] {
        refused(pool, "SELECT count(*) FROM audit_chain").await;
        refused(pool, "INSERT INTO audit_chain (n, audit, hash) VALUES (1, 1, '')").await;
        refused(pool, "DELETE FROM audit_waiting").await;
    }
    // Where pages went and what they said, codes among it, is nothing for the pages; nor do they write what came of them.
    for column in ["address", "subject", "body", "last_error"] {
        let read = format!("SELECT {column} FROM page");
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(read)).execute(&store.web).await.expect_err(column);
        assert_eq!(error.as_database_error().and_then(|error| error.code()).as_deref(), Some("42501"), "{column}");
    }
    refused(&store.web, "INSERT INTO page_attempt (page) VALUES (gen_random_uuid())").await;
    refused(&store.ingest, "SELECT said FROM page_attempt").await;
    refused(&store.sign_in, "SELECT reference FROM alert_paged").await;
    refused(&store.web, "CREATE TABLE mine (n int)").await;
}
