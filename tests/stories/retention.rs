//! Two people, watched for more than a year; then what is old of them is erased, and everything since goes on. And what is of nobody's
//! record, which goes by itself.

use std::process::Output;
use std::time::Duration;

use derwent::random;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::reconciling::{Said, no_wires};
use crate::harness::mail::MailServer;
use crate::harness::replica::Replica;
use crate::harness::service::{Options, Service, derwent};
use crate::harness::ward::{Ward, at, facts};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Every third week of 2024 and on into 2025, five days with a reading, some of them bad. Dorothy's alerts are closed every time, Arthur's
/// never.
async fn fifteen_months(ward: &Ward, replica: &Replica, dorothy: Uuid, arthur: Uuid) {
    let beginning = at("2024-01-01T08:00:00Z");
    for week in 0..23 {
        for day in 0..5 {
            replica.parts.clock.step(beginning + (week * 21 + day) * DAY);
            replica.settle().await;
            let values = [186.0, 142.0, 128.0, 151.0, 226.0, 133.0, 120.0];
            let systolic = values[usize::try_from(week * 5 + day).unwrap() % values.len()];
            ward.pressure(dorothy, systolic, 79.0).await;
            ward.pressure(arthur, systolic + 3.0, 84.0).await;
            replica.settle().await;
        }
        close_alerts(ward, dorothy).await;
    }
}

/// The doctor goes by the machine's clock, so all of this is long past.
async fn patient(ward: &Ward) -> Uuid {
    let patient = ward.patient(&["hypertension"]).await;
    let mut facts = facts(&["hypertension"]);
    facts["plan"]["since"] = json!("2024-01-01T00:00:00Z");
    ward.set_facts(patient, &facts).await;
    patient
}

async fn close_alerts(ward: &Ward, patient: Uuid) {
    sqlx::query(
        "UPDATE alert SET closed_at = $2, outcome = 'no_action', next_step_at = NULL WHERE patient = $1 AND closed_at IS NULL",
    )
    .bind(patient)
    .bind(jiff_sqlx::ToSqlx::to_sqlx(ward.clock.care_now()))
    .execute(&ward.pool)
    .await
    .expect("closed");
}

fn admin(ward: &Ward, arguments: &[&str]) -> Output {
    derwent()
        .args(["admin", "--json", "--care-time", &ward.clock.care_now().to_string(), "patient"])
        .args(arguments)
        .env("DERWENT_DATABASE_URL", &ward.database.url)
        .output()
        .expect("the binary starts")
}

fn did(ward: &Ward, arguments: &[&str]) -> Value {
    let output = admin(ward, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn erase_older(ward: &Ward, patient: Uuid, before: &str, more: &[&str]) -> Value {
    let patient = patient.to_string();
    did(ward, &[&["erase-older", "--patient", &patient, "--before", before], more].concat())
}

/// What was concluded of what was measured since, and the alerts about it.
const SINCE: &str = "
    SELECT patient || ' ' || problem || ' ' || start_at || ' ' || md5(finding::text) FROM finding
    WHERE end_at IS NULL OR end_at >= '2024-01-15'
    UNION ALL SELECT 'A' || reference || ' ' || md5(worst::text) || (SELECT count(*) FROM alert_event AS event
                                                                     WHERE event.alert = alert.alert)
    FROM alert WHERE closed_at IS NULL OR closed_at >= '2024-01-15'
    UNION ALL SELECT patient || ' ' || seq || ' ' || component || ' ' || value FROM reading WHERE effective_at >= '2024-01-15'
    UNION ALL SELECT evaluation::text FROM evaluation WHERE at >= '2024-01-15'
    ORDER BY 1";
/// Of everything that is about one person alone and older.
const OLD: &str = "
    SELECT (SELECT count(*) FROM reading WHERE effective_at < '2024-01-15' AND effective_at > '2020-01-01')
           + (SELECT count(*) FROM evaluation WHERE at < '2024-01-15')
           + (SELECT count(*) FROM finding WHERE end_at < '2024-01-15')
           + (SELECT count(*) FROM alert WHERE closed_at < '2024-01-15')";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_erased_and_nothing_since_then_is_lost() {
    let ward = Ward::open("2024-01-01T08:00:00Z").await;
    ward.on_roster("ida", "00:00-00:00").await;
    let replica = ward.replica(&no_wires()).await;
    let (dorothy, arthur) = (patient(&ward).await, patient(&ward).await);
    fifteen_months(&ward, &replica, dorothy, arthur).await;
    let said = Said::by(&ward);
    assert_eq!(said.wrong(), [], "a ward without a fault");
    let compared = said.sample("findings");
    let since = ward.lines(SINCE).await;
    let old = ward.count(OLD).await;

    // First a look, which changes nothing.
    let would = erase_older(&ward, dorothy, "2024-01-15", &["--dry-run"]);
    assert_eq!((&would["erased"], &would["submissions"]), (&Value::Bool(false), &Value::from(5)));
    assert!(would["rows"]["evaluations"].as_i64() > Some(0), "{would}");
    assert_eq!((ward.count(OLD).await, ward.count("SELECT count(*) FROM erased_range").await), (old, 0));

    for patient in [dorothy, arthur] {
        let did = erase_older(&ward, patient, "2024-01-15", &["--why", "kept for so long"]);
        assert_eq!((&did["erased"], &did["submissions"]), (&Value::Bool(true), &Value::from(5)));
        assert_eq!(ward.lines(SINCE).await, since, "nothing since then is lost");
        assert_eq!(Said::by(&ward).wrong(), []);
    }
    // An alert of Arthur's is open since the first week, and what it stands on is there.
    let open = "SELECT alert.problem FROM alert JOIN finding USING (patient, problem)
                WHERE closed_at IS NULL AND opened_at < '2024-01-15' AND finding.start_at = alert.finding_start
                      AND finding.end_at < '2024-01-15'";
    assert_eq!(ward.lines(open).await, ["blood pressure high"]);
    // One of Dorothy's was closed then, and what it was about went on.
    let went_on = "SELECT problem FROM alert WHERE closed_at < '2024-01-15' AND patient IS NOT NULL
                   INTERSECT SELECT problem FROM finding WHERE start_at < '2024-01-15' AND end_at > '2024-01-15'";
    assert_eq!(ward.lines(went_on).await, ["blood pressure high"]);
    assert_eq!(
        ward.count("SELECT count(*) FROM reading WHERE effective_at < '2024-01-15' AND effective_at > '2020-01-01'")
            .await,
        0
    );
    assert_eq!(ward.count("SELECT count(*) FROM audit WHERE what = 'record.old_erased'").await, 2);

    // The proofs begin where the erasure ended, and hold from there.
    let said = Said::by(&ward);
    let stored = ward.count("SELECT count(*) FROM submission").await;
    assert_eq!(said.step("received"), (stored, vec![("stored".to_owned(), stored)]));
    assert!(
        said.step("judged").1.contains(&("erased because they were old".to_owned(), 10)),
        "{:?}",
        said.step("judged")
    );
    assert_eq!((said.sample("compared"), said.sample("differences")), (2, 0));
    assert!(said.sample("findings") > compared / 3, "{} of {compared}", said.sample("findings"));
    for (broken, what, wanted) in [
        (
            "DELETE FROM finding WHERE start_at = (SELECT max(start_at) FROM finding WHERE problem = 'blood pressure high')",
            "judged again",
            "is missing",
        ),
        (
            "DELETE FROM reading WHERE effective_at = (SELECT max(effective_at) FROM reading WHERE effective_at > '2020-01-01')",
            "rows",
            "reading 2",
        ),
        (
            "UPDATE evaluation SET from_seq = NULL, to_seq = NULL
             WHERE from_seq = (SELECT min(through_seq) + 1 FROM erased_range)",
            "ranges",
            "holes",
        ),
    ] {
        let table = ["finding", "reading", "evaluation"]
            .into_iter()
            .find(|table| broken.contains(&format!(" {table} ")))
            .unwrap();
        for statement in [format!("CREATE TABLE kept AS SELECT * FROM {table}"), broken.to_owned()] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&ward.pool).await.expect("broken");
        }
        let sentence = Said::by(&ward).of(what);
        assert!(sentence.contains(wanted), "{what}: {sentence}");
        let mend = match table {
            "evaluation" => "UPDATE evaluation SET from_seq = kept.from_seq, to_seq = kept.to_seq FROM kept
                             WHERE kept.evaluation = evaluation.evaluation; DROP TABLE kept"
                .to_owned(),
            table => format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"),
        };
        sqlx::raw_sql(sqlx::AssertSqlSafe(mend)).execute(&ward.pool).await.expect("mended");
        assert_eq!(Said::by(&ward).wrong(), [], "{what} was put right");
    }

    // What comes next is judged as ever, late or not.
    replica.parts.clock.step(ward.clock.care_now() + DAY);
    let late = ward.clock.care_now() - 20 * DAY;
    ward.pressure_taken(dorothy, late, 188.0, 84.0, None).await;
    ward.pressure(dorothy, 231.0, 131.0).await;
    replica.settle().await;
    assert_eq!(Said::by(&ward).wrong(), []);
    let high = "SELECT count(*) FROM alert WHERE closed_at IS NULL AND priority = 'high' AND opened_at > '2025-04-11'
                AND patient IS NOT NULL";
    assert_eq!(ward.count(high).await, 1);

    // The same again does nothing; a later day goes on from there; and at last everything goes.
    let again = erase_older(&ward, dorothy, "2024-01-15", &["--why", "kept for so long"]);
    assert_eq!(again["erased"], false, "{again}");
    let more = erase_older(&ward, dorothy, "2024-02-01", &["--why", "kept for so long"]);
    assert_eq!(more["submissions"], 5, "{more}");
    assert!(more["rows"]["alerts"].as_i64() > Some(0) && more["rows"]["findings"].as_i64() > Some(0), "{more}");
    let closed = "SELECT count(*) FROM alert WHERE closed_at < '2024-02-01' AND patient IS NOT NULL";
    assert_eq!(ward.count(closed).await, 0);
    assert_eq!(Said::by(&ward).wrong(), []);
    let patient = dorothy.to_string();
    did(&ward, &["end", "--patient", &patient, "--why", "moved away"]);
    replica.settle().await;
    close_alerts(&ward, dorothy).await;
    did(&ward, &["erase", "--patient", &patient, "--why", "she asked", "--family-name", "Canary"]);
    assert_eq!(ward.lines("SELECT patient::text FROM erased_range").await, [arthur.to_string()]);
    assert_eq!(Said::by(&ward).wrong(), []);
    replica.stop().await;
    ward.close().await;
}

/// Of each kind one that is to go and one that is to stay, by how long ago it was made.
async fn of_paging(ward: &Ward, ida: Uuid) {
    for (days, alerts, state) in [
        (31, "{}", "sent"),
        (31, "{}", "given_up"),
        (29, "{}", "sent"),
        (31, "{00000000-0000-0000-0000-00000000000a}", "sent"),
        (31, "{}", "ready"),
    ] {
        let page = random::new_id();
        sqlx::query(
            "INSERT INTO page (page, alerts, organisation, staff, channel, address, priority, subject, body, made_at, state, attempts,
                               next_at)
             VALUES ($1, $2::uuid[], $3, $4, 'email', 'ida@example.org', 'medium', 'A code', '123456', now() - $5 * interval '1 day', $6,
                     1, now() + interval '1 day')",
        )
        .bind(page)
        .bind(alerts)
        .bind(ward.organisation)
        .bind(ida)
        .bind(days)
        .bind(state)
        .execute(&ward.pool)
        .await
        .expect("a page");
        sqlx::query(
            "INSERT INTO page_attempt (page, n, at, outcome, said) VALUES ($1, 1, now(), 'again', 'try later')",
        )
        .bind(page)
        .execute(&ward.pool)
        .await
        .expect("a try");
    }
    for (hours, code) in [(25, "old"), (23, "new")] {
        sqlx::query(
            "INSERT INTO contact_code (contact_code, contact_point, staff, page, code_hash, sent_at, ends_at, wrong_answers)
             VALUES (gen_random_uuid(), gen_random_uuid(), $1, gen_random_uuid(), $2::bytea, now() - $3 * interval '1 hour', now(), 0)",
        )
        .bind(ida)
        .bind(code)
        .bind(hours)
        .execute(&ward.pool)
        .await
        .expect("a code");
    }
    for (days, reply) in [(31, "old"), (29, "new")] {
        sqlx::query("INSERT INTO reply (reply, staff, at) VALUES ($2::bytea, $1, now() - $3 * interval '1 day')")
            .bind(ida)
            .bind(reply)
            .bind(days)
            .execute(&ward.pool)
            .await
            .expect("a reply");
    }
}

/// The real service, whose care time is the machine's.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_belong_to_no_alert_go_by_themselves() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    // At every hour, or whoever runs the service would be told of a hole.
    let ida = ward.on_roster("ida", "00:00-00:00").await;
    of_paging(&ward, ida).await;
    let (mail, database_url) = (MailServer::start(), ward.database.url.clone());
    let options = Options { database_url, care_time: None, smtp_url: mail.url(), pager_url: None };
    let service = tokio::task::spawn_blocking(move || Service::start(&options)).await.expect("started");
    let left = "SELECT (now()::date - made_at::date) || ' ' || state || ' ' || cardinality(alerts) || ' ' || count(page_attempt.n)
                FROM page LEFT JOIN page_attempt USING (page) GROUP BY page.page ORDER BY 1";
    let expected = ["29 sent 0 1", "31 ready 0 1", "31 sent 1 1"];
    for _ in 0..1000 {
        if ward.lines(left).await == expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ward.lines(left).await, expected);
    assert_eq!(ward.count("SELECT count(*) FROM page_attempt").await, 3);
    assert_eq!(ward.lines("SELECT convert_from(code_hash, 'UTF8') FROM contact_code").await, ["new"]);
    assert_eq!(ward.lines("SELECT convert_from(reply, 'UTF8') FROM reply").await, ["new"]);
    assert!(tokio::task::spawn_blocking(move || service.end()).await.expect("ended"));
    ward.expects("a page over email is ready");
    ward.close().await;
}
