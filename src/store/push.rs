//! What a phone must see once: asks and messages, kept until the phone has them.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A waiting push: its number on this device, the person's handle there, and the message without either.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Waiting {
    pub n: i64,
    pub handle: String,
    pub kind: String,
    pub body: serde_json::Value,
}

pub async fn waiting(db: &mut PgConnection, device: Uuid) -> sqlx::Result<Vec<Waiting>> {
    sqlx::query_as(
        "SELECT push.n, person.handle, push.kind, push.body
         FROM push JOIN device_person person ON person.device = push.device AND person.patient = push.patient
         WHERE push.device = $1 AND NOT push.acknowledged
         ORDER BY push.n",
    )
    .bind(device)
    .fetch_all(db)
    .await
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
