//! Decisions of the ledger that leave no row of their own, counted in the commit that made them: what came in is what is stored
//! and these. A row an hour, a connection and a decision, so it costs a commit of new readings nothing.
//!
//! A commit whose outcome stayed unknown is tried again, and what it had stored then counts as duplicate, too.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgTransaction;
use uuid::Uuid;

use super::submission::{Decision, Entry};

const HOUR_SECONDS: i64 = 3_600;

/// Counts what of these was not stored. `ledger` names the connection.
pub async fn add(
    transaction: &mut PgTransaction<'_>,
    ledger: Uuid,
    entries: &[Entry],
    decisions: &[Decision],
) -> sqlx::Result<()> {
    let mut counts: BTreeMap<(Timestamp, &str), i64> = BTreeMap::new();
    for (entry, decision) in entries.iter().zip(decisions) {
        let name = match (decision, entry) {
            (Decision::Stored { .. }, _) => continue,
            (Decision::Duplicate { .. }, _) => "duplicate",
            (Decision::Refused(refused), _) => refused.reason(),
            (Decision::Recorded, Entry::Refusal(refusal)) => refusal.reason.as_str(),
            (Decision::Recorded, Entry::Submission(_)) => continue,
        };
        *counts.entry((hour(entry.received_at()), name)).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO decision_count (hour, ledger, decision, count)
         SELECT hour, $2, decision, count FROM unnest($1::timestamptz[], $3::text[], $4::bigint[]) AS new (hour, decision, count)
         ON CONFLICT (hour, ledger, decision) DO UPDATE SET count = decision_count.count + excluded.count",
    )
    .bind(counts.keys().map(|(hour, _)| hour.to_sqlx()).collect::<Vec<_>>())
    .bind(ledger)
    .bind(counts.keys().map(|(_, name)| *name).collect::<Vec<_>>())
    .bind(counts.values().copied().collect::<Vec<_>>())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// The whole hour that holds this instant.
pub fn hour(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(HOUR_SECONDS)).unwrap_or(at)
}
