//! Carers: family, or care-home staff, who submit for others, and what each patient agreed to.
//!
//! The list of a carer's phones (`device_person`) follows the consents in the same transaction: whoever takes one back is off the
//! list when it is committed. Send `Signal::Revoked` for the phones afterwards, so that they look at once.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::random;

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

/// Known by name and date of birth, in any letters.
pub async fn find(
    db: &mut PgConnection,
    organisation: Uuid,
    name: &str,
    born: Date,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT carer FROM carer WHERE organisation = $1 AND lower(name) = lower($2) AND date_of_birth = $3 ORDER BY carer LIMIT 1",
    )
    .bind(organisation)
    .bind(name)
    .bind(born.to_sqlx())
    .fetch_optional(db)
    .await
}

/// A patient agreed.
#[derive(Clone, Debug)]
pub struct NewConsent<'a> {
    pub carer: Uuid,
    pub patient: Uuid,
    /// The patient's.
    pub organisation: Uuid,
    /// Who wrote it down.
    pub given_to: &'a str,
    /// As in `said so on the telephone`.
    pub how: &'a str,
    /// Readings and messages too, not only what there is to do.
    pub sees_record: bool,
}

/// In place of what was agreed before. The carer's phones have the patient on their list from now on. `at` is machine time.
pub async fn agree(db: &mut PgConnection, new: &NewConsent<'_>, at: Timestamp) -> Result<(), sqlx::Error> {
    end_consent(db, new.carer, new.patient, new.given_to, "agreed anew", at).await?;
    sqlx::query(
        "INSERT INTO carer_consent (consent, carer, patient, organisation, given_at, given_to, how, sees_record)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(random::new_id())
    .bind(new.carer)
    .bind(new.patient)
    .bind(new.organisation)
    .bind(at.to_sqlx())
    .bind(new.given_to)
    .bind(new.how)
    .bind(new.sees_record)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO device_person (device, handle, patient)
         SELECT device, 'p' || left(encode(sha256(uuid_send($2)), 'hex'), 12), $2
         FROM device WHERE carer = $1 AND revoked_at IS NULL
         ON CONFLICT (device, patient) DO NOTHING",
    )
    .bind(new.carer)
    .bind(new.patient)
    .execute(db)
    .await?;
    Ok(())
}

/// A patient takes it back, or somebody does for them. Whether there was anything to take back.
pub async fn withdraw(
    db: &mut PgConnection,
    carer: Uuid,
    patient: Uuid,
    to: &str,
    why: &str,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let there_was = end_consent(db, carer, patient, to, why, at).await?;
    sqlx::query(
        "DELETE FROM device_person USING device
         WHERE device_person.device = device.device AND device.carer = $1 AND device_person.patient = $2",
    )
    .bind(carer)
    .bind(patient)
    .execute(db)
    .await?;
    Ok(there_was)
}

async fn end_consent(
    db: &mut PgConnection,
    carer: Uuid,
    patient: Uuid,
    to: &str,
    why: &str,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query(
        "UPDATE carer_consent SET withdrawn_at = $3, withdrawn_to = $4, withdrawn_why = $5
         WHERE carer = $1 AND patient = $2 AND withdrawn_at IS NULL",
    )
    .bind(carer)
    .bind(patient)
    .bind(at.to_sqlx())
    .bind(to)
    .bind(why)
    .execute(db)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// The phones of a carer that are let in.
pub async fn phones(db: &mut PgConnection, carer: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT device FROM device WHERE carer = $1 AND revoked_at IS NULL")
        .bind(carer)
        .fetch_all(db)
        .await
}

/// Who agreed to this carer, and has not taken it back.
pub async fn agreed_to(db: &mut PgConnection, carer: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT patient FROM carer_consent WHERE carer = $1 AND withdrawn_at IS NULL")
        .bind(carer)
        .fetch_all(db)
        .await
}

/// What was agreed about a carer, and whether it still is.
#[derive(Clone, Debug)]
pub struct Consent {
    pub carer: Uuid,
    pub name: String,
    pub given_at: Timestamp,
    pub given_to: String,
    pub how: String,
    pub sees_record: bool,
    pub withdrawn_at: Option<Timestamp>,
}

/// Newest first.
pub async fn consents(db: &mut PgConnection, patient: Uuid) -> Result<Vec<Consent>, sqlx::Error> {
    sqlx::query(
        "SELECT carer, carer.name, given_at, given_to, how, sees_record, withdrawn_at
         FROM carer_consent JOIN carer USING (carer) WHERE patient = $1 ORDER BY given_at DESC, consent DESC",
    )
    .bind(patient)
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Consent {
            carer: row.try_get("carer")?,
            name: row.try_get("name")?,
            given_at: row.try_get::<SqlTimestamp, _>("given_at")?.to_jiff(),
            given_to: row.try_get("given_to")?,
            how: row.try_get("how")?,
            sees_record: row.try_get("sees_record")?,
            withdrawn_at: row.try_get::<Option<SqlTimestamp>, _>("withdrawn_at")?.map(SqlTimestamp::to_jiff),
        })
    })
    .collect()
}

/// Whether the patient agreed that whoever holds this carer's phone sees their readings.
pub async fn sees_record(pool: &PgPool, device: Uuid, patient: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM device JOIN carer_consent USING (carer)
                        WHERE device.device = $1 AND carer_consent.patient = $2 AND sees_record AND withdrawn_at IS NULL)",
    )
    .bind(device)
    .bind(patient)
    .fetch_one(pool)
    .await
}
