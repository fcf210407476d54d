//! `derwent doctor` says what is wrong and what to do.

use std::process::Command;

use serde_json::Value;

use crate::harness::service::derwent;
use crate::web::world::World;

fn doctor(url: &str) -> Command {
    let mut command = derwent();
    command.args(["doctor", "--json"]).env("DERWENT_DATABASE_URL", url).env("DERWENT_SMTP_URL", "smtp://127.0.0.1:1");
    command
}

/// Whether it found all well, and what it says of each thing: state and sentence.
fn examine(command: &mut Command) -> (bool, impl Fn(&str) -> (String, String) + use<>) {
    let output = command.output().expect("the binary starts");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let findings = report["findings"].as_array().cloned().expect("findings");
    let of = move |what: &str| {
        let finding = findings
            .iter()
            .find(|finding| finding["what"] == what)
            .unwrap_or_else(|| panic!("nothing about {what}: {findings:?}"));
        let text = |field: &str| finding[field].as_str().expect("text").to_owned();
        (text("state"), text("sentence"))
    };
    (output.status.success(), of)
}

#[tokio::test]
async fn a_variable_that_is_set_to_nothing_is_not_set() {
    let world = World::new().await;
    let mut command = doctor(&world.database.url);
    for name in [
        "PAGER_URL",
        "HEARTBEAT_EMAIL",
        "HEARTBEAT_URL",
        "ORIGIN",
        "OPERATOR_EMAIL",
        "LISTEN",
        "DATA_DIR",
        "POSTGRES_DIR",
        "RULES",
        "TLS_CERT",
        "TLS_KEY",
    ] {
        command.env(format!("DERWENT_{name}"), "");
    }
    let (_, of) = examine(&mut command);
    assert_eq!((of("configuration").0, of("pager").0), ("good".to_owned(), "advice".to_owned()));
    assert!(of("pager").1.contains("DERWENT_PAGER_URL"), "{}", of("pager").1);
    let (state, sentence) = of("outside watch");
    assert!(state == "advice" && sentence.contains("DERWENT_HEARTBEAT_URL"), "{sentence}");
    let mut command = doctor(&world.database.url);
    command.env("DERWENT_HEARTBEAT_EMAIL", "watch@example.org").env("DERWENT_HEARTBEAT_URL", "secret words");
    let (_, of) = examine(&mut command);
    let (state, sentence) = of("outside watch");
    assert!(state == "wrong" && !sentence.contains("secret"), "{sentence}");
}

#[tokio::test]
async fn it_finds_what_is_missing_and_what_waits() {
    let world = World::live().await;
    let store = world.database.store().await;
    sqlx::query("UPDATE arrival SET received_at = '2026-03-01'").execute(&store.owner).await.unwrap();
    let (well, of) = examine(&mut doctor(&world.database.url));
    assert!(!well);
    let (state, sentence) = of("mail");
    assert!(
        state == "wrong" && sentence.contains("cannot be reached") && sentence.contains("DERWENT_SMTP_URL"),
        "{sentence}"
    );
    assert_eq!(of("pager").0, "advice");
    for good in [
        "configuration",
        "database",
        "tables",
        "durability",
        "database log",
        "rosters",
        "judgement",
        "alerts",
        "pages sent",
    ] {
        assert_eq!(of(good).0, "good", "{good}: {}", of(good).1);
    }
    // The plan has waited since March: nobody serves.
    let (state, sentence) = of("queue");
    assert!(state == "wrong" && sentence.contains("is `derwent serve` running"), "{sentence}");

    sqlx::query("DELETE FROM roster").execute(&store.owner).await.unwrap();
    sqlx::query("UPDATE patient_judged SET judged_through = 3").execute(&store.owner).await.unwrap();
    sqlx::query(
        "INSERT INTO alert (alert, reference, organisation, team, patient, problem, rule, kind, priority, sentence, opened_at, late_minutes,
                            act_by, step, worst)
         SELECT gen_random_uuid(), 7, organisation, team, patient, 'x', 'x/x', 'clinical', 'high', 'x', '2026-03-01', 0, '2026-03-01', 0, '[]'
         FROM patient",
    )
    .execute(&store.owner)
    .await
    .unwrap();
    let (_, of) = examine(&mut doctor(&world.database.url));
    for (what, wanted) in [
        ("rosters", "nobody is paged for Belper team"),
        ("judgement", "1 patients"),
        ("alerts", "1 open alerts have no page"),
    ] {
        let (state, sentence) = of(what);
        assert!(state == "wrong" && sentence.contains(wanted), "{what}: {sentence}");
    }
}

#[tokio::test]
async fn it_sees_a_database_that_is_not_durable_or_not_up_to_date() {
    let world = World::new().await;
    let mut owner = world.database.store().await.owner.acquire().await.unwrap();
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut *owner).await.unwrap();
    let off = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    sqlx::raw_sql(sqlx::AssertSqlSafe(off)).execute(&mut *owner).await.unwrap();
    let (_, of) = examine(&mut doctor(&world.database.url));
    let (state, sentence) = of("durability");
    assert!(state == "wrong" && sentence.contains("synchronous_commit must be on"), "{sentence}");

    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .execute(&mut *owner)
        .await
        .unwrap();
    let (_, of) = examine(&mut doctor(&world.database.url));
    let (state, sentence) = of("tables");
    assert!(state == "wrong" && sentence.contains("derwent migrate"), "{sentence}");
}

#[test]
fn it_says_so_when_there_is_no_database_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (well, of) =
        examine(doctor("").env_remove("DERWENT_DATABASE_URL").env("DERWENT_DATA_DIR", folder.path().join("none")));
    assert!(!well);
    let (state, sentence) = of("database");
    assert!(state == "wrong" && sentence.contains("start `derwent serve`"), "{sentence}");
    assert!(!folder.path().join("none").exists(), "a doctor makes nothing");
    let (_, of) = examine(&mut doctor("postgres://derwent:secret@127.0.0.1:1/derwent"));
    let (state, sentence) = of("database");
    assert!(state == "wrong" && sentence.contains("is it running") && !sentence.contains("secret"), "{sentence}");
}

#[tokio::test]
async fn it_finds_a_database_whose_log_quotes_what_is_stored() {
    let world = World::new().await;
    let store = world.database.store().await;
    let set = async |setting: &str| {
        let statement = format!("ALTER DATABASE {} SET {setting}", world.database.options.get_database().unwrap());
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&store.owner).await.unwrap();
        examine(&mut doctor(&world.database.url)).1("database log")
    };
    let (state, sentence) = set("log_error_verbosity = 'default'").await;
    assert!(state == "wrong" && sentence.contains("because of log_error_verbosity;"), "{sentence}");
    set("log_error_verbosity = 'terse'").await;
    let parameters = set("log_parameter_max_length = -1").await;
    assert_eq!(parameters.0, "good", "no statement is logged");
    let (state, sentence) = set("log_min_duration_statement = 500").await;
    assert!(state == "wrong" && sentence.contains("because of log_parameter_max_length;"), "{sentence}");
}
