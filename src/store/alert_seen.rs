//! Alerts as staff see them: the worklist, and everything about those of one person.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Alerts of one person shown at once.
const ALERTS_SHOWN: i64 = 200;

#[derive(Clone, Debug)]
pub struct Alert {
    pub alert: Uuid,
    pub patient: Uuid,
    pub reference: i64,
    pub problem: String,
    pub rule: String,
    pub kind: String,
    pub priority: String,
    pub sentence: String,
    pub opened_at: Timestamp,
    pub late_minutes: i32,
    pub act_by: Timestamp,
    pub owner: Option<(Uuid, String)>,
    pub acknowledged_at: Option<Timestamp>,
    pub told: i64,
    pub offered_to: Option<(Uuid, String)>,
    pub rang: i16,
    pub snoozed_until: Option<Timestamp>,
    pub snooze_reason: Option<String>,
    pub snoozes: i16,
    pub closed_at: Option<Timestamp>,
    pub outcome: Option<String>,
    /// When the trouble began, in the time of the readings.
    pub finding_start: Option<Timestamp>,
}

/// One row of the worklist: the person's worst alert, and who they are.
#[derive(Clone, Debug)]
pub struct Work {
    pub alert: Alert,
    /// The name of the alert's team.
    pub team: String,
    pub more: i64,
    pub given_name: String,
    pub family_name: String,
    pub date_of_birth: jiff::civil::Date,
    pub lives_alone: bool,
    pub time_zone: String,
}

#[derive(Clone, Debug)]
pub struct Event {
    pub alert: Uuid,
    pub at: Timestamp,
    pub what: String,
    pub by: Option<String>,
    pub detail: serde_json::Value,
}

/// One row a person, worst first: by priority, then what nobody has taken, then the earliest promise.
pub async fn worklist(db: &mut PgConnection, teams: &[Uuid]) -> Result<Vec<Work>, sqlx::Error> {
    sqlx::query(
        "WITH open AS (
             SELECT alert.alert, alert.patient, alert.reference, alert.problem, alert.rule, alert.kind, alert.priority, alert.sentence,
                    alert.opened_at, alert.late_minutes, alert.act_by, alert.owner, alert.acknowledged_at, alert.closed_at,
                    alert.outcome, alert.finding_start, alert.team, alert.told, alert.offered_to,
                (SELECT name FROM staff AS other WHERE other.staff = alert.offered_to) AS offered_name, alert.rang,
                alert.snoozed_until, alert.snooze_reason, alert.snoozes,
                    array_position(ARRAY['high', 'medium', 'low'], alert.priority) AS rank,
                    count(*) OVER (PARTITION BY alert.patient) - 1 AS more,
                    row_number() OVER (PARTITION BY alert.patient
                                       ORDER BY array_position(ARRAY['high', 'medium', 'low'], alert.priority),
                                                alert.acknowledged_at IS NOT NULL, alert.act_by, alert.reference) AS place
             FROM alert WHERE alert.team = ANY($1) AND alert.closed_at IS NULL AND alert.patient IS NOT NULL)
         SELECT open.alert, open.patient, open.reference, open.problem, open.rule, open.kind, open.priority, open.sentence,
                open.opened_at, open.late_minutes, open.act_by, open.owner, staff.name AS owner_name, open.acknowledged_at,
                open.closed_at, open.outcome, open.finding_start, open.told, open.offered_to,
                open.offered_name, open.rang, open.snoozed_until, open.snooze_reason, open.snoozes, open.more, team.name AS team_name,
                patient.given_name, patient.family_name, patient.date_of_birth, patient.lives_alone, patient.time_zone
         FROM open JOIN patient USING (patient) JOIN team ON team.team = open.team LEFT JOIN staff ON staff.staff = open.owner
         WHERE open.place = 1
         ORDER BY open.rank, open.acknowledged_at IS NOT NULL, open.act_by, open.reference",
    )
    .bind(teams)
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Work {
            alert: read(row)?,
            team: row.try_get("team_name")?,
            more: row.try_get("more")?,
            given_name: row.try_get("given_name")?,
            family_name: row.try_get("family_name")?,
            date_of_birth: row.try_get::<jiff_sqlx::Date, _>("date_of_birth")?.to_jiff(),
            lives_alone: row.try_get("lives_alone")?,
            time_zone: row.try_get("time_zone")?,
        })
    })
    .collect()
}

/// Open alerts of these teams by priority.
pub async fn counts(db: &mut PgConnection, teams: &[Uuid]) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT priority, count(*) FROM alert WHERE team = ANY($1) AND closed_at IS NULL AND patient IS NOT NULL GROUP BY priority",
    )
    .bind(teams)
    .fetch_all(db)
    .await
}

/// What the rules concluded, beside the alert it made: the rule's words to the team, and reasons with the instant of each.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    pub team: Option<String>,
    pub reasons: Vec<alert_rules::reason::Reason>,
}

/// Open ones first, worst first; then those closed since, newest first.
pub async fn of_patient(
    db: &mut PgConnection,
    patient: Uuid,
    closed_since: Timestamp,
) -> Result<Vec<(Alert, Explained)>, sqlx::Error> {
    sqlx::query(
        "SELECT alert.alert, alert.patient, alert.reference, alert.problem, alert.rule, alert.kind, alert.priority, alert.sentence,
                alert.opened_at, alert.late_minutes, alert.act_by, alert.owner, staff.name AS owner_name, alert.acknowledged_at,
                alert.closed_at, alert.outcome, alert.finding_start, alert.told, alert.offered_to,
                (SELECT name FROM staff AS other WHERE other.staff = alert.offered_to) AS offered_name, alert.rang,
                alert.snoozed_until, alert.snooze_reason, alert.snoozes, finding.finding
         FROM alert LEFT JOIN staff ON staff.staff = alert.owner
              LEFT JOIN finding ON finding.patient = alert.patient AND finding.problem = alert.problem
                                   AND finding.start_at = alert.finding_start
         WHERE alert.patient = $1 AND (alert.closed_at IS NULL OR alert.closed_at >= $2)
         ORDER BY alert.closed_at DESC NULLS FIRST, array_position(ARRAY['high', 'medium', 'low'], alert.priority),
                  alert.acknowledged_at IS NOT NULL, alert.act_by LIMIT $3",
    )
    .bind(patient)
    .bind(closed_since.to_sqlx())
    .bind(ALERTS_SHOWN)
    .fetch_all(db)
    .await?
    .iter()
    .map(explained)
    .collect()
}

pub async fn get(db: &mut PgConnection, alert: Uuid) -> Result<Option<(Alert, Explained)>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT alert.alert, alert.patient, alert.reference, alert.problem, alert.rule, alert.kind, alert.priority, alert.sentence,
                alert.opened_at, alert.late_minutes, alert.act_by, alert.owner, staff.name AS owner_name, alert.acknowledged_at,
                alert.closed_at, alert.outcome, alert.finding_start, alert.told, alert.offered_to,
                (SELECT name FROM staff AS other WHERE other.staff = alert.offered_to) AS offered_name, alert.rang,
                alert.snoozed_until, alert.snooze_reason, alert.snoozes, finding.finding
         FROM alert LEFT JOIN staff ON staff.staff = alert.owner
              LEFT JOIN finding ON finding.patient = alert.patient AND finding.problem = alert.problem
                                   AND finding.start_at = alert.finding_start
         WHERE alert.alert = $1 AND alert.patient IS NOT NULL",
    )
    .bind(alert)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(explained).transpose()
}

/// Which alert, of which patient, a page or a mail means.
pub async fn by_reference(db: &mut PgConnection, reference: i64) -> Result<Option<(Uuid, Uuid)>, sqlx::Error> {
    sqlx::query_as("SELECT alert, patient FROM alert WHERE reference = $1 AND patient IS NOT NULL")
        .bind(reference)
        .fetch_optional(db)
        .await
}

/// To whom `staff` may hand it, by name: whoever else works in the alert's team or is paged for it.
pub async fn colleagues(db: &mut PgConnection, alert: Uuid, staff: Uuid) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT staff.staff, staff.name FROM alert JOIN own_team USING (team) JOIN staff ON staff.staff = own_team.staff
         WHERE alert.alert = $1 AND staff.staff <> $2 AND staff.deactivated_at IS NULL AND staff.role <> 'auditor'
         ORDER BY staff.name, staff.staff",
    )
    .bind(alert)
    .bind(staff)
    .fetch_all(db)
    .await
}

/// The alerts that began within a stretch of time, oldest first: marks on a chart.
pub async fn between(
    db: &mut PgConnection,
    patient: Uuid,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Alert>, sqlx::Error> {
    sqlx::query(
        "SELECT alert.alert, alert.patient, alert.reference, alert.problem, alert.rule, alert.kind, alert.priority, alert.sentence,
                alert.opened_at, alert.late_minutes, alert.act_by, alert.owner, staff.name AS owner_name, alert.acknowledged_at,
                alert.closed_at, alert.outcome, alert.finding_start, alert.told, alert.offered_to,
                (SELECT name FROM staff AS other WHERE other.staff = alert.offered_to) AS offered_name, alert.rang,
                alert.snoozed_until, alert.snooze_reason, alert.snoozes
         FROM alert LEFT JOIN staff ON staff.staff = alert.owner
         WHERE alert.patient = $1 AND coalesce(alert.finding_start, alert.opened_at) BETWEEN $2 AND $3
         ORDER BY coalesce(alert.finding_start, alert.opened_at), alert.reference",
    )
    .bind(patient)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .fetch_all(db)
    .await?
    .iter()
    .map(read)
    .collect()
}

/// The histories of these alerts, oldest first within each.
pub async fn history(db: &mut PgConnection, alerts: &[Uuid]) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query(
        "SELECT alert_event.alert, alert_event.at, alert_event.what, staff.name AS by_name, alert_event.detail
         FROM alert_event LEFT JOIN staff ON staff.staff = alert_event.by_staff
         WHERE alert_event.alert = ANY($1) ORDER BY alert_event.alert, alert_event.n",
    )
    .bind(alerts)
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Event {
            alert: row.try_get("alert")?,
            at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
            what: row.try_get("what")?,
            by: row.try_get("by_name")?,
            detail: row.try_get("detail")?,
        })
    })
    .collect()
}

fn explained(row: &PgRow) -> Result<(Alert, Explained), sqlx::Error> {
    let finding: Option<Json<alert_rules::Finding>> = row.try_get("finding")?;
    let explained = finding.map(|Json(finding)| Explained { team: finding.team, reasons: finding.reasons });
    Ok((read(row)?, explained.unwrap_or_default()))
}

fn read(row: &PgRow) -> Result<Alert, sqlx::Error> {
    let instant = |name: &str| -> Result<Option<Timestamp>, sqlx::Error> {
        Ok(row.try_get::<Option<jiff_sqlx::Timestamp>, _>(name)?.map(|at| at.to_jiff()))
    };
    let owner: Option<Uuid> = row.try_get("owner")?;
    let owner_name: Option<String> = row.try_get("owner_name")?;
    Ok(Alert {
        alert: row.try_get("alert")?,
        patient: row.try_get("patient")?,
        reference: row.try_get("reference")?,
        problem: row.try_get("problem")?,
        rule: row.try_get("rule")?,
        kind: row.try_get("kind")?,
        priority: row.try_get("priority")?,
        sentence: row.try_get("sentence")?,
        opened_at: row.try_get::<jiff_sqlx::Timestamp, _>("opened_at")?.to_jiff(),
        late_minutes: row.try_get("late_minutes")?,
        act_by: row.try_get::<jiff_sqlx::Timestamp, _>("act_by")?.to_jiff(),
        owner: owner.zip(owner_name),
        acknowledged_at: instant("acknowledged_at")?,
        told: row.try_get("told")?,
        offered_to: row.try_get::<Option<Uuid>, _>("offered_to")?.zip(row.try_get("offered_name")?),
        rang: row.try_get("rang")?,
        snoozed_until: instant("snoozed_until")?,
        snooze_reason: row.try_get("snooze_reason")?,
        snoozes: row.try_get("snoozes")?,
        closed_at: instant("closed_at")?,
        outcome: row.try_get("outcome")?,
        finding_start: instant("finding_start")?,
    })
}
