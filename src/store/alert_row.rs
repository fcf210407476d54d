//! Alerts as `alert_rules::escalation` sees them: read under lock, handed to a decision, and its outcome written down.
//! All in one transaction of the caller's; locks are taken in the order of ids.

use alert_rules::escalation::{Alert, Calls, Decision, Known, Life, PageRequest};
use alert_rules::{Kind, Priority};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::store::alert_event::{self, NewEvent};
use crate::store::page_request::{self, NewRequest};

/// An alert and whose it is.
#[derive(Clone, Debug)]
pub struct Stored {
    pub alert: Uuid,
    pub owner: Belongs,
    pub state: Alert,
}

/// Whose an alert is. An operator alert is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belongs {
    pub organisation: Option<Uuid>,
    pub team: Option<Uuid>,
    pub patient: Option<Uuid>,
}

/// A decision about an alert that is there, or about a new one.
#[derive(Clone, Debug)]
pub struct Change {
    pub alert: Uuid,
    pub new: bool,
    pub owner: Belongs,
    pub decision: Decision,
}

macro_rules! select_alert {
    ($rest:literal) => {
        concat!(
            "SELECT alert.alert, alert.organisation, alert.team, alert.patient, alert.problem, alert.rule, alert.kind,
                    alert.priority, alert.sentence, alert.opened_at, alert.late_minutes, alert.finding_start, alert.owner,
                    alert.acknowledged_at, alert.closed_at, alert.outcome, alert.offered_to, alert.rang, alert.reminded,
                    alert.snoozed_until, alert.snooze_reason, alert.snoozes, alert.told, alert.act_by, alert.step,
                    alert.next_step_at, alert.worst
             FROM alert ",
            $rest
        )
    };
}

pub async fn lock(db: &mut PgConnection, alert: Uuid) -> Result<Option<Stored>, sqlx::Error> {
    let row =
        sqlx::query(select_alert!("WHERE alert.alert = $1 FOR NO KEY UPDATE")).bind(alert).fetch_optional(db).await?;
    row.as_ref().map(stored).transpose()
}

/// Every open alert of these patients, and those closed since.
pub async fn lock_of_patients(
    db: &mut PgConnection,
    patients: &[Uuid],
    closed_since: Timestamp,
) -> Result<Vec<Stored>, sqlx::Error> {
    let rows = sqlx::query(select_alert!(
        "WHERE alert.patient = ANY($1) AND (alert.closed_at IS NULL OR alert.closed_at >= $2)
         ORDER BY alert.alert FOR NO KEY UPDATE"
    ))
    .bind(patients)
    .bind(closed_since.to_sqlx())
    .fetch_all(db)
    .await?;
    rows.iter().map(stored).collect()
}

/// Alerts whose next step has come.
#[derive(Debug, Default)]
pub struct Due {
    pub alerts: Vec<Stored>,
    /// Written by another version of the service. They keep no other alert waiting.
    pub unreadable: Vec<Uuid>,
}

/// Open alerts whose next step has come, the longest waiting first, leaving out those another replica has in hand.
pub async fn lock_due(db: &mut PgConnection, at: Timestamp, limit: i64) -> Result<Due, sqlx::Error> {
    let rows = sqlx::query(select_alert!(
        "WHERE alert.closed_at IS NULL AND alert.next_step_at <= $1
         ORDER BY alert.next_step_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"
    ))
    .bind(at.to_sqlx())
    .bind(limit)
    .fetch_all(db)
    .await?;
    let mut due = Due::default();
    for row in &rows {
        match stored(row) {
            Ok(alert) => due.alerts.push(alert),
            Err(_) => due.unreadable.push(row.try_get("alert")?),
        }
    }
    Ok(due)
}

/// Looks at these again at `at`, and leaves them as they are.
pub async fn put_off(db: &mut PgConnection, alerts: &[Uuid], at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE alert SET next_step_at = $2 WHERE alert = ANY($1)")
        .bind(alerts)
        .bind(at.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}

/// Alerts, their history and their page requests. Operator notices that a decision wants are the caller's.
pub async fn write(db: &mut PgConnection, changes: &[Change], at: Timestamp) -> Result<(), sqlx::Error> {
    let (new, changed): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| change.new);
    insert(db, &new).await?;
    update(db, &changed).await?;
    let mut events = Vec::new();
    let mut requests = Vec::new();
    for change in changes {
        let Change { alert, owner, decision, .. } = change;
        events.extend(decision.entries.iter().map(|entry| NewEvent {
            alert: *alert,
            organisation: owner.organisation,
            at,
            what: entry.what.name(),
            by_staff: None,
            detail: json!({ "text": entry.text }),
        }));
        requests.extend(self::requests(*alert, owner, decision));
    }
    alert_event::append(db, &events).await?;
    page_request::insert(db, &requests).await
}

/// The page requests that a decision about this alert wants.
pub fn requests(alert: Uuid, owner: &Belongs, decision: &Decision) -> Vec<NewRequest> {
    let request = |page: &PageRequest| NewRequest {
        alert,
        organisation: owner.organisation,
        priority: page.priority.name().to_owned(),
        to: page.to,
        why: page.why.name().to_owned(),
        at: page.at,
    };
    decision.pages.iter().map(request).collect()
}

async fn insert(db: &mut PgConnection, new: &[&Change]) -> Result<(), sqlx::Error> {
    for change in new {
        let alert = &change.decision.alert;
        sqlx::query(
            "INSERT INTO alert (alert, reference, organisation, team, patient, problem, rule, kind, priority, sentence,
                                opened_at, late_minutes, finding_start, act_by, step, next_step_at, worst)
             VALUES ($1, nextval(CASE WHEN $2 = synthetic_organisation() THEN 'synthetic_reference'::regclass ELSE 'alert_reference'::regclass END),
                     $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(change.alert)
        .bind(change.owner.organisation)
        .bind(change.owner.team)
        .bind(change.owner.patient)
        .bind(&alert.problem)
        .bind(&alert.rule)
        .bind(alert.kind.name())
        .bind(alert.priority.name())
        .bind(&alert.sentence)
        .bind(alert.opened_at.to_sqlx())
        .bind(i32::try_from(alert.late_minutes).unwrap_or(i32::MAX))
        .bind(alert.finding_start.map(ToSqlx::to_sqlx))
        .bind(alert.act_by.to_sqlx())
        .bind(alert.step)
        .bind(alert.next_step_at.map(ToSqlx::to_sqlx))
        .bind(Json(&alert.known))
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

async fn update(db: &mut PgConnection, changed: &[&Change]) -> Result<(), sqlx::Error> {
    for change in changed {
        let alert = &change.decision.alert;
        sqlx::query(
            "UPDATE alert SET rule = $2, kind = $3, priority = $4, sentence = $5, late_minutes = $6, finding_start = $7, told = $8,
                              worst = $9
             WHERE alert = $1",
        )
        .bind(change.alert)
        .bind(&alert.rule)
        .bind(alert.kind.name())
        .bind(alert.priority.name())
        .bind(&alert.sentence)
        .bind(i32::try_from(alert.late_minutes).unwrap_or(i32::MAX))
        .bind(alert.finding_start.map(ToSqlx::to_sqlx))
        .bind(alert.told)
        .bind(Json(&alert.known))
        .execute(&mut *db)
        .await?;
        write_life(db, change.alert, alert).await?;
    }
    Ok(())
}

/// Who has it, and its clocks: all that people's acts and the passing of time change. The role `web` has no right on other
/// columns.
pub async fn write_life(db: &mut PgConnection, id: Uuid, alert: &Alert) -> Result<(), sqlx::Error> {
    let (mut offered_to, mut calls, mut snoozed) = (None, Calls::default(), None);
    match &alert.life {
        Life::Acknowledged { offered, calls: tried, .. } => (offered_to, calls) = (*offered, *tried),
        Life::Snoozed { until, reason, .. } => snoozed = Some((*until, reason)),
        Life::Open | Life::Closed { .. } => {}
    }
    let owner = alert.owner();
    sqlx::query(
        "UPDATE alert SET owner = $2, acknowledged_at = $3, closed_at = $4, outcome = $5, offered_to = $6, rang = $7,
                          reminded = $8, snoozed_until = $9, snooze_reason = $10, snoozes = $11, act_by = $12, step = $13,
                          next_step_at = $14
         WHERE alert = $1",
    )
    .bind(id)
    .bind(owner.map(|(staff, _)| staff))
    .bind(owner.map(|(_, at)| at.to_sqlx()))
    .bind(alert.closed_at().map(ToSqlx::to_sqlx))
    .bind(alert.outcome())
    .bind(offered_to)
    .bind(calls.tried)
    .bind(calls.reminded)
    .bind(snoozed.map(|(until, _)| until.to_sqlx()))
    .bind(snoozed.map(|(_, reason)| reason))
    .bind(alert.snoozes)
    .bind(alert.act_by.to_sqlx())
    .bind(alert.step)
    .bind(alert.next_step_at.map(ToSqlx::to_sqlx))
    .execute(db)
    .await?;
    Ok(())
}

fn stored(row: &PgRow) -> Result<Stored, sqlx::Error> {
    let at = |name: &str| row.try_get::<jiff_sqlx::Timestamp, _>(name).map(jiff_sqlx::Timestamp::to_jiff);
    let maybe_at = |name: &str| {
        row.try_get::<Option<jiff_sqlx::Timestamp>, _>(name).map(|at| at.map(jiff_sqlx::Timestamp::to_jiff))
    };
    let unknown = |what: &str, name: &str| sqlx::Error::Decode(format!("{name:?} is no {what} of an alert").into());
    let kind: String = row.try_get("kind")?;
    let priority: String = row.try_get("priority")?;
    Ok(Stored {
        alert: row.try_get("alert")?,
        owner: Belongs {
            organisation: row.try_get("organisation")?,
            team: row.try_get("team")?,
            patient: row.try_get("patient")?,
        },
        state: Alert {
            problem: row.try_get("problem")?,
            rule: row.try_get("rule")?,
            kind: Kind::named(&kind).ok_or_else(|| unknown("kind", &kind))?,
            priority: Priority::named(&priority).ok_or_else(|| unknown("priority", &priority))?,
            sentence: row.try_get("sentence")?,
            opened_at: at("opened_at")?,
            late_minutes: i64::from(row.try_get::<i32, _>("late_minutes")?),
            finding_start: maybe_at("finding_start")?,
            life: life(row)?,
            snoozes: row.try_get("snoozes")?,
            told: row.try_get("told")?,
            act_by: at("act_by")?,
            step: row.try_get("step")?,
            next_step_at: maybe_at("next_step_at")?,
            known: row.try_get::<Json<Known>, _>("worst")?.0,
        },
    })
}

fn life(row: &PgRow) -> Result<Life, sqlx::Error> {
    let at = |name: &str| {
        row.try_get::<Option<jiff_sqlx::Timestamp>, _>(name).map(|at| at.map(jiff_sqlx::Timestamp::to_jiff))
    };
    let owner = row.try_get::<Option<Uuid>, _>("owner")?.zip(at("acknowledged_at")?);
    if let Some(closed_at) = at("closed_at")? {
        let outcome: Option<String> = row.try_get("outcome")?;
        return Ok(Life::Closed { at: closed_at, outcome: outcome.unwrap_or_default(), by: owner });
    }
    Ok(match (owner, at("snoozed_until")?) {
        (None, _) => Life::Open,
        (Some((by, at)), Some(until)) => {
            let reason: Option<String> = row.try_get("snooze_reason")?;
            Life::Snoozed { by, at, until, reason: reason.unwrap_or_default() }
        }
        (Some((by, at)), None) => {
            let calls = Calls { tried: row.try_get("rang")?, reminded: row.try_get("reminded")? };
            Life::Acknowledged { by, at, offered: row.try_get("offered_to")?, calls }
        }
    })
}
