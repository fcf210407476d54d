//! Whether anything waits to be judged or told, and when the next thing will: one look over all the queues, for the stepper
//! of care time, which asks at each of its stops.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgPool, Row};

#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Something arrived, or a timer or an alert's step is due.
    pub to_judge: bool,
    /// A page request is due, or a page could be sent now.
    pub to_tell: bool,
    /// The next instant of care time at which there will be something to do.
    pub next_at: Option<Timestamp>,
}

pub async fn look(pool: &PgPool, care_now: Timestamp, machine_now: Timestamp) -> Result<Pending, sqlx::Error> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT FROM arrival) AS arrived,
                EXISTS (SELECT FROM page WHERE state IN ('ready', 'sending') AND next_at <= $1) AS unsent,
                least((SELECT min(at) FROM due), (SELECT min(next_step_at) FROM alert WHERE closed_at IS NULL)) AS judge_at,
                (SELECT min(at) FROM page_request WHERE NOT formed) AS tell_at",
    )
    .bind(machine_now.to_sqlx())
    .fetch_one(pool)
    .await?;
    let instant = |name: &str| {
        row.try_get::<Option<jiff_sqlx::Timestamp>, _>(name).map(|at| at.map(jiff_sqlx::Timestamp::to_jiff))
    };
    let (judge_at, tell_at) = (instant("judge_at")?, instant("tell_at")?);
    let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= care_now);
    Ok(Pending {
        to_judge: row.try_get("arrived")? || due(judge_at),
        to_tell: row.try_get("unsent")? || due(tell_at),
        next_at: [judge_at, tell_at].into_iter().flatten().min(),
    })
}
