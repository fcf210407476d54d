//! What the database holds, read for the checker.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

use super::checker::{Held, Kept, Measured};

/// What is idle in a transaction so long is not merely between two statements.
const IDLE: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '1 second'";
/// Well within `idle_in_transaction_session_timeout`, so that nothing of the kind goes away by itself.
const IDLE_TRIES: u32 = 50;

pub async fn read(pool: &PgPool, with_ranges: bool) -> sqlx::Result<Held> {
    let ledger: Vec<(Uuid, Uuid, i64, Vec<u8>)> =
        sqlx::query_as("SELECT patient, client_id, seq, content_hash FROM submission").fetch_all(pool).await?;
    let readings: Vec<(Uuid, i64, Option<String>, i64)> =
        sqlx::query_as("SELECT patient, seq, context->>'id', count(*) FROM reading GROUP BY 1, 2, 3")
            .fetch_all(pool)
            .await?;
    let refusals: Vec<(Option<String>, String, i64)> =
        sqlx::query_as("SELECT client_id, reason, count(*) FROM refusal GROUP BY 1, 2").fetch_all(pool).await?;
    let heads: Vec<(Uuid, i64)> = sqlx::query_as("SELECT patient, last_seq FROM patient_head").fetch_all(pool).await?;
    let ranges = if with_ranges { Some(ranges(pool).await?) } else { None };
    Ok(Held {
        ledger: ledger
            .into_iter()
            .map(|(patient, id, seq, content_hash)| Kept { patient, id, seq: number(seq), content_hash })
            .collect(),
        readings: readings
            .into_iter()
            .map(|(patient, seq, id, rows)| {
                let id = id.and_then(|id| id.parse().ok()).unwrap_or_default();
                Measured { patient, seq: number(seq), id, rows: usize::try_from(rows).expect("a count") }
            })
            .collect(),
        refusals: refusals.into_iter().map(|(id, reason, count)| ((id.unwrap_or_default(), reason), count)).collect(),
        last_seq: heads.into_iter().map(|(patient, last)| (patient, number(last))).collect(),
        ranges,
        idle_in_transaction: idle_in_transaction(pool).await?,
    })
}

async fn ranges(pool: &PgPool) -> sqlx::Result<BTreeMap<Uuid, Vec<(u64, u64)>>> {
    let rows: Vec<(Uuid, i64, i64)> =
        sqlx::query_as("SELECT patient, from_seq, to_seq FROM evaluation WHERE from_seq IS NOT NULL")
            .fetch_all(pool)
            .await?;
    let mut ranges: BTreeMap<Uuid, Vec<(u64, u64)>> = BTreeMap::new();
    for (patient, from, to) in rows {
        ranges.entry(patient).or_default().push((number(from), number(to)));
    }
    Ok(ranges)
}

async fn idle_in_transaction(pool: &PgPool) -> sqlx::Result<i64> {
    let mut idle = 0;
    for _ in 0..IDLE_TRIES {
        idle = sqlx::query_scalar(IDLE).fetch_one(pool).await?;
        if idle == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(idle)
}

fn number(seq: i64) -> u64 {
    u64::try_from(seq).expect("numbers begin at 1")
}
