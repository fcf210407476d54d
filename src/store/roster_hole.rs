//! Holes within declared cover that the operator was told of before they came. Which are news is decided in `crate::roster`.

use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::roster::ToldHole;

/// One replica at a time looks, or each would tell of the same hole.
pub async fn lock(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("LOCK TABLE roster_hole IN SHARE ROW EXCLUSIVE MODE").execute(db).await?;
    Ok(())
}

pub async fn told(db: &mut PgConnection) -> Result<Vec<(Uuid, ToldHole)>, sqlx::Error> {
    let rows = sqlx::query("SELECT team, from_at, until_at, near FROM roster_hole ORDER BY team, from_at")
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            let told = ToldHole {
                from: row.try_get::<jiff_sqlx::Timestamp, _>("from_at")?.to_jiff(),
                until: row.try_get::<jiff_sqlx::Timestamp, _>("until_at")?.to_jiff(),
                near: row.try_get("near")?,
            };
            Ok((row.try_get("team")?, told))
        })
        .collect()
}

/// What is remembered of this team, in place of what was.
pub async fn set(db: &mut PgConnection, team: Uuid, told: &[ToldHole]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM roster_hole WHERE team = $1").bind(team).execute(&mut *db).await?;
    for hole in told {
        sqlx::query("INSERT INTO roster_hole (team, from_at, until_at, near) VALUES ($1, $2, $3, $4)")
            .bind(team)
            .bind(hole.from.to_sqlx())
            .bind(hole.until.to_sqlx())
            .bind(hole.near)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
