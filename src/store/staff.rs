//! Members of staff.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::secret::Secret;

#[derive(Clone, Debug)]
pub struct Staff {
    pub staff: Uuid,
    pub organisation: Uuid,
    pub name: String,
    pub email: String,
    pub role: String,
    pub profession: String,
}

/// What sign-in compares.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub staff: Uuid,
    pub organisation: Uuid,
    /// argon2id, PHC string. None: this person cannot sign in.
    pub password: Option<Secret>,
}

/// `password` is its hash; without one this person cannot sign in.
pub async fn insert(
    db: &mut PgConnection,
    new: &Staff,
    pager_key: Option<&Secret>,
    password: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO staff (staff, organisation, name, email, pager_key, role, profession, password)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(new.staff)
    .bind(new.organisation)
    .bind(&new.name)
    .bind(&new.email)
    .bind(pager_key.map(Secret::expose))
    .bind(&new.role)
    .bind(&new.profession)
    .bind(password)
    .execute(db)
    .await?;
    Ok(())
}

/// E-mail addresses are kept in small letters.
pub async fn credentials(db: &mut PgConnection, email: &str) -> Result<Option<Credentials>, sqlx::Error> {
    let row = sqlx::query("SELECT staff, organisation, password FROM staff WHERE email = $1")
        .bind(email)
        .fetch_optional(db)
        .await?;
    row.map(|row| {
        Ok(Credentials {
            staff: row.try_get("staff")?,
            organisation: row.try_get("organisation")?,
            password: row.try_get::<Option<String>, _>("password")?.map(Secret::from),
        })
    })
    .transpose()
}

pub async fn list(db: &mut PgConnection, organisation: Option<Uuid>) -> Result<Vec<Staff>, sqlx::Error> {
    sqlx::query(
        "SELECT staff, organisation, name, email, role, profession FROM staff
         WHERE $1::uuid IS NULL OR organisation = $1 ORDER BY name, staff",
    )
    .bind(organisation)
    .fetch_all(db)
    .await?
    .iter()
    .map(read)
    .collect()
}

pub async fn get(db: &mut PgConnection, staff: Uuid) -> Result<Option<Staff>, sqlx::Error> {
    let row = sqlx::query("SELECT staff, organisation, name, email, role, profession FROM staff WHERE staff = $1")
        .bind(staff)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Staff, sqlx::Error> {
    Ok(Staff {
        staff: row.try_get("staff")?,
        organisation: row.try_get("organisation")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        role: row.try_get("role")?,
        profession: row.try_get("profession")?,
    })
}

/// `password` is its hash. Ends this person's sessions.
pub async fn set_password(db: &mut PgConnection, staff: Uuid, password: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE staff SET password = $2 WHERE staff = $1").bind(staff).bind(password).execute(&mut *db).await?;
    sqlx::query("DELETE FROM staff_session WHERE staff = $1").bind(staff).execute(db).await?;
    Ok(())
}
