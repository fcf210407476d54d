//! sqlx 0.9 returns a connection whose `begin` was cancelled to the pool inside the open transaction: what the next borrower writes
//! would be lost without a word.

use std::time::Duration;

use fastrand::Rng;
use sqlx::PgPool;

use super::count;
use crate::harness::database::Database;

/// Cancelled begins on each pool.
const CANCELLED: i32 = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_cancelled_begins_poison_nobody_elses_write() {
    let database = Database::fresh().await;
    let store = database.store().await;
    sqlx::raw_sql("CREATE TABLE written (pool int, n int); GRANT INSERT ON written TO PUBLIC")
        .execute(&store.owner)
        .await
        .unwrap();
    let pools = [&store.owner, &store.ingest, &store.monitor, &store.web];
    let mut cancelling = tokio::task::JoinSet::new();
    for (number, pool) in (0..).zip(pools) {
        cancelling.spawn(cancel_and_write(pool.clone(), number));
    }
    cancelling.join_all().await;
    let lost = "SELECT 2400 - count(DISTINCT (pool, n)) FROM written";
    assert_eq!(count(&store.owner, lost).await, 0, "reported as done and lost");
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()";
    assert_eq!(count(&store.owner, idle).await, 0);
}

/// Each `begin` is dropped at some await of its handshake, then something is written that must be there.
async fn cancel_and_write(pool: PgPool, number: i32) {
    let mut rng = Rng::with_seed(u64::try_from(number).unwrap());
    for n in 0..CANCELLED {
        drop(tokio::time::timeout(Duration::from_micros(rng.u64(..1_500)), pool.begin()).await);
        sqlx::query("INSERT INTO written (pool, n) VALUES ($1, $2)").bind(number).bind(n).execute(&pool).await.unwrap();
    }
}
