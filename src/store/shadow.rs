//! A rulebook that judges beside the one in force: what runs, how far each patient was looked at, and what differs. No values.

use std::collections::BTreeMap;

use alert_rules::Priority;
use alert_rules::shadow::{Difference, What};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Shadow {
    pub shadow: Uuid,
    /// Of its files.
    pub hash: Vec<u8>,
    /// Care time, as all here.
    pub since: Timestamp,
    pub until: Timestamp,
    /// Somebody stopped it before.
    pub stopped_at: Option<Timestamp>,
    /// The name of who started it.
    pub by: String,
    pub why: String,
}

impl Shadow {
    pub fn runs_at(&self, now: Timestamp) -> bool {
        self.stopped_at.is_none() && now < self.until
    }
}

#[derive(Debug)]
pub struct NewShadow<'a> {
    pub shadow: Uuid,
    pub hash: [u8; 32],
    pub files: &'a BTreeMap<String, String>,
    pub since: Timestamp,
    pub until: Timestamp,
    pub by: Uuid,
    pub why: &'a str,
}

/// How many alerts of one rule and priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub rule: String,
    pub priority: Priority,
    pub alerts: usize,
}

/// What one look at a patient came to.
#[derive(Clone, Debug)]
pub struct Look {
    pub patient: Uuid,
    pub organisation: Uuid,
    pub from: Timestamp,
    pub at: Timestamp,
    /// None: their record cannot be read.
    pub compared: Option<Compared>,
}

#[derive(Clone, Debug, Default)]
pub struct Compared {
    pub in_force: Vec<Told>,
    pub in_shadow: Vec<Told>,
    pub differences: Vec<Difference>,
}

/// The one that was started last, whether it still runs or not.
pub async fn last(db: &mut PgConnection) -> Result<Option<Shadow>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT shadow, hash, started_at, until_at, stopped_at, staff.name, why
         FROM shadow JOIN staff ON staff.staff = started_by ORDER BY started_at DESC, shadow DESC LIMIT 1",
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Shadow {
            shadow: row.try_get("shadow")?,
            hash: row.try_get("hash")?,
            since: row.try_get::<jiff_sqlx::Timestamp, _>("started_at")?.to_jiff(),
            until: row.try_get::<jiff_sqlx::Timestamp, _>("until_at")?.to_jiff(),
            stopped_at: row.try_get::<Option<jiff_sqlx::Timestamp>, _>("stopped_at")?.map(|at| at.to_jiff()),
            by: row.try_get("name")?,
            why: row.try_get("why")?,
        })
    })
    .transpose()
}

pub async fn files(db: &mut PgConnection, shadow: Uuid) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let Json(files) =
        sqlx::query_scalar("SELECT content FROM shadow WHERE shadow = $1").bind(shadow).fetch_one(db).await?;
    Ok(files)
}

/// Locks out others who would start or stop one, or look, until the end of the transaction. False: somebody else is at it.
pub async fn try_lock(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtext('derwent shadow'))").fetch_one(db).await
}

/// The same, after waiting for them.
pub async fn lock(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('derwent shadow'))").execute(db).await?;
    Ok(())
}

/// What an earlier one recorded of patients goes.
pub async fn start(db: &mut PgConnection, new: &NewShadow<'_>) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM shadow_difference").execute(&mut *db).await?;
    sqlx::query("DELETE FROM shadow_look").execute(&mut *db).await?;
    sqlx::query(
        "INSERT INTO shadow (shadow, hash, content, started_at, until_at, started_by, why) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.shadow)
    .bind(new.hash.as_slice())
    .bind(Json(new.files))
    .bind(new.since.to_sqlx())
    .bind(new.until.to_sqlx())
    .bind(new.by)
    .bind(new.why)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn stop(db: &mut PgConnection, shadow: Uuid, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE shadow SET stopped_at = $2 WHERE shadow = $1")
        .bind(shadow)
        .bind(at.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}

/// Who is monitored, was not looked at since `looked_since`, and is judged up to `now`: whoever waits to be judged waits here, too.
/// Whoever waited longest comes first. Of each the organisation.
pub async fn to_look_at(
    db: &mut PgConnection,
    shadow: Uuid,
    looked_since: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT patient.patient, patient.organisation
         FROM patient JOIN patient_judged AS judged USING (patient)
         LEFT JOIN shadow_look AS look ON look.shadow = $1 AND look.patient = patient.patient
         WHERE patient.ended_at IS NULL AND patient.organisation <> synthetic_organisation()
               AND judged.folded_through IS NOT NULL AND judged.failed_from IS NULL
               AND (look.looked_at IS NULL OR look.looked_at <= $2)
               AND NOT EXISTS (SELECT FROM arrival WHERE arrival.patient = patient.patient)
               AND NOT EXISTS (SELECT FROM due WHERE due.patient = patient.patient AND due.at <= $3)
         ORDER BY look.looked_at NULLS FIRST, patient.patient LIMIT $4",
    )
    .bind(shadow)
    .bind(looked_since.to_sqlx())
    .bind(now.to_sqlx())
    .bind(limit)
    .fetch_all(db)
    .await
}

/// In the place of what was recorded of these patients before. Whose monitoring has ended meanwhile is left out: they may be
/// about to be erased.
pub async fn put(db: &mut PgConnection, shadow: Uuid, looks: &[Look]) -> Result<(), sqlx::Error> {
    let patients: Vec<Uuid> = looks.iter().map(|look| look.patient).collect();
    let monitored: Vec<Uuid> = sqlx::query_scalar(
        "SELECT patient FROM patient WHERE patient = ANY($1) AND ended_at IS NULL ORDER BY patient FOR KEY SHARE",
    )
    .bind(&patients)
    .fetch_all(&mut *db)
    .await?;
    sqlx::query("DELETE FROM shadow_difference WHERE shadow = $1 AND patient = ANY($2)")
        .bind(shadow)
        .bind(&monitored)
        .execute(&mut *db)
        .await?;
    for look in looks.iter().filter(|look| monitored.contains(&look.patient)) {
        let nothing = Compared::default();
        let compared = look.compared.as_ref().unwrap_or(&nothing);
        sqlx::query(
            "INSERT INTO shadow_look (shadow, patient, organisation, from_at, looked_at, readable, in_force, in_shadow)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (shadow, patient)
             DO UPDATE SET from_at = excluded.from_at, looked_at = excluded.looked_at, readable = excluded.readable,
                           in_force = excluded.in_force, in_shadow = excluded.in_shadow",
        )
        .bind(shadow)
        .bind(look.patient)
        .bind(look.organisation)
        .bind(look.from.to_sqlx())
        .bind(look.at.to_sqlx())
        .bind(look.compared.is_some())
        .bind(Json(&compared.in_force))
        .bind(Json(&compared.in_shadow))
        .execute(&mut *db)
        .await?;
        let all = &compared.differences;
        sqlx::query(
            "INSERT INTO shadow_difference (shadow, patient, organisation, problem, start_at, rule, what)
             SELECT $1, $2, $3, problem, start_at, rule, what
             FROM unnest($4::text[], $5::timestamptz[], $6::text[], $7::jsonb[]) AS new (problem, start_at, rule, what)",
        )
        .bind(shadow)
        .bind(look.patient)
        .bind(look.organisation)
        .bind(all.iter().map(|of| of.problem.as_str()).collect::<Vec<_>>())
        .bind(all.iter().map(|of| of.start.to_sqlx()).collect::<Vec<_>>())
        .bind(all.iter().map(|of| of.rule.as_str()).collect::<Vec<_>>())
        .bind(all.iter().map(|of| Json(of.what)).collect::<Vec<_>>())
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Of everybody who was looked at, with what differs.
pub async fn looks(db: &mut PgConnection, shadow: Uuid) -> Result<Vec<Look>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT patient, organisation, from_at, looked_at, readable, in_force, in_shadow
         FROM shadow_look WHERE shadow = $1 ORDER BY patient",
    )
    .bind(shadow)
    .fetch_all(&mut *db)
    .await?;
    let mut differences = differences(db, shadow).await?;
    rows.iter()
        .map(|row| {
            let patient = row.try_get("patient")?;
            let differences = differences.remove(&patient).unwrap_or_default();
            let Json(in_force) = row.try_get("in_force")?;
            let Json(in_shadow) = row.try_get("in_shadow")?;
            let compared = Compared { in_force, in_shadow, differences };
            Ok(Look {
                patient,
                organisation: row.try_get("organisation")?,
                from: row.try_get::<jiff_sqlx::Timestamp, _>("from_at")?.to_jiff(),
                at: row.try_get::<jiff_sqlx::Timestamp, _>("looked_at")?.to_jiff(),
                compared: row.try_get::<bool, _>("readable")?.then_some(compared),
            })
        })
        .collect()
}

async fn differences(db: &mut PgConnection, shadow: Uuid) -> Result<BTreeMap<Uuid, Vec<Difference>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT patient, problem, start_at, rule, what FROM shadow_difference WHERE shadow = $1 ORDER BY patient, start_at, problem",
    )
    .bind(shadow)
    .fetch_all(db)
    .await?;
    let mut found: BTreeMap<Uuid, Vec<Difference>> = BTreeMap::new();
    for row in rows {
        let Json(what): Json<What> = row.try_get("what")?;
        found.entry(row.try_get("patient")?).or_default().push(Difference {
            problem: row.try_get("problem")?,
            rule: row.try_get("rule")?,
            start: row.try_get::<jiff_sqlx::Timestamp, _>("start_at")?.to_jiff(),
            what,
        });
    }
    Ok(found)
}

/// How many are monitored.
pub async fn monitored(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT count(*) FROM patient JOIN patient_judged USING (patient)
         WHERE patient.ended_at IS NULL AND patient.organisation <> synthetic_organisation()
               AND patient_judged.folded_through IS NOT NULL",
    )
    .fetch_one(db)
    .await
}
