//! What waits just now, in numbers: for the gauges.

use jiff::Timestamp;
use sqlx::{PgPool, Row};

#[derive(Debug)]
pub struct Queues {
    /// Entries of the queue to the monitor, and when the oldest of them came (care time).
    pub arrivals: i64,
    pub oldest_arrival_at: Option<Timestamp>,
    /// Page requests of which no page was formed yet, those for a later time among them.
    pub requests: i64,
    pub pages_ready: i64,
    pub pages_sending: i64,
    /// Of patients, open and not acknowledged: by priority.
    pub alerts: Vec<(String, i64)>,
    /// Open notices to the operator.
    pub notices: i64,
    /// Entries of the audit that wait to be sealed.
    pub unsealed: i64,
}

pub async fn look(pool: &PgPool) -> Result<Queues, sqlx::Error> {
    let mut db = pool.acquire().await?;
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM arrival) AS arrivals,
                (SELECT count(*) FROM page_request WHERE NOT formed) AS requests,
                (SELECT count(*) FROM page WHERE state = 'ready') AS ready,
                (SELECT count(*) FROM page WHERE state = 'sending') AS sending,
                (SELECT count(*) FROM alert WHERE closed_at IS NULL AND patient IS NULL) AS notices,
                (SELECT count(*) FROM audit_waiting) AS unsealed",
    )
    .fetch_one(&mut *db)
    .await?;
    let alerts = sqlx::query_as(
        "SELECT priority, count(*) FROM alert
         WHERE closed_at IS NULL AND acknowledged_at IS NULL AND patient IS NOT NULL
               AND organisation <> synthetic_organisation() GROUP BY priority",
    )
    .fetch_all(&mut *db)
    .await?;
    Ok(Queues {
        arrivals: row.try_get("arrivals")?,
        oldest_arrival_at: super::arrival::oldest_at(&mut db).await?,
        requests: row.try_get("requests")?,
        pages_ready: row.try_get("ready")?,
        pages_sending: row.try_get("sending")?,
        alerts,
        notices: row.try_get("notices")?,
        unsealed: row.try_get("unsealed")?,
    })
}
