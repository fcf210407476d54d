//! Whether anything waits to be judged or told, and when the next thing will: one look over all the queues, for the stepper
//! of care time, which asks at each of its stops.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;

#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Queued arrivals, or pages that could be sent now.
    pub queued: bool,
    /// The next instant of care time at which a timer, an alert's step or a page request is due.
    pub next_at: Option<Timestamp>,
}

pub async fn look(pool: &PgPool, machine_now: Timestamp) -> Result<Pending, sqlx::Error> {
    let (queued, next_at): (bool, Option<jiff_sqlx::Timestamp>) = sqlx::query_as(
        "SELECT EXISTS (SELECT FROM arrival)
                OR EXISTS (SELECT FROM page WHERE state IN ('ready', 'sending') AND next_at <= $1),
                least((SELECT min(at) FROM due),
                      (SELECT min(next_step_at) FROM alert WHERE closed_at IS NULL),
                      (SELECT min(at) FROM page_request WHERE NOT formed))",
    )
    .bind(machine_now.to_sqlx())
    .fetch_one(pool)
    .await?;
    Ok(Pending { queued, next_at: next_at.map(jiff_sqlx::Timestamp::to_jiff) })
}
