//! Enrolment codes: how one becomes a device, once. Making them is administration (`enrolment_code.rs`).

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgConnection;
use uuid::Uuid;

use super::device;

/// What is kept of a code: the SHA-256 of its letters, without what people add or confuse when they read it out.
pub fn hash_of(code: &str) -> Vec<u8> {
    let letters: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    digest(&SHA256, letters.as_bytes()).as_ref().to_vec()
}

/// A code as it stands, locked until the transaction ends.
#[derive(Debug)]
pub struct Code {
    pub organisation: Uuid,
    /// Whose phone it makes; none for a carer's.
    pub patient: Option<Uuid>,
    pub carer: Option<Uuid>,
    pub replaces: Option<Uuid>,
    pub ends_at: Timestamp,
    pub wrong_answers: i16,
    /// The device it made, and the thumbprint of that device's key.
    pub used: Option<(Uuid, String)>,
    /// Of the patient, or of the carer.
    pub date_of_birth: Date,
}

pub async fn lock(connection: &mut PgConnection, code_hash: &[u8]) -> sqlx::Result<Option<Code>> {
    type Row = (
        Uuid,
        Option<Uuid>,
        Option<Uuid>,
        Option<Uuid>,
        SqlTimestamp,
        i16,
        Option<Uuid>,
        Option<String>,
        jiff_sqlx::Date,
    );
    let row: Option<Row> = sqlx::query_as(
        "SELECT code.organisation, code.patient, code.carer, code.replaces, code.ends_at, code.wrong_answers,
                code.used_by, code.used_key, coalesce(patient.date_of_birth, carer.date_of_birth)
         FROM enrolment_code code
         LEFT JOIN patient ON patient.patient = code.patient
         LEFT JOIN carer ON carer.carer = code.carer
         WHERE code.code_hash = $1
         FOR UPDATE OF code",
    )
    .bind(code_hash)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(organisation, patient, carer, replaces, ends_at, wrong_answers, used_by, used_key, born)| Code {
        organisation,
        patient,
        carer,
        replaces,
        ends_at: ends_at.to_jiff(),
        wrong_answers,
        used: used_by.zip(used_key),
        date_of_birth: born.to_jiff(),
    }))
}

/// Call it while the code is locked, so that guesses in parallel are all counted.
pub async fn count_wrong_answer(connection: &mut PgConnection, code_hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query("UPDATE enrolment_code SET wrong_answers = wrong_answers + 1 WHERE code_hash = $1")
        .bind(code_hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// A device as enrolment makes it.
#[derive(Debug)]
pub struct NewDevice<'a> {
    pub device: Uuid,
    pub public_key: serde_json::Value,
    pub thumbprint: &'a str,
    pub name: &'a str,
    pub platform: &'a str,
    pub app_version: &'a str,
    /// Machine time.
    pub enrolled_at: Timestamp,
}

/// Makes the device and its list of people, marks the code used, and revokes the device it replaces: all or nothing.
pub async fn complete(
    connection: &mut PgConnection,
    code_hash: &[u8],
    code: &Code,
    new: &NewDevice<'_>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO device (device, organisation, patient, carer, public_key, name, platform, app_version, enrolled_at,
                             connection, last_push)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)",
    )
    .bind(new.device)
    .bind(code.organisation)
    .bind(code.patient)
    .bind(code.carer)
    .bind(&new.public_key)
    .bind(new.name)
    .bind(new.platform)
    .bind(new.app_version)
    .bind(new.enrolled_at.to_sqlx())
    .execute(&mut *connection)
    .await?;
    // A carer's list is what was agreed to by now, whatever it was when the code was made. The same person has the same handle on every device, and nobody else has it: what a phone kept for one person is
    // refused, not taken for another's, after the phone was enrolled anew.
    sqlx::query(
        "INSERT INTO device_person (device, handle, patient)
         SELECT $1, 'p' || left(encode(sha256(uuid_send(patient)), 'hex'), 12), patient
         FROM (SELECT patient FROM enrolment_code_person WHERE code_hash = $2 AND $4::uuid IS NULL
               UNION SELECT patient FROM carer_consent WHERE carer = $4 AND withdrawn_at IS NULL
               UNION SELECT $3 WHERE $3 IS NOT NULL) AS people (patient)",
    )
    .bind(new.device)
    .bind(code_hash)
    .bind(code.patient)
    .bind(code.carer)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE enrolment_code SET used_by = $2, used_key = $3 WHERE code_hash = $1")
        .bind(code_hash)
        .bind(new.device)
        .bind(new.thumbprint)
        .execute(&mut *connection)
        .await?;
    if let Some(replaced) = code.replaces {
        device::revoke(connection, replaced, "another phone took its place", new.enrolled_at).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::hash_of;

    #[test]
    fn a_code_read_out_loud_is_the_same_code() {
        assert_eq!(hash_of("7K0QM-X1ZTB"), hash_of(" 7koqm xiztb "));
        assert_ne!(hash_of("7K0QM-X1ZTB"), hash_of("7K0QM-X1ZTC"));
    }
}
