//! Enrolled devices: their keys, whom they submit for, and which connection is their newest.

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, PgPool, Row};
use uuid::Uuid;

/// What a connection needs to know of its device.
#[derive(Clone, Debug)]
pub struct Device {
    pub device: Uuid,
    pub organisation: Uuid,
    /// Its own patient; none on a carer's device.
    pub own: Option<Uuid>,
    /// JWK, P-256.
    pub public_key: serde_json::Value,
    pub revoked: bool,
}

/// Somebody a device may submit for, as the phone is told at `welcome`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Person {
    pub handle: String,
    pub patient: Uuid,
    pub organisation: Uuid,
    pub given_name: String,
    pub plan_version: i64,
    pub judged_through: i64,
    pub live: bool,
    pub ended: bool,
    /// Whom to ring.
    pub team_phone: String,
}

pub async fn find(pool: &PgPool, device: Uuid) -> sqlx::Result<Option<Device>> {
    type Row = (Uuid, Uuid, Option<Uuid>, serde_json::Value, Option<SqlTimestamp>);
    let row: Option<Row> =
        sqlx::query_as("SELECT device, organisation, patient, public_key, revoked_at FROM device WHERE device = $1")
            .bind(device)
            .fetch_optional(pool)
            .await?;
    Ok(row.map(|(device, organisation, own, public_key, revoked_at)| Device {
        device,
        organisation,
        own,
        public_key,
        revoked: revoked_at.is_some(),
    }))
}

/// Whom a device may submit for: needs the device as `$1`.
const PEOPLE: &str = "
    SELECT person.handle, person.patient, patient.organisation, patient.given_name,
           coalesce((SELECT max(version) FROM patient_facts facts WHERE facts.patient = person.patient), 0) AS plan_version,
           coalesce(judged.failed_from - 1, judged.judged_through, 0) AS judged_through,
           patient.live_since IS NOT NULL AND patient.ended_at IS NULL AS live,
           patient.ended_at IS NOT NULL AS ended,
           team.phone AS team_phone
    FROM device_person person
    JOIN patient ON patient.patient = person.patient
    JOIN team ON team.team = patient.team
    LEFT JOIN patient_judged judged ON judged.patient = person.patient
    WHERE person.device = $1";

pub async fn people(connection: impl sqlx::PgExecutor<'_>, device: Uuid) -> sqlx::Result<Vec<Person>> {
    sqlx::query_as(AssertSqlSafe(format!("{PEOPLE} ORDER BY handle"))).bind(device).fetch_all(connection).await
}

/// Numbers a new connection: whoever holds a lower number is replaced. The phone has all pushes up to this number. None if the
/// device was revoked meanwhile. One statement, because all phones come at once after a restart.
pub async fn connect(
    pool: &PgPool,
    device: Uuid,
    app_version: &str,
    notifications: Option<&str>,
    pushed_through: i64,
) -> sqlx::Result<Option<(i64, Vec<Person>)>> {
    let statement = format!(
        "WITH connected AS (
             UPDATE device SET connection = connection + 1, app_version = $2, notifications = $3
             WHERE device = $1 AND revoked_at IS NULL RETURNING connection
         ), acknowledged AS (
             UPDATE push SET acknowledged = true
             WHERE device = $1 AND n <= $4 AND NOT acknowledged AND EXISTS (SELECT FROM connected)
         )
         SELECT connection, people.* FROM connected LEFT JOIN ({PEOPLE}) AS people ON true ORDER BY handle"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(device)
        .bind(app_version)
        .bind(notifications)
        .bind(pushed_through)
        .fetch_all(pool)
        .await?;
    with_people(&rows, |row| row.try_get("connection"))
}

/// The newest connection of a device, whether it was revoked, and whom it may submit for.
pub async fn standing(db: &mut PgConnection, device: Uuid) -> sqlx::Result<Option<((i64, bool), Vec<Person>)>> {
    let statement = format!(
        "SELECT device.connection, device.revoked_at IS NOT NULL AS revoked, people.*
         FROM device LEFT JOIN ({PEOPLE}) AS people ON true WHERE device = $1 ORDER BY handle"
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(device).fetch_all(db).await?;
    with_people(&rows, |row| Ok((row.try_get("connection")?, row.try_get("revoked")?)))
}

/// What each row says again, and the people of all; a device without any has one row.
fn with_people<T>(rows: &[PgRow], each: impl Fn(&PgRow) -> sqlx::Result<T>) -> sqlx::Result<Option<(T, Vec<Person>)>> {
    let Some(first) = rows.first() else { return Ok(None) };
    let mut people = Vec::with_capacity(rows.len());
    for row in rows {
        if row.try_get::<Option<Uuid>, _>("patient")?.is_some() {
            people.push(Person::from_row(row)?);
        }
    }
    Ok(Some((each(first)?, people)))
}

/// Which organisation a device belongs to.
pub async fn organisation(connection: &mut sqlx::PgConnection, device: Uuid) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar("SELECT organisation FROM device WHERE device = $1")
        .bind(device)
        .fetch_optional(connection)
        .await
}

/// It is let in no more. Send `Signal::Revoked` after the commit. `at` is machine time.
pub async fn revoke(connection: &mut sqlx::PgConnection, device: Uuid, at: jiff::Timestamp) -> sqlx::Result<()> {
    use jiff_sqlx::ToSqlx;
    sqlx::query("UPDATE device SET revoked_at = $2 WHERE device = $1 AND revoked_at IS NULL")
        .bind(device)
        .bind(at.to_sqlx())
        .execute(connection)
        .await?;
    Ok(())
}
