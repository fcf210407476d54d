//! What a pager service is told after a page: that somebody acts on what it rang for, or that it is over. It is read from the
//! alerts as they are, so an acknowledgement needs no word of its own, and what is told twice is harmless.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::secret::Secret;
use crate::store::contact_code;

/// Longer than any send may take.
const LEASE_SECONDS: f64 = 60.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    Acknowledge,
    Resolve,
}

impl Follow {
    /// As it is stored, and as Events v2 names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

/// A page that was sent to a pager, and what its service does not know yet.
#[derive(Clone, Debug)]
pub struct Taken {
    pub page: Uuid,
    pub lease: Uuid,
    /// The pager's key.
    pub address: Secret,
    pub follow: Follow,
    /// This one included.
    pub attempts: u32,
}

/// Over: every alert of the page is closed, or the same person was paged about it again since (one alert rings once a person). A
/// code's page is over with the code.
pub async fn take(pool: &PgPool, lease: Uuid, machine_now: Timestamp, limit: i64) -> Result<Vec<Taken>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH next AS (
             SELECT page.page, wanted.follow
             FROM page CROSS JOIN LATERAL (SELECT CASE
                 WHEN alerts = '{}' THEN CASE WHEN sent_at < $2 THEN 'resolve' END
                 WHEN NOT EXISTS (SELECT FROM alert WHERE alert.alert = ANY (page.alerts) AND closed_at IS NULL)
                      OR EXISTS (SELECT FROM page AS later
                                 WHERE later.alerts @> page.alerts AND later.staff = page.staff AND later.channel = 'pager'
                                       AND later.state = 'sent' AND later.made_at > page.made_at) THEN 'resolve'
                 WHEN NOT EXISTS (SELECT FROM alert WHERE alert.alert = ANY (page.alerts) AND closed_at IS NULL
                                                          AND acknowledged_at IS NULL) THEN 'acknowledge'
             END) AS wanted (follow)
             WHERE channel = 'pager' AND state = 'sent' AND followed IS DISTINCT FROM 'resolve' AND next_at <= $1
                   AND (lease_until IS NULL OR lease_until < now())
                   AND wanted.follow IS NOT NULL AND wanted.follow IS DISTINCT FROM followed
             ORDER BY next_at, page.page LIMIT $3 FOR UPDATE OF page SKIP LOCKED
         )
         UPDATE page SET lease = $4, lease_until = now() + make_interval(secs => $5),
                         follow_attempts = (least(follow_attempts, 1000) + 1)::smallint
         FROM next WHERE page.page = next.page
         RETURNING page.page, page.address, next.follow, page.follow_attempts::integer AS attempts",
    )
    .bind(machine_now.to_sqlx())
    .bind((machine_now - contact_code::LASTS - SignedDuration::from_secs(1)).to_sqlx())
    .bind(limit)
    .bind(lease)
    .bind(LEASE_SECONDS)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let follow: String = row.try_get("follow")?;
            Ok(Taken {
                page: row.try_get("page")?,
                lease,
                address: row.try_get::<String, _>("address")?.into(),
                follow: if follow == "resolve" { Follow::Resolve } else { Follow::Acknowledge },
                attempts: row.try_get::<i32, _>("attempts")?.unsigned_abs(),
            })
        })
        .collect()
}

/// The service knows, or will not be asked again.
pub async fn settle(pool: &PgPool, taken: &Taken) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE page SET followed = $3, follow_attempts = 0, lease = NULL, lease_until = NULL
         WHERE page = $1 AND lease = $2",
    )
    .bind(taken.page)
    .bind(taken.lease)
    .bind(taken.follow.name())
    .execute(pool)
    .await?;
    Ok(())
}

pub async fn settle_again(pool: &PgPool, taken: &Taken, next_at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE page SET next_at = $3, lease = NULL, lease_until = NULL WHERE page = $1 AND lease = $2")
        .bind(taken.page)
        .bind(taken.lease)
        .bind(next_at.to_sqlx())
        .execute(pool)
        .await?;
    Ok(())
}
