//! When the service was not there to listen.

use alert_rules::facts::Gap;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};

use super::presence;

/// Those, and the one that has not ended yet, if nobody has been there until now (`care_now`).
pub async fn until_now(db: &mut PgConnection, since: Timestamp, care_now: Timestamp) -> Result<Vec<Gap>, sqlx::Error> {
    let mut gaps = self::since(db, since).await?;
    let last: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar("SELECT at FROM presence").fetch_optional(db).await?;
    gaps.extend(last.and_then(|last| presence::between(last.to_jiff(), care_now)));
    Ok(gaps)
}

/// Gaps that had not ended before this instant.
pub async fn since(db: &mut PgConnection, since: Timestamp) -> Result<Vec<Gap>, sqlx::Error> {
    let rows = sqlx::query("SELECT from_at, until_at FROM service_gap WHERE until_at >= $1 ORDER BY from_at")
        .bind(since.to_sqlx())
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Gap {
                from: row.try_get::<jiff_sqlx::Timestamp, _>("from_at")?.to_jiff(),
                until: row.try_get::<jiff_sqlx::Timestamp, _>("until_at")?.to_jiff(),
            })
        })
        .collect()
}
