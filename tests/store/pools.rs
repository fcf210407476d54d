//! sqlx 0.9 returns a connection whose `begin` was cancelled to the pool inside the open transaction: what the next borrower writes
//! would be lost without a word.

use std::time::Duration;

use super::count;
use crate::harness::database::Database;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_begin_poisons_nobody_elses_write() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let mut lost = Vec::new();
    for n in 0..400_i32 {
        // Dropped at an await of the handshake that begins the transaction, later each time.
        let begin = store.monitor.begin();
        drop(tokio::time::timeout(Duration::from_micros(u64::try_from(n).unwrap() * 2), begin).await);
        let sql = "INSERT INTO due (patient, why, at) VALUES (gen_random_uuid(), $1, '2026-03-01T08:00:00Z')";
        sqlx::query(sql).bind(format!("slot:{n}")).execute(&store.monitor).await.unwrap();
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM due WHERE why = $1)")
            .bind(format!("slot:{n}"))
            .fetch_one(&store.owner)
            .await
            .unwrap();
        if !there {
            lost.push(n);
        }
    }
    assert_eq!(lost, Vec::<i32>::new(), "reported as done and lost");
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()";
    assert_eq!(count(&store.owner, idle).await, 0);
}
