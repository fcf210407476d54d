//! Organisations: tenants, each with a time zone.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Organisation {
    pub organisation: Uuid,
    pub name: String,
    /// IANA name.
    pub time_zone: String,
}

pub async fn insert(db: &mut PgConnection, new: &Organisation) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO organisation (organisation, name, time_zone) VALUES ($1, $2, $3)")
        .bind(new.organisation)
        .bind(&new.name)
        .bind(&new.time_zone)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, organisation: Uuid) -> Result<Option<Organisation>, sqlx::Error> {
    let row = sqlx::query("SELECT organisation, name, time_zone FROM organisation WHERE organisation = $1")
        .bind(organisation)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// All but that of the service's tests of itself.
pub async fn list(db: &mut PgConnection) -> Result<Vec<Organisation>, sqlx::Error> {
    sqlx::query("SELECT organisation, name, time_zone FROM organisation WHERE organisation <> synthetic_organisation() ORDER BY name")
        .fetch_all(db)
        .await?
        .iter()
        .map(read)
        .collect()
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Organisation, sqlx::Error> {
    Ok(Organisation {
        organisation: row.try_get("organisation")?,
        name: row.try_get("name")?,
        time_zone: row.try_get("time_zone")?,
    })
}

/// The organisations of all patients that this transaction sees.
pub async fn of_seen_patients(db: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT DISTINCT organisation FROM patient").fetch_all(db).await
}
