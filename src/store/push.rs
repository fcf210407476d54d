//! What a phone must see once: asks and messages, kept until the phone has them.

use std::collections::HashMap;

use sqlx::{FromRow, PgPool, Row};
use uuid::Uuid;

/// A waiting push: its number on this device, the person's handle there, and the message without either.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Waiting {
    pub n: i64,
    pub handle: String,
    pub kind: String,
    pub body: serde_json::Value,
}

/// What waits for these devices, in the order of its numbers.
pub async fn waiting(pool: &PgPool, devices: &[Uuid]) -> sqlx::Result<HashMap<Uuid, Vec<Waiting>>> {
    let rows = sqlx::query(
        "SELECT push.device, push.n, person.handle, push.kind, push.body
         FROM push JOIN device_person person ON person.device = push.device AND person.patient = push.patient
         WHERE push.device = ANY($1) AND NOT push.acknowledged
         ORDER BY push.n",
    )
    .bind(devices)
    .fetch_all(pool)
    .await?;
    let mut waiting: HashMap<Uuid, Vec<Waiting>> = HashMap::new();
    for row in &rows {
        waiting.entry(row.try_get("device")?).or_default().push(Waiting::from_row(row)?);
    }
    Ok(waiting)
}

/// The phone keeps everything up to this number itself.
pub async fn acknowledge(pool: &PgPool, device: Uuid, through: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE push SET acknowledged = true WHERE device = $1 AND n <= $2 AND NOT acknowledged")
        .bind(device)
        .bind(through)
        .execute(pool)
        .await?;
    Ok(())
}
