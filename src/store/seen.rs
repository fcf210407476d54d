//! Who has seen what: the newest acknowledgement of a patient's alerts, and which submissions were part of it.

use sqlx::PgPool;
use uuid::Uuid;

/// Items named in one *seen*; a long trouble names its newest.
const ITEMS_LIMIT: i64 = 100;

#[derive(Clone, Debug)]
pub struct Seen {
    /// `Ida, Belper team`
    pub by: String,
    /// Client ids of the submissions from the finding's start until the acknowledgement.
    pub items: Vec<Uuid>,
}

pub async fn newest(pool: &PgPool, patient: Uuid) -> sqlx::Result<Option<Seen>> {
    let row: Option<(String, Vec<Uuid>)> = sqlx::query_as(
        "SELECT split_part(staff.name, ' ', 1) || ', ' || team.name,
                ARRAY(SELECT submission.client_id FROM submission
                      WHERE submission.patient = alert.patient AND submission.effective_at >= alert.finding_start
                        AND submission.received_at <= alert.acknowledged_at
                      ORDER BY submission.seq DESC LIMIT $2)
         FROM alert
         JOIN staff ON staff.staff = alert.owner
         JOIN team ON team.team = alert.team
         WHERE alert.patient = $1 AND alert.acknowledged_at IS NOT NULL
         ORDER BY alert.acknowledged_at DESC
         LIMIT 1",
    )
    .bind(patient)
    .bind(ITEMS_LIMIT)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|(by, items)| Seen { by, items }))
}
