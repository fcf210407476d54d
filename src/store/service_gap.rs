//! When the service was not there to listen.

use alert_rules::facts::Gap;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};

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
