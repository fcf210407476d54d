//! Making enrolment codes. The code itself is shown once; only its hash is kept. Using one is `store/enrolment.rs`.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use mobile_api::limits::ENROLMENT_HOURS;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::random;
use crate::store::carer::{self, NewConsent};
use crate::store::enrolment;

const LIFE: SignedDuration = SignedDuration::from_hours(ENROLMENT_HOURS);

/// Whose phone a code makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Patient(Uuid),
    Carer(Uuid),
}

#[derive(Clone, Debug)]
pub struct NewCode<'a> {
    pub organisation: Uuid,
    pub whose: Whose,
    /// Whom else the device may submit for; of a carer's, who agrees with this beside those who have.
    pub people: &'a [Uuid],
    /// The device that using the code revokes.
    pub replaces: Option<Uuid>,
    pub made_by: &'a str,
}

/// Whoever is named with a carer's code has agreed to it, whatever was written down before.
async fn agree(db: &mut PgConnection, carer: Uuid, new: &NewCode<'_>, now: Timestamp) -> Result<(), sqlx::Error> {
    let consents = carer::agreed_to(db, carer).await?;
    for patient in new.people.iter().filter(|patient| !consents.contains(patient)) {
        let how = "named when the carer's code was made";
        let (organisation, given_to) = (new.organisation, new.made_by);
        let consent = NewConsent { carer, patient: *patient, organisation, given_to, how, sees_record: false };
        carer::agree(db, &consent, now).await?;
    }
    Ok(())
}

#[derive(Clone, Debug)]
pub struct Made {
    /// `7K3QM-X0ZTB`
    pub code: String,
    pub ends_at: Timestamp,
}

/// `now` is machine time.
pub async fn make(db: &mut PgConnection, new: &NewCode<'_>, now: Timestamp) -> Result<Made, sqlx::Error> {
    let made = Made { code: random::enrolment_code(), ends_at: now + LIFE };
    let hash = enrolment::hash_of(&made.code);
    let (patient, carer) = match new.whose {
        Whose::Patient(patient) => (Some(patient), None),
        Whose::Carer(carer) => (None, Some(carer)),
    };
    sqlx::query(
        "INSERT INTO enrolment_code (code_hash, organisation, patient, carer, replaces, made_by, made_at, ends_at, wrong_answers)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
    )
    .bind(&hash)
    .bind(new.organisation)
    .bind(patient)
    .bind(carer)
    .bind(new.replaces)
    .bind(new.made_by)
    .bind(now.to_sqlx())
    .bind(made.ends_at.to_sqlx())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO enrolment_code_person (code_hash, patient) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING",
    )
    .bind(&hash)
    .bind(new.people)
    .execute(&mut *db)
    .await?;
    if let Some(carer) = carer {
        agree(db, carer, new, now).await?;
    }
    Ok(made)
}
