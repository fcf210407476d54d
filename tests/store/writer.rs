//! Exactly once, without gaps, never before it is on disk, and one bad item stops itself alone.

use std::time::Duration;

use derwent::ingest::writer::Writer;
use derwent::lifecycle::Lifecycle;
use derwent::random;
use derwent::signal::Signals;
use derwent::store::Store;
use derwent::store::submission::{Body, Correction, Decision, Entry, Refusal, Refused, Submission};

use super::{Someone, count};
use crate::harness::database::Database;

/// How long an answer that must not come is waited for.
const SILENCE: Duration = Duration::from_millis(700);

fn writer(store: &Store) -> Writer {
    let lifecycle = Lifecycle::new();
    let signals = Signals::start(store.ingest.clone(), &lifecycle);
    Writer::start(store, signals, &lifecycle)
}

fn correction_of(submission: &Submission) -> Submission {
    let correction = Correction { corrects: submission.client_id, reason: "not_mine".to_owned(), values: None };
    Submission { client_id: random::new_id(), body: Body::Correction(correction), ..submission.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_item_a_hundred_times_over_three_replicas_is_stored_once() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let writers = [writer(&store), writer(&database.store().await), writer(&database.store().await)];
    let mut item = dorothy.reading();
    item.flags = vec!["unconfirmed".to_owned()];

    let mut sent = tokio::task::JoinSet::new();
    for n in 0..100 {
        let writer = writers[n % 3].clone();
        let entries = vec![Entry::Submission(item.clone()), Entry::Submission(item.clone())];
        sent.spawn(async move { writer.submit(entries).await.unwrap() });
    }
    let decisions: Vec<Decision> = sent.join_all().await.into_iter().flatten().collect();

    let flags = vec!["unconfirmed".to_owned()];
    let stored = decisions.iter().filter(|d| **d == Decision::Stored { seq: 1, flags: flags.clone() }).count();
    let duplicates = decisions.iter().filter(|d| **d == Decision::Duplicate { seq: 1, flags: flags.clone() }).count();
    assert_eq!((stored, duplicates), (1, 199), "{decisions:?}");
    assert_eq!(count(&store.owner, "SELECT count(*) FROM submission").await, 1);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM reading WHERE effective_at > '2026-01-01'").await, 2);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM arrival WHERE rank = 0").await, 1);
    let counted =
        "SELECT sum(count)::bigint FROM decision_count WHERE decision = 'duplicate' AND hour = '2026-03-01T08:00:00Z'";
    assert_eq!(count(&store.owner, counted).await, 199, "what left no row was counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_have_no_gaps_however_many_write() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let first = Someone::new(&store.owner).await;
    let mut people = vec![first];
    for _ in 0..9 {
        people.push(first.beside(&store.owner).await);
    }
    let writers = [writer(&store), writer(&database.store().await), writer(&database.store().await)];

    let mut sent = tokio::task::JoinSet::new();
    for n in 0..60 {
        let writer = writers[n % 3].clone();
        // Each batch touches everybody, in an order of its own.
        let mut entries: Vec<Entry> = people.iter().map(|person| person.entry()).collect();
        entries.rotate_left(n % 10);
        sent.spawn(async move { writer.submit(entries).await.unwrap() });
    }
    let decisions: Vec<Decision> = sent.join_all().await.into_iter().flatten().collect();
    assert!(decisions.iter().all(|decision| matches!(decision, Decision::Stored { .. })), "{decisions:?}");

    let gaps = "SELECT count(*) FROM (SELECT patient FROM submission GROUP BY patient HAVING max(seq) = 60 AND min(seq) = 1 AND count(*) = 60) p";
    assert_eq!(count(&store.owner, gaps).await, 10);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM patient_head WHERE last_seq = 60").await, 10);
    // One arrival for each patient of a commit, and each number in one of them.
    assert_eq!(count(&store.owner, "SELECT sum(seq - first_seq + 1)::bigint FROM arrival").await, 600);
    assert!(count(&store.owner, "SELECT count(*) FROM arrival").await < 600);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_a_conflict_on_record_once() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let writer = writer(&store);
    let item = dorothy.reading();
    let mut other = item.clone();
    other.content_hash = vec![1, 9, 9];

    writer.submit(vec![Entry::Submission(item.clone())]).await.unwrap();
    for _ in 0..3 {
        let decisions =
            writer.submit(vec![Entry::Submission(other.clone()), Entry::Submission(other.clone())]).await.unwrap();
        assert_eq!(decisions, [Decision::Refused(Refused::Conflict), Decision::Refused(Refused::Conflict)]);
    }
    // A hash of another version of the canonical form cannot be compared: the first decision stands.
    other.content_hash = vec![2, 9, 9];
    let decisions = writer.submit(vec![Entry::Submission(other)]).await.unwrap();
    assert_eq!(decisions, [Decision::Duplicate { seq: 1, flags: vec![] }]);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM refusal WHERE reason = 'conflict'").await, 1);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM submission").await, 1);
}

#[tokio::test]
async fn one_item_the_database_cannot_hold_is_refused_alone_and_on_record() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let mut entries: Vec<Entry> = (0..40).map(|_| dorothy.entry()).collect();
    let mut culprit = dorothy.reading();
    culprit.note = Some("a\0b".to_owned());
    culprit.as_sent = "{\"note\":\"a\0b\"}".to_owned();
    entries[17] = Entry::Submission(culprit);

    let decisions = writer(&store).submit(entries).await.unwrap();

    let stored = decisions.iter().filter(|decision| matches!(decision, Decision::Stored { .. })).count();
    assert_eq!((stored, &decisions[17]), (39, &Decision::Refused(Refused::Unstorable)));
    assert_eq!(count(&store.owner, "SELECT last_seq FROM patient_head").await, 39);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM refusal WHERE reason = 'cannot_be_stored'").await, 1);
}

#[tokio::test]
async fn a_refusal_is_on_record_before_it_is_answered() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let refusal = Refusal {
        organisation: dorothy.organisation,
        device: None,
        patient: Some(dorothy.patient),
        client_id: Some("no uuid \0".to_owned()),
        reason: "unit_unknown".to_owned(),
        detail: "mmHG is not a unit of systolic".to_owned(),
        as_sent: "x".repeat(10_000),
        received_at: "2026-03-01T08:00:00Z".parse().unwrap(),
    };
    let decisions = writer(&store).submit(vec![dorothy.entry(), Entry::Refusal(refusal)]).await.unwrap();
    assert_eq!(decisions, [Decision::Stored { seq: 1, flags: vec![] }, Decision::Recorded]);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM refusal WHERE length(as_sent) = 4096").await, 1);
}

#[tokio::test]
async fn a_correction_needs_its_target_and_never_corrects_a_correction() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let joan = dorothy.beside(&store.owner).await;
    let writer = writer(&store);
    let reading = dorothy.reading();
    let correction = correction_of(&reading);
    let of_correction = correction_of(&correction);
    let of_somebody_else = Submission { patient: joan.patient, ..correction_of(&reading) };

    let decide = async |submission: &Submission| {
        writer.submit(vec![Entry::Submission(submission.clone())]).await.unwrap().remove(0)
    };
    assert_eq!(decide(&correction).await, Decision::Refused(Refused::TargetUnknown));
    assert_eq!(decide(&reading).await, Decision::Stored { seq: 1, flags: vec![] });
    assert_eq!(decide(&correction).await, Decision::Stored { seq: 2, flags: vec![] });
    assert_eq!(decide(&of_correction).await, Decision::Refused(Refused::TargetIsCorrection));
    assert_eq!(decide(&of_somebody_else).await, Decision::Refused(Refused::TargetUnknown));
    assert_eq!(count(&store.owner, "SELECT corrects_seq FROM correction").await, 1);
    // What the phone is to send again is not on record as refused.
    assert_eq!(count(&store.owner, "SELECT count(*) FROM refusal").await, 1);
}

#[tokio::test]
async fn nothing_is_stored_while_a_commit_would_not_be_durable() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let switch = async |to: &str| {
        let statement = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = {to}', current_database()); END $$"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&store.owner).await.unwrap();
    };
    switch("off").await;
    let writer = writer(&store);
    let submitted = tokio::spawn(async move { writer.submit(vec![dorothy.entry()]).await.unwrap() });
    tokio::time::sleep(SILENCE).await;
    assert!(!submitted.is_finished(), "answered although the commit would not be durable");
    assert_eq!(count(&store.owner, "SELECT count(*) FROM submission").await, 0);

    switch("on").await;
    assert_eq!(submitted.await.unwrap(), [Decision::Stored { seq: 1, flags: vec![] }]);
}

#[tokio::test]
async fn a_warning_at_the_commit_is_no_receipt() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    // What a cancelled wait for a synchronous standby looks like: success, with a warning.
    sqlx::raw_sql(
        "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'canceling wait'; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER warns AFTER INSERT ON submission DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()",
    )
    .execute(&store.owner)
    .await
    .unwrap();
    let decisions = writer(&store).submit(vec![dorothy.entry()]).await.unwrap();
    // The first commit was not believed; the second try found it in the ledger.
    assert_eq!(decisions, [Decision::Duplicate { seq: 1, flags: vec![] }]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_and_double_nothing() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let writer = writer(&store);
    let mut sent = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let writer = writer.clone();
        sent.spawn(async move { writer.submit(vec![dorothy.entry(), dorothy.entry()]).await.unwrap() });
    }
    let mut cuts = 0;
    let mut answered = 0;
    while let Some(decisions) = sent.join_next().await {
        answered += decisions.unwrap().len();
        if cuts < 5 {
            cuts += 1;
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'derwent_ingest' AND datname = current_database()";
            count(&store.owner, cut).await;
            // More work, so that later cuts meet it.
            for _ in 0..20 {
                let writer = writer.clone();
                sent.spawn(async move { writer.submit(vec![dorothy.entry()]).await.unwrap() });
            }
        }
    }
    assert_eq!(answered, 500);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM submission").await, 500);
    assert_eq!(count(&store.owner, "SELECT last_seq FROM patient_head").await, 500);
    assert_eq!(count(&store.owner, "SELECT count(*) FROM reading WHERE effective_at > '2026-01-01'").await, 1000);
}

#[tokio::test]
async fn who_goes_away_before_the_answer_is_stored_all_the_same() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let writer = writer(&store);
    for _ in 0..100 {
        let gone = tokio::time::timeout(Duration::from_micros(200), writer.submit(vec![dorothy.entry()]));
        drop(gone.await);
    }
    // Who comes after everybody is answered after everybody.
    writer.submit(vec![dorothy.entry()]).await.unwrap();
    assert_eq!(count(&store.owner, "SELECT count(*) FROM submission").await, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn corrected_values_are_those_of_what_they_correct_all_of_them() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let dorothy = Someone::new(&store.owner).await;
    let writer = writer(&store);
    let pressure = dorothy.reading();
    writer.submit(vec![Entry::Submission(pressure.clone())]).await.unwrap();
    let correct = async |values: serde_json::Value| {
        let mut correction = correction_of(&pressure);
        if let Body::Correction(correction) = &mut correction.body {
            correction.values = Some(values);
        }
        writer.submit(vec![Entry::Submission(correction)]).await.unwrap().remove(0)
    };
    let (systolic, diastolic, weight) = (
        serde_json::json!({ "component": "systolic", "value": 128.0 }),
        serde_json::json!({ "component": "diastolic", "value": 82.0 }),
        serde_json::json!({ "component": "weight", "value": 70.0 }),
    );
    let misfit = Decision::Refused(Refused::ValuesDoNotFit);
    assert_eq!(correct(serde_json::json!([weight])).await, misfit, "it would take the blood pressure out of sight");
    assert_eq!(correct(serde_json::json!([systolic])).await, misfit);
    assert!(matches!(correct(serde_json::json!([systolic, diastolic])).await, Decision::Stored { .. }));
    assert_eq!(count(&store.owner, "SELECT count(*) FROM refusal WHERE reason = 'component_unknown'").await, 2);
}
