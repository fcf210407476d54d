//! Patients: who they are, how far their readings are stored and judged, their devices and refusals.
//! What people set for them (plan, limits, tags) is `store/facts.rs`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Names shown in a list; a longer one says to search.
const LIST_ROWS: i64 = 1_000;
const REFUSALS_SHOWN: i64 = 50;

#[derive(Clone, Debug)]
pub struct Patient {
    pub patient: Uuid,
    pub organisation: Uuid,
    pub team: Uuid,
    pub given_name: String,
    pub family_name: String,
    pub date_of_birth: Date,
    pub phone: Option<String>,
    pub lives_alone: bool,
    pub time_zone: String,
    pub live_since: Option<Timestamp>,
}

/// Makes the patient, and the two rows that the writer and the monitor keep for each.
pub async fn insert(db: &mut PgConnection, new: &Patient, made_at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO patient (patient, organisation, team, given_name, family_name, date_of_birth, phone, lives_alone, time_zone,
                              made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.patient)
    .bind(new.organisation)
    .bind(new.team)
    .bind(&new.given_name)
    .bind(&new.family_name)
    .bind(new.date_of_birth.to_sqlx())
    .bind(&new.phone)
    .bind(new.lives_alone)
    .bind(&new.time_zone)
    .bind(made_at.to_sqlx())
    .execute(&mut *db)
    .await?;
    sqlx::query("INSERT INTO patient_head (patient, last_seq) VALUES ($1, 0)")
        .bind(new.patient)
        .execute(&mut *db)
        .await?;
    sqlx::query("INSERT INTO patient_judged (patient, judged_through, attempts) VALUES ($1, 0, 0)")
        .bind(new.patient)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn get(db: &mut PgConnection, patient: Uuid) -> Result<Option<Patient>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT patient, organisation, team, given_name, family_name, date_of_birth, phone, lives_alone, time_zone, live_since
         FROM patient WHERE patient = $1",
    )
    .bind(patient)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// If a team of this member of staff looks after the patient, or they broke the glass for them (in `Store::web_tx`, whose machine
/// time decides whether that is still so).
pub async fn within_reach(db: &mut PgConnection, patient: Uuid, staff: Uuid) -> Result<Option<Patient>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT patient, organisation, team, given_name, family_name, date_of_birth, phone, lives_alone, time_zone, live_since
         FROM patient
         WHERE patient = $1
               AND (EXISTS (SELECT FROM own_team
                            WHERE own_team.staff = $2
                                  AND (own_team.team = patient.team
                                       OR own_team.team IN (SELECT patient_team.team FROM patient_team
                                                            WHERE patient_team.patient = patient.patient)))
                    OR EXISTS (SELECT FROM break_glass
                               WHERE break_glass.patient = patient.patient AND break_glass.staff = $2
                                     AND break_glass.until > current_setting('derwent.now')::timestamptz))",
    )
    .bind(patient)
    .bind(staff)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// A team of this member of staff looks after the patient; a glass that was broken is not enough.
pub async fn is_looked_after_by(db: &mut PgConnection, patient: Uuid, staff: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM patient JOIN own_team
                                      ON own_team.team = patient.team
                                         OR own_team.team IN (SELECT patient_team.team FROM patient_team
                                                              WHERE patient_team.patient = patient.patient)
             WHERE patient.patient = $1 AND own_team.staff = $2)",
    )
    .bind(patient)
    .bind(staff)
    .fetch_one(db)
    .await
}

/// Another team looks after this patient, too. Once more is as good as once.
pub async fn share(db: &mut PgConnection, patient: &Patient, team: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO patient_team (patient, team, organisation) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(patient.patient)
        .bind(team)
        .bind(patient.organisation)
        .execute(db)
        .await?;
    Ok(())
}

/// Whether that team did.
pub async fn unshare(db: &mut PgConnection, patient: Uuid, team: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM patient_team WHERE patient = $1 AND team = $2").bind(patient).bind(team);
    Ok(done.execute(db).await?.rows_affected() > 0)
}

/// A patient as a list shows them.
#[derive(Clone, Debug)]
pub struct Listed {
    pub patient: Patient,
    pub team_name: String,
    /// Priority of the worst open alert.
    pub open: Option<String>,
}

/// Whose people are listed.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    Organisation(Uuid),
    /// Those that any of these teams looks after.
    Teams(&'a [Uuid]),
}

/// By family name; `search` is part of a name.
pub async fn list(db: &mut PgConnection, of: Of<'_>, search: &str) -> Result<Vec<Listed>, sqlx::Error> {
    let (organisation, teams) = match of {
        Of::Organisation(organisation) => (Some(organisation), None),
        Of::Teams(teams) => (None, Some(teams)),
    };
    sqlx::query(
        "SELECT patient.patient, patient.organisation, patient.team, patient.given_name, patient.family_name,
                patient.date_of_birth, patient.phone, patient.lives_alone, patient.time_zone, patient.live_since,
                team.name AS team_name, open.priority
         FROM patient JOIN team USING (team)
              LEFT JOIN LATERAL (SELECT alert.priority FROM alert
                                 WHERE alert.patient = patient.patient AND alert.closed_at IS NULL
                                 ORDER BY array_position(ARRAY['high', 'medium', 'low'], alert.priority) LIMIT 1) AS open ON true
         WHERE patient.ended_at IS NULL
               AND (patient.organisation = $4 OR patient.team = ANY($3)
                    OR EXISTS (SELECT FROM patient_team
                               WHERE patient_team.patient = patient.patient AND patient_team.team = ANY($3)))
               AND ($1 = '' OR strpos(lower(patient.given_name || ' ' || patient.family_name), lower($1)) > 0)
         ORDER BY patient.family_name, patient.given_name, patient.patient LIMIT $2",
    )
    .bind(search)
    .bind(LIST_ROWS)
    .bind(teams)
    .bind(organisation)
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Listed { patient: read(row)?, team_name: row.try_get("team_name")?, open: row.try_get("priority")? })
    })
    .collect()
}

/// Everybody whose episode is not over, always in the same order, which says nothing of them.
pub async fn monitored(db: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT patient FROM patient WHERE ended_at IS NULL AND organisation <> synthetic_organisation() ORDER BY md5(patient::text)",
    )
    .fetch_all(db)
    .await
}

/// The highest sequence numbers stored and judged.
pub async fn progress(db: &mut PgConnection, patient: Uuid) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "SELECT coalesce((SELECT last_seq FROM patient_head WHERE patient = $1), 0),
                coalesce((SELECT judged_through FROM patient_judged WHERE patient = $1), 0)",
    )
    .bind(patient)
    .fetch_one(db)
    .await
}

#[derive(Clone, Debug)]
pub struct Refusal {
    pub received_at: Timestamp,
    pub reason: String,
    pub detail: String,
}

/// Newest first.
pub async fn refusals(db: &mut PgConnection, patient: Uuid) -> Result<Vec<Refusal>, sqlx::Error> {
    sqlx::query("SELECT received_at, reason, detail FROM refusal WHERE patient = $1 ORDER BY received_at DESC LIMIT $2")
        .bind(patient)
        .bind(REFUSALS_SHOWN)
        .fetch_all(db)
        .await?
        .iter()
        .map(|row| {
            Ok(Refusal {
                received_at: row.try_get::<jiff_sqlx::Timestamp, _>("received_at")?.to_jiff(),
                reason: row.try_get("reason")?,
                detail: row.try_get("detail")?,
            })
        })
        .collect()
}

#[derive(Clone, Debug)]
pub struct Device {
    pub device: Uuid,
    pub name: String,
    pub platform: String,
    pub app_version: String,
    pub enrolled_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub revoked_why: Option<String>,
    /// Care time; none since it enrolled.
    pub heard_at: Option<Timestamp>,
    /// Whose it is, if not the patient's own.
    pub carer: Option<(Uuid, String)>,
}

/// The devices that may submit for this patient, their own and carers', newest first.
pub async fn devices(db: &mut PgConnection, patient: Uuid) -> Result<Vec<Device>, sqlx::Error> {
    sqlx::query(
        "SELECT device.device, device.name, device.platform, device.app_version, device.enrolled_at, device.revoked_at,
                device.revoked_why, device.heard_at, device.carer, carer.name AS carer_name
         FROM device_person JOIN device USING (device) LEFT JOIN carer USING (carer)
         WHERE device_person.patient = $1 ORDER BY device.enrolled_at DESC",
    )
    .bind(patient)
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Device {
            device: row.try_get("device")?,
            name: row.try_get("name")?,
            platform: row.try_get("platform")?,
            app_version: row.try_get("app_version")?,
            enrolled_at: row.try_get::<jiff_sqlx::Timestamp, _>("enrolled_at")?.to_jiff(),
            revoked_at: row.try_get::<Option<jiff_sqlx::Timestamp>, _>("revoked_at")?.map(|at| at.to_jiff()),
            revoked_why: row.try_get("revoked_why")?,
            heard_at: row.try_get::<Option<jiff_sqlx::Timestamp>, _>("heard_at")?.map(|at| at.to_jiff()),
            carer: row.try_get::<Option<Uuid>, _>("carer")?.zip(row.try_get::<Option<String>, _>("carer_name")?),
        })
    })
    .collect()
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Patient, sqlx::Error> {
    Ok(Patient {
        patient: row.try_get("patient")?,
        organisation: row.try_get("organisation")?,
        team: row.try_get("team")?,
        given_name: row.try_get("given_name")?,
        family_name: row.try_get("family_name")?,
        date_of_birth: row.try_get::<jiff_sqlx::Date, _>("date_of_birth")?.to_jiff(),
        phone: row.try_get("phone")?,
        lives_alone: row.try_get("lives_alone")?,
        time_zone: row.try_get("time_zone")?,
        live_since: row.try_get::<Option<jiff_sqlx::Timestamp>, _>("live_since")?.map(|at| at.to_jiff()),
    })
}

/// When the monitoring ended; none: it goes on.
pub async fn ended_at(db: &mut PgConnection, patient: Uuid) -> Result<Option<Timestamp>, sqlx::Error> {
    let ended: Option<Option<jiff_sqlx::Timestamp>> =
        sqlx::query_scalar("SELECT ended_at FROM patient WHERE patient = $1").bind(patient).fetch_optional(db).await?;
    Ok(ended.flatten().map(jiff_sqlx::Timestamp::to_jiff))
}

/// Whether a submission with values bears this number: a reading, or a correction of one.
pub async fn has_values(db: &mut PgConnection, patient: Uuid, seq: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM submission WHERE patient = $1 AND seq = $2 AND kind IN ('reading', 'correction'))",
    )
    .bind(patient)
    .bind(seq)
    .fetch_one(db)
    .await
}

/// Nobody watches them any more, from now on (care time). False: that was so before.
pub async fn end(db: &mut PgConnection, patient: Uuid, now: Timestamp) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query("UPDATE patient SET ended_at = $2 WHERE patient = $1 AND ended_at IS NULL")
        .bind(patient)
        .bind(now.to_sqlx())
        .execute(db)
        .await?;
    Ok(ended.rows_affected() > 0)
}
