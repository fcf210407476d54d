//! Pages: one message to one person over one channel, an outbox with leases.
//!
//! A lease is a random id and an end by the database's clock; whoever sends settles by comparing the id, so a sender
//! that was too slow changes nothing. A page whose sender died is taken again when its lease has ended,
//! and goes out once more under the same id.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::secret::Secret;

/// Longer than any send may take, so that a page is not sent twice by two living senders.
const LEASE_SECONDS: f64 = 60.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    Email,
    Pager,
}

impl Channel {
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Pager => "pager",
        }
    }
}

/// A page as it is formed.
#[derive(Clone, Debug)]
pub struct NewPage {
    pub page: Uuid,
    pub alerts: Vec<Uuid>,
    /// None: to the operator.
    pub organisation: Option<Uuid>,
    pub staff: Option<Uuid>,
    pub channel: Channel,
    /// A mail address, or the key of somebody's pager.
    pub address: Secret,
    pub priority: String,
    pub subject: String,
    pub body: String,
}

/// A page that was taken to be sent.
#[derive(Clone, Debug)]
pub struct Taken {
    pub page: Uuid,
    pub lease: Uuid,
    pub alerts: Vec<Uuid>,
    /// A mail address, or the key of somebody's pager.
    pub address: Secret,
    pub priority: String,
    pub subject: String,
    pub body: String,
    /// It tells the operator about the service itself.
    pub to_operator: bool,
    /// Whoever it is for was deactivated after it was formed: they could not answer.
    pub to_nobody: bool,
    /// This one included.
    pub attempts: u32,
}

/// New pages may be sent from `machine_now` on.
pub async fn insert(
    db: &mut PgConnection,
    pages: &[NewPage],
    care_now: Timestamp,
    machine_now: Timestamp,
) -> Result<(), sqlx::Error> {
    for page in pages {
        sqlx::query(
            "INSERT INTO page (page, alerts, organisation, staff, channel, address, priority, subject, body, made_at,
                               state, attempts, next_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'ready', 0, $11)",
        )
        .bind(page.page)
        .bind(&page.alerts)
        .bind(page.organisation)
        .bind(page.staff)
        .bind(page.channel.name())
        .bind(page.address.expose())
        .bind(&page.priority)
        .bind(&page.subject)
        .bind(&page.body)
        .bind(care_now.to_sqlx())
        .bind(machine_now.to_sqlx())
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Takes pages of one lane to send: those due, high alone or medium before low, the longest waiting first.
pub async fn take(
    pool: &PgPool,
    channel: Channel,
    high: bool,
    lease: Uuid,
    machine_now: Timestamp,
    limit: i64,
) -> Result<Vec<Taken>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH next AS (
             SELECT page FROM page
             WHERE state IN ('ready', 'sending') AND channel = $1 AND (priority = 'high') = $2 AND next_at <= $3
                   AND (lease_until IS NULL OR lease_until < now())
             ORDER BY priority DESC, next_at, page
             LIMIT $4 FOR UPDATE SKIP LOCKED
         )
         UPDATE page SET state = 'sending', lease = $5, lease_until = now() + make_interval(secs => $6),
                         attempts = (least(page.attempts, 1000) + 1)::smallint
         FROM next WHERE page.page = next.page
         RETURNING page.page, page.alerts, page.address, page.priority, page.subject, page.body,
                   page.organisation IS NULL AS to_operator, page.attempts::integer,
                   EXISTS (SELECT FROM staff WHERE staff.staff = page.staff AND deactivated_at IS NOT NULL) AS to_nobody",
    )
    .bind(channel.name())
    .bind(high)
    .bind(machine_now.to_sqlx())
    .bind(limit)
    .bind(lease)
    .bind(LEASE_SECONDS)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Taken {
                page: row.try_get("page")?,
                lease,
                alerts: row.try_get("alerts")?,
                address: row.try_get::<String, _>("address")?.into(),
                priority: row.try_get("priority")?,
                subject: row.try_get("subject")?,
                body: row.try_get("body")?,
                to_operator: row.try_get("to_operator")?,
                to_nobody: row.try_get("to_nobody")?,
                attempts: row.try_get::<i32, _>("attempts")?.unsigned_abs(),
            })
        })
        .collect()
}

/// The server took it. False: the lease was no longer ours, and somebody else settles.
pub async fn settle_sent(db: &mut PgConnection, taken: &Taken, machine_now: Timestamp) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE page SET state = 'sent', sent_at = $3, lease = NULL, lease_until = NULL, last_error = NULL
         WHERE page = $1 AND lease = $2 AND state = 'sending'",
    )
    .bind(taken.page)
    .bind(taken.lease)
    .bind(machine_now.to_sqlx())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// To be tried again at `next_at` (machine time).
pub async fn settle_again(pool: &PgPool, taken: &Taken, next_at: Timestamp, error: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE page SET state = 'ready', next_at = $3, last_error = $4, lease = NULL, lease_until = NULL
         WHERE page = $1 AND lease = $2 AND state = 'sending'",
    )
    .bind(taken.page)
    .bind(taken.lease)
    .bind(next_at.to_sqlx())
    .bind(error)
    .execute(pool)
    .await?;
    Ok(())
}

/// Never to be tried again. False: the lease was no longer ours.
pub async fn settle_given_up(db: &mut PgConnection, taken: &Taken, error: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE page SET state = 'given_up', last_error = $3, lease = NULL, lease_until = NULL
         WHERE page = $1 AND lease = $2 AND state = 'sending'",
    )
    .bind(taken.page)
    .bind(taken.lease)
    .bind(error)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether any page is being sent, or could be by now.
pub async fn any_unsent(pool: &PgPool, machine_now: Timestamp) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM page WHERE state IN ('ready', 'sending') AND next_at <= $1)")
        .bind(machine_now.to_sqlx())
        .fetch_one(pool)
        .await
}

/// When this person was last sent something of this priority that bundles (care time).
pub async fn last_made(db: &mut PgConnection, staff: Uuid, priority: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    let last: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT max(made_at) FROM page WHERE staff = $1 AND priority = $2")
            .bind(staff)
            .bind(priority)
            .fetch_one(db)
            .await?;
    Ok(last.map(jiff_sqlx::Timestamp::to_jiff))
}
