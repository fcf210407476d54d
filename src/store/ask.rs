//! Asks on their way to phones: a `push` row for each device that speaks for the patient, numbered under the device's lock.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::{Map, Value};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct NewAsk {
    pub patient: Uuid,
    pub organisation: Uuid,
    /// The server message, without `n` and `for`, which differ from device to device.
    pub message: Map<String, Value>,
}

/// Returns the devices that have something waiting now.
pub async fn push(db: &mut PgConnection, asks: &[NewAsk], at: Timestamp) -> Result<Vec<Uuid>, sqlx::Error> {
    if asks.is_empty() {
        return Ok(Vec::new());
    }
    let patients: Vec<Uuid> = asks.iter().map(|ask| ask.patient).collect();
    let devices = sqlx::query(
        "SELECT device.device, device.last_push, person.patient, person.handle
         FROM device JOIN device_person AS person USING (device)
         WHERE person.patient = ANY($1) AND device.revoked_at IS NULL
         ORDER BY device.device FOR NO KEY UPDATE OF device",
    )
    .bind(&patients)
    .fetch_all(&mut *db)
    .await?;

    let mut reached: Vec<Uuid> = Vec::new();
    let (mut numbers, mut rows): (Vec<i64>, Vec<(&NewAsk, Value)>) = (Vec::new(), Vec::new());
    let mut targets: Vec<Uuid> = Vec::new();
    let mut last: Option<(Uuid, i64)> = None;
    for row in &devices {
        let device: Uuid = row.try_get("device")?;
        let patient: Uuid = row.try_get("patient")?;
        let handle: &str = row.try_get("handle")?;
        let mut n = match last {
            Some((previous, n)) if previous == device => n,
            _ => row.try_get("last_push")?,
        };
        for ask in asks.iter().filter(|ask| ask.patient == patient) {
            n += 1;
            let mut message = ask.message.clone();
            message.insert("for".to_owned(), Value::from(handle));
            targets.push(device);
            numbers.push(n);
            rows.push((ask, Value::Object(message)));
        }
        if last.is_none_or(|(previous, _)| previous != device) {
            reached.push(device);
        }
        last = Some((device, n));
    }

    sqlx::query(
        "INSERT INTO push (device, n, patient, organisation, kind, body, made_at, acknowledged)
         SELECT device, n, patient, organisation, 'ask', body, $6, false
         FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::jsonb[])
              AS new (device, n, patient, organisation, body)",
    )
    .bind(&targets)
    .bind(&numbers)
    .bind(rows.iter().map(|(ask, _)| ask.patient).collect::<Vec<_>>())
    .bind(rows.iter().map(|(ask, _)| ask.organisation).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, body)| body).collect::<Vec<_>>())
    .bind(at.to_sqlx())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "UPDATE device SET last_push = new.n
         FROM (SELECT device, max(n) AS n FROM unnest($1::uuid[], $2::bigint[]) AS pushed (device, n) GROUP BY device) AS new
         WHERE device.device = new.device",
    )
    .bind(&targets)
    .bind(&numbers)
    .execute(db)
    .await?;
    Ok(reached)
}
