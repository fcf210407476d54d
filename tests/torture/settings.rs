//! R2: while a commit would not be durable, not one *stored* is sent. The killed postmaster would not show it: what SIGKILL leaves
//! in the system's memory is written all the same, so a green trial with fsync off would mean nothing.

use std::time::Duration;

use super::trial::Trial;

/// How long an answer that must not come is waited for.
const SILENCE: Duration = Duration::from_millis(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_fsync_synchronous_commit_or_full_page_writes_off_nothing_is_stored_and_nobody_told_so() {
    let mut trial = Trial::own(50).await;
    trial.add_phones(8).await;
    trial.burst(2, 4);
    trial.answered().await;
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        switch(&trial, &format!("ALTER SYSTEM SET {setting} = off"), setting, "off").await;
        let before = trial.history.lock().tally();
        trial.burst(2, 4);
        tokio::time::sleep(SILENCE).await;
        let after = trial.history.lock().tally();
        assert_eq!((after.stored, after.refused), (before.stored, before.refused), "with {setting} off");
        assert!(trial.history.lock().in_flight() > 0);
        switch(&trial, &format!("ALTER SYSTEM RESET {setting}"), setting, "on").await;
        trial.answered().await;
    }
    trial.must_be_sound().await;
}

/// Returns when connections know of it.
async fn switch(trial: &Trial, statement: &str, setting: &str, to: &str) {
    let run = async |sql: String| sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&trial.pool).await.unwrap();
    run(statement.to_owned()).await;
    run("SELECT pg_reload_conf()".to_owned()).await;
    for _ in 0..500 {
        let now: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&trial.pool).await.unwrap();
        if now == to {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{setting} does not become {to}");
}
