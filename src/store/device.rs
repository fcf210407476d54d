//! Enrolled devices: their keys, whom they submit for, and which connection is their newest.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
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
    /// Care time; none since it enrolled.
    pub heard_at: Option<Timestamp>,
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

/// Those of these devices that there are.
pub async fn find(pool: &PgPool, devices: &[Uuid]) -> sqlx::Result<HashMap<Uuid, Device>> {
    type Row = (Uuid, Uuid, Option<Uuid>, serde_json::Value, Option<SqlTimestamp>, Option<SqlTimestamp>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT device, organisation, patient, public_key, revoked_at, heard_at FROM device WHERE device = ANY($1)",
    )
    .bind(devices)
    .fetch_all(pool)
    .await?;
    let of_row = |(device, organisation, own, public_key, revoked_at, heard_at): Row| {
        let heard_at = heard_at.map(SqlTimestamp::to_jiff);
        (device, Device { device, organisation, own, public_key, revoked: revoked_at.is_some(), heard_at })
    };
    Ok(rows.into_iter().map(of_row).collect())
}

/// Whom devices may submit for: needs the devices as `$1`.
const PEOPLE: &str = "
    SELECT person.device, person.handle, person.patient, patient.organisation, patient.given_name,
           coalesce((SELECT max(version) FROM patient_facts facts WHERE facts.patient = person.patient), 0) AS plan_version,
           coalesce(judged.failed_from - 1, judged.judged_through, 0) AS judged_through,
           patient.live_since IS NOT NULL AND patient.ended_at IS NULL AS live,
           patient.ended_at IS NOT NULL AS ended,
           team.phone AS team_phone
    FROM device_person person
    JOIN patient ON patient.patient = person.patient
    JOIN team ON team.team = patient.team
    LEFT JOIN patient_judged judged ON judged.patient = person.patient
    WHERE person.device = ANY($1)";

pub async fn people(connection: impl sqlx::PgExecutor<'_>, device: Uuid) -> sqlx::Result<Vec<Person>> {
    sqlx::query_as(AssertSqlSafe(format!("{PEOPLE} ORDER BY handle"))).bind([device]).fetch_all(connection).await
}

/// A device that has proven who it is.
#[derive(Clone, Debug)]
pub struct Connecting {
    pub device: Uuid,
    pub app_version: String,
    pub notifications: Option<String>,
    /// It has all pushes up to this number.
    pub pushed_through: i64,
    /// Care time.
    pub at: Timestamp,
}

/// The number of a connection, and whom its device may submit for.
#[derive(Clone, Debug)]
pub struct Connected {
    pub connection: i64,
    pub people: Vec<Person>,
}

/// Numbers new connections: whoever holds a lower number of the same device is replaced. A device that was revoked meanwhile is
/// left out. None of the devices may be there twice.
pub async fn connect(pool: &PgPool, connecting: &[Connecting]) -> sqlx::Result<HashMap<Uuid, Connected>> {
    // Locked in the order of devices, as at every replica.
    let statement = format!(
        "WITH asked AS (
             SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
                           AS asked (device, app_version, notifications, pushed_through, at)
         ), locked AS (
             SELECT device.device FROM device WHERE device = ANY($1) AND revoked_at IS NULL
             ORDER BY device FOR NO KEY UPDATE
         ), connected AS (
             UPDATE device SET connection = connection + 1, app_version = asked.app_version, notifications = asked.notifications,
                               heard_at = asked.at
             FROM locked JOIN asked USING (device)
             WHERE device.device = locked.device RETURNING device.device, device.connection
         ), acknowledged AS (
             UPDATE push SET acknowledged = true FROM connected JOIN asked USING (device)
             WHERE push.device = connected.device AND n <= asked.pushed_through AND NOT acknowledged
         )
         SELECT connected.device AS of_device, connection, people.*
         FROM connected LEFT JOIN ({PEOPLE}) AS people ON people.device = connected.device ORDER BY handle"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(connecting.iter().map(|each| each.device).collect::<Vec<_>>())
        .bind(connecting.iter().map(|each| each.app_version.as_str()).collect::<Vec<_>>())
        .bind(connecting.iter().map(|each| each.notifications.as_deref()).collect::<Vec<_>>())
        .bind(connecting.iter().map(|each| each.pushed_through).collect::<Vec<_>>())
        .bind(connecting.iter().map(|each| each.at.to_sqlx()).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    let mut connected = HashMap::with_capacity(connecting.len());
    for row in &rows {
        let connection = row.try_get("connection")?;
        let of_device =
            connected.entry(row.try_get("of_device")?).or_insert_with(|| Connected { connection, people: Vec::new() });
        of_device.people.extend(person(row)?);
    }
    Ok(connected)
}

/// Where a device stands.
#[derive(Clone, Debug)]
pub struct Standing {
    pub newest_connection: i64,
    pub revoked: bool,
    pub people: Vec<Person>,
}

pub async fn standing(pool: &PgPool, devices: &[Uuid]) -> sqlx::Result<HashMap<Uuid, Standing>> {
    let statement = format!(
        "SELECT device.device AS of_device, device.connection, device.revoked_at IS NOT NULL AS revoked, people.*
         FROM device LEFT JOIN ({PEOPLE}) AS people ON people.device = device.device
         WHERE device.device = ANY($1) ORDER BY handle"
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(devices).fetch_all(pool).await?;
    let mut standing = HashMap::with_capacity(devices.len());
    for row in &rows {
        let (newest_connection, revoked) = (row.try_get("connection")?, row.try_get("revoked")?);
        let of_device = standing.entry(row.try_get("of_device")?).or_insert_with(|| Standing {
            newest_connection,
            revoked,
            people: Vec::new(),
        });
        of_device.people.extend(person(row)?);
    }
    Ok(standing)
}

/// The person in a row; a device without any has one row without.
fn person(row: &PgRow) -> sqlx::Result<Option<Person>> {
    row.try_get::<Option<Uuid>, _>("patient")?.is_some().then(|| Person::from_row(row)).transpose()
}

/// Which organisation a device belongs to.
pub async fn organisation(connection: &mut PgConnection, device: Uuid) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar("SELECT organisation FROM device WHERE device = $1")
        .bind(device)
        .fetch_optional(connection)
        .await
}

/// It still speaks. `at` is care time.
pub async fn heard(pool: &PgPool, device: Uuid, at: Timestamp) -> sqlx::Result<()> {
    sqlx::query("UPDATE device SET heard_at = $2 WHERE device = $1")
        .bind(device)
        .bind(at.to_sqlx())
        .execute(pool)
        .await?;
    Ok(())
}

/// These are there. `at` is care time; what is known of the six hours before is enough.
pub async fn heard_all(pool: &PgPool, devices: &[Uuid], at: Timestamp) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE device SET heard_at = $2 WHERE device = ANY($1) AND coalesce(heard_at < $2 - interval '6 h', true)",
    )
    .bind(devices)
    .bind(at.to_sqlx())
    .execute(pool)
    .await?;
    Ok(())
}

/// It is let in no more. Send `Signal::Revoked` after the commit. `at` is machine time. Whether it was let in before.
pub async fn revoke(db: &mut PgConnection, device: Uuid, why: &str, at: Timestamp) -> sqlx::Result<bool> {
    let done =
        sqlx::query("UPDATE device SET revoked_at = $2, revoked_why = $3 WHERE device = $1 AND revoked_at IS NULL")
            .bind(device)
            .bind(at.to_sqlx())
            .bind(why)
            .execute(db)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Whom a device may submit for.
pub async fn patients(db: &mut PgConnection, device: Uuid) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar("SELECT patient FROM device_person WHERE device = $1").bind(device).fetch_all(db).await
}
