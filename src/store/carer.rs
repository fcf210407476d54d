//! Carers: family, or care-home staff, who submit for others.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Carer {
    pub carer: Uuid,
    pub organisation: Uuid,
    pub name: String,
    pub date_of_birth: Date,
}

pub async fn insert(db: &mut PgConnection, new: &Carer) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO carer (carer, organisation, name, date_of_birth) VALUES ($1, $2, $3, $4)")
        .bind(new.carer)
        .bind(new.organisation)
        .bind(&new.name)
        .bind(new.date_of_birth.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, carer: Uuid) -> Result<Option<Carer>, sqlx::Error> {
    let row = sqlx::query("SELECT carer, organisation, name, date_of_birth FROM carer WHERE carer = $1")
        .bind(carer)
        .fetch_optional(db)
        .await?;
    row.map(|row| {
        Ok(Carer {
            carer: row.try_get("carer")?,
            organisation: row.try_get("organisation")?,
            name: row.try_get("name")?,
            date_of_birth: row.try_get::<jiff_sqlx::Date, _>("date_of_birth")?.to_jiff(),
        })
    })
    .transpose()
}
