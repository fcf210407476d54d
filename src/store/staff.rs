//! Members of staff.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Staff {
    pub staff: Uuid,
    pub organisation: Uuid,
    pub name: String,
    pub email: String,
    pub role: String,
    pub profession: String,
}

/// Cannot sign in until there is a credential or an invitation.
pub async fn insert(db: &mut PgConnection, new: &Staff) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO staff (staff, organisation, name, email, role, profession) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.staff)
    .bind(new.organisation)
    .bind(&new.name)
    .bind(&new.email)
    .bind(&new.role)
    .bind(&new.profession)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn name(db: &mut PgConnection, staff: Uuid) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT name FROM staff WHERE staff = $1").bind(staff).fetch_optional(db).await
}

pub async fn is_any(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM staff)").fetch_one(pool).await
}

/// Whether somebody has this e-mail address, which is kept in small letters.
pub async fn is_taken(db: &mut PgConnection, email: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM staff WHERE email = $1)").bind(email).fetch_one(db).await
}

/// What these are called.
pub async fn names(db: &mut PgConnection, staff: &[Uuid]) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    sqlx::query_as("SELECT staff, name FROM staff WHERE staff = ANY($1) ORDER BY name, staff")
        .bind(staff)
        .fetch_all(db)
        .await
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

pub(super) fn read(row: &sqlx::postgres::PgRow) -> Result<Staff, sqlx::Error> {
    Ok(Staff {
        staff: row.try_get("staff")?,
        organisation: row.try_get("organisation")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        role: row.try_get("role")?,
        profession: row.try_get("profession")?,
    })
}

/// What this person does twice at once is done one after the other.
pub async fn lock(db: &mut PgConnection, staff: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 38))").bind(staff).execute(db).await?;
    Ok(())
}

/// `at` is machine time; None: works here again.
pub async fn set_deactivated(db: &mut PgConnection, staff: Uuid, at: Option<Timestamp>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE staff SET deactivated_at = $2 WHERE staff = $1")
        .bind(staff)
        .bind(at.map(ToSqlx::to_sqlx))
        .execute(db)
        .await?;
    Ok(())
}

/// Whoever may publish rules, or may no more.
pub async fn set_rule_owner(db: &mut PgConnection, staff: Uuid, is_one: bool) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE staff SET rule_owner = $2 WHERE staff = $1").bind(staff).bind(is_one).execute(db).await?;
    Ok(())
}

/// What publishing asks of a member of staff: their name, role, and whether they own the rules; not of who was deactivated.
pub async fn as_publisher(db: &mut PgConnection, staff: Uuid) -> Result<Option<(String, String, bool)>, sqlx::Error> {
    sqlx::query_as("SELECT name, role, rule_owner FROM staff WHERE staff = $1 AND deactivated_at IS NULL")
        .bind(staff)
        .fetch_optional(db)
        .await
}
