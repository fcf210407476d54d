//! The database's own wall: what the web role sees, table by table, whatever a query asks; and that each wall holds without the other.

use sqlx::{AssertSqlSafe, PgPool};

use super::matrix;
use super::region::Region;
use derwent::store::Store;

/// Every table and view with a patient in it that the web role may read.
async fn tables(owner: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attname = 'patient' AND NOT a.attisdropped
               AND has_table_privilege('derwent_web', c.oid, 'SELECT') AND c.relname <> 'audit'
         ORDER BY 1",
    )
    .fetch_all(owner)
    .await
    .expect("tables")
}

/// The rows of each table about this patient that somebody sees, who asks for everything.
async fn seen(store: &Store, email: Option<&str>, tables: &[String], patient: &str) -> Vec<i64> {
    let staff: Option<uuid::Uuid> = match email {
        Some(email) => sqlx::query_scalar("SELECT staff FROM staff WHERE email = $1")
            .bind(email)
            .fetch_one(&store.owner)
            .await
            .expect("staff"),
        None => None,
    };
    let mut db = match staff {
        Some(staff) => store.web_tx(staff, jiff::Timestamp::UNIX_EPOCH).await.expect("a transaction"),
        None => store.web.begin().await.expect("a transaction"),
    };
    let mut rows = Vec::new();
    for table in tables {
        let count = format!("SELECT count(*) FROM {table} WHERE patient::text = $1");
        rows.push(sqlx::query_scalar(AssertSqlSafe(count)).bind(patient).fetch_one(&mut *db).await.expect(table));
    }
    rows
}

#[tokio::test]
async fn no_table_shows_a_patient_to_who_does_not_look_after_them() {
    let region = Region::new().await;
    let store = region.world.database.store().await;
    let tables = tables(&store.owner).await;
    let patient = &region.own.patient;
    let of_ida = seen(&store, Some("ida@example.org"), &tables, patient).await;
    let told: Vec<&str> =
        tables.iter().zip(&of_ida).filter(|(_, rows)| **rows > 0).map(|(name, _)| name.as_str()).collect();
    for wanted in
        ["alert", "evaluation", "finding", "patient", "patient_facts", "patient_head", "reading_seen", "submission"]
    {
        assert!(told.contains(&wanted), "{wanted} is empty, so nothing is shown by this: {told:?}");
    }
    for email in [Some("nell@example.org"), Some("eve@example.org"), Some("max@example.org"), None] {
        let rows = seen(&store, email, &tables, patient).await;
        assert_eq!(rows, vec![0; tables.len()], "{email:?} sees rows of {tables:?}");
    }
}

#[tokio::test]
async fn nobody_writes_about_whom_they_do_not_see_nor_in_anothers_name() {
    let region = Region::new().await;
    let store = region.world.database.store().await;
    let (own, other) = (&region.own, &region.other_team);
    let arrival = "INSERT INTO arrival (patient, cause, earliest, rank, received_at)
                   VALUES ($1::uuid, 'facts', '2026-03-01', 1, '2026-03-01')";
    let glass = "INSERT INTO break_glass (break_glass, patient, organisation, staff, reason, at, until)
                 SELECT gen_random_uuid(), $1::uuid, staff.organisation, staff.staff, 'reason', '2026-03-01', '2026-03-02'
                 FROM staff WHERE staff.email = ";
    let alert = "UPDATE alert SET act_by = act_by WHERE alert.patient = $1::uuid RETURNING 1";
    // (what, whom it is about, who acts, what comes of it)
    let tries = [
        (arrival.to_owned(), &own.patient, "ida", Ok(1)),
        (arrival.to_owned(), &own.patient, "nell", Err(())),
        (arrival.to_owned(), &own.patient, "eve", Err(())),
        (alert.to_owned(), &own.patient, "ida", Ok(1)),
        (alert.to_owned(), &own.patient, "nell", Ok(0)),
        (alert.to_owned(), &own.patient, "max", Ok(0)),
        (format!("{glass} 'ida@example.org'"), &other.patient, "ida", Ok(1)),
        (format!("{glass} 'ida@example.org'"), &other.patient, "cleo", Err(())),
        (format!("{glass} 'ada@example.org'"), &other.patient, "ada", Err(())),
        (format!("{glass} 'max@example.org'"), &own.patient, "max", Err(())),
        (format!("{glass} 'ida@example.org'"), &region.other_organisation.patient, "ida", Err(())),
    ];
    for (statement, patient, who, wanted) in tries {
        let staff: uuid::Uuid = sqlx::query_scalar("SELECT staff FROM staff WHERE email = $1 || '@example.org'")
            .bind(who)
            .fetch_one(&store.owner)
            .await
            .expect("staff");
        let mut db = store.web_tx(staff, jiff::Timestamp::UNIX_EPOCH).await.expect("a transaction");
        let done = sqlx::query(AssertSqlSafe(statement.clone())).bind(patient).execute(&mut *db).await;
        let got = match done {
            Ok(done) => Ok(done.rows_affected()),
            Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some("42501") => Err(()),
            Err(other) => panic!("{statement}: {other}"),
        };
        assert_eq!(got, wanted, "{who}: {statement}");
    }
}

/// With the database's wall down, what the service decides itself must do; the other way round is the test above.
#[tokio::test]
async fn the_first_wall_holds_alone() {
    let region = Region::new().await;
    let store = region.world.database.store().await;
    sqlx::raw_sql(
        "DO $$
         DECLARE name text;
         BEGIN
             FOR name IN SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'seen' LOOP
                 EXECUTE format('ALTER POLICY seen ON %I USING (true)', name);
             END LOOP;
         END
         $$;
         CREATE OR REPLACE VIEW reading_seen WITH (security_barrier) AS
             SELECT organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value, comparator, absent,
                    offset_minutes, received_at, flags, method, context FROM reading;",
    )
    .execute(&store.owner)
    .await
    .expect("the wall is down");
    let everybody = seen(&store, None, &["patient".to_owned()], &region.own.patient).await;
    assert_eq!(everybody, [1], "the wall still stands");
    matrix::holds(&region).await;
}
