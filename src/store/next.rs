//! What is to happen next: the alerts about a patient's health that nobody has acknowledged, and what their history says of who
//! was told.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::store::seen::Trouble;

/// Alerts of one patient that are looked at; the most pressing come first.
const ALERTS_LIMIT: i64 = 20;

#[derive(Clone, Debug)]
pub struct Open {
    pub trouble: Trouble,
    pub high: bool,
    /// When somebody was to have acknowledged it.
    pub act_by: Timestamp,
    pub team: Team,
    /// The first request of pages that were not formed yet: from when on they may be, and for whom.
    pub waits: Option<(Timestamp, Team)>,
    /// In the order in which it happened.
    pub history: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub name: String,
    pub phone: String,
}

/// Something of an alert's history that says whether anybody was told, or has it.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: Timestamp,
    /// As in `alert_event.what`.
    pub what: String,
    /// Whose people a page went to, of `sent`; none of a page of an earlier version.
    pub team: Option<Team>,
}

/// Of each of these patients who has any, the most pressing first.
pub async fn open(pool: &PgPool, patients: &[Uuid]) -> sqlx::Result<HashMap<Uuid, Vec<Open>>> {
    let mut open: HashMap<Uuid, Vec<Open>> = HashMap::new();
    let rows = sqlx::query(
        "SELECT alert.*, waits.at AS waits_until, waits.name AS waits_name, waits.phone AS waits_phone
         FROM unnest($1::uuid[]) AS asked (patient) CROSS JOIN LATERAL (
             SELECT alert.alert, alert.patient, alert.rule, coalesce(alert.finding_start, alert.opened_at) AS began_at,
                    alert.priority, alert.act_by, team.name, team.phone
             FROM alert JOIN team ON team.team = alert.team
             WHERE alert.patient = asked.patient AND alert.closed_at IS NULL AND alert.acknowledged_at IS NULL
                   AND alert.kind = 'clinical'
             ORDER BY array_position(ARRAY['high', 'medium', 'low'], alert.priority), alert.opened_at DESC
             LIMIT $2
         ) AS alert LEFT JOIN LATERAL (
             SELECT request.at, team.name, team.phone
             FROM page_request AS request LEFT JOIN team ON team.team = request.waits_for
             WHERE request.alert = alert.alert AND NOT request.formed AND request.priority = alert.priority
                   AND request.staff IS NULL AND NOT request.welfare
             ORDER BY request.at LIMIT 1
         ) AS waits ON true",
    )
    .bind(patients)
    .bind(ALERTS_LIMIT)
    .fetch_all(pool)
    .await?;
    if rows.is_empty() {
        return Ok(open);
    }
    let alerts: Vec<Uuid> = rows.iter().map(|row| row.try_get("alert")).collect::<sqlx::Result<_>>()?;
    let mut histories = histories(pool, &alerts).await?;
    for row in rows {
        let trouble = Trouble {
            alert: row.try_get("alert")?,
            patient: row.try_get("patient")?,
            rule: row.try_get("rule")?,
            began_at: at(&row, "began_at")?,
        };
        let waits_until: Option<SqlTimestamp> = row.try_get("waits_until")?;
        let own = team(&row, "name", "phone")?.ok_or(sqlx::Error::RowNotFound)?;
        let waits = match waits_until {
            Some(until) => {
                Some((until.to_jiff(), team(&row, "waits_name", "waits_phone")?.unwrap_or_else(|| own.clone())))
            }
            None => None,
        };
        open.entry(trouble.patient).or_default().push(Open {
            high: row.try_get::<&str, _>("priority")? == "high",
            act_by: at(&row, "act_by")?,
            team: own,
            waits,
            history: histories.remove(&trouble.alert).unwrap_or_default(),
            trouble,
        });
    }
    Ok(open)
}

async fn histories(pool: &PgPool, alerts: &[Uuid]) -> sqlx::Result<HashMap<Uuid, Vec<Event>>> {
    let rows = sqlx::query(
        "SELECT event.alert, event.at, event.what, team.name, team.phone
         FROM alert_event AS event
              LEFT JOIN page ON event.what = 'sent' AND page.page = (event.detail ->> 'page')::uuid
              LEFT JOIN team ON team.team = page.team
         WHERE event.alert = ANY ($1)
               AND event.what IN ('opened', 'raised', 'worsened', 'renewed', 'came_back', 'released', 'acknowledged', 'sent')
         ORDER BY event.alert, event.n",
    )
    .bind(alerts)
    .fetch_all(pool)
    .await?;
    let mut histories: HashMap<Uuid, Vec<Event>> = HashMap::new();
    for row in rows {
        let event = Event { at: at(&row, "at")?, what: row.try_get("what")?, team: team(&row, "name", "phone")? };
        histories.entry(row.try_get("alert")?).or_default().push(event);
    }
    Ok(histories)
}

fn at(row: &PgRow, column: &str) -> sqlx::Result<Timestamp> {
    Ok(row.try_get::<SqlTimestamp, _>(column)?.to_jiff())
}

fn team(row: &PgRow, name: &str, phone: &str) -> sqlx::Result<Option<Team>> {
    let name: Option<String> = row.try_get(name)?;
    Ok(name.zip(row.try_get(phone)?).map(|(name, phone)| Team { name, phone }))
}
