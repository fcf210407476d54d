//! Each try of a page, and what the other side said.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::store::page::Taken;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// To be tried again.
    Again,
    GivenUp,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Again => "again",
            Self::GivenUp => "given_up",
        }
    }
}

/// One that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub page: Uuid,
    pub n: i16,
    /// Machine time, when it ended.
    pub at: Timestamp,
    /// sent, again, given_up
    pub outcome: String,
    pub said: String,
}

/// `said` holds no address (`notify/said.rs`). Kept whoever settles the page: the other side was asked. Of a page that is tried more than a
/// thousand times the last stands for those beyond.
pub async fn insert(
    db: &mut PgConnection,
    taken: &Taken,
    outcome: Outcome,
    said: &str,
    machine_now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO page_attempt (page, n, at, outcome, said)
         SELECT page, $2, $3, $4, $5 FROM page WHERE page = $1
         ON CONFLICT (page, n) DO UPDATE SET at = $3, outcome = $4, said = $5",
    )
    .bind(taken.page)
    .bind(i16::try_from(taken.attempts).unwrap_or(i16::MAX))
    .bind(machine_now.to_sqlx())
    .bind(outcome.name())
    .bind(said)
    .execute(db)
    .await?;
    Ok(())
}

/// Of these pages, in order.
pub async fn of(db: &mut PgConnection, pages: &[Uuid]) -> Result<Vec<Kept>, sqlx::Error> {
    let rows = sqlx::query("SELECT page, n, at, outcome, said FROM page_attempt WHERE page = ANY($1) ORDER BY page, n")
        .bind(pages)
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Kept {
                page: row.try_get("page")?,
                n: row.try_get("n")?,
                at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
                outcome: row.try_get("outcome")?,
                said: row.try_get("said")?,
            })
        })
        .collect()
}
