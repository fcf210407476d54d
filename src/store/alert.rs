//! What people do to alerts, and the operator's notices. Reading and writing alerts for a decision is `alert_row.rs`;
//! what follows from an act is decided in `alert_rules::escalation`.

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::escalation::act::{self, By, Refused};
use alert_rules::escalation::{self, Decision, Entry, Whom};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::random;
use crate::store::alert_event::{self, NewEvent};
use crate::store::alert_row;
use crate::store::page_request::{self, NewRequest};
use crate::store::{roster, staff};

/// An operator's notice lapses after this; if its cause lasts, a new one is opened and sent.
const OPERATOR_NOTICE: SignedDuration = SignedDuration::from_hours(24);

/// What somebody does to an alert.
#[derive(Clone, Debug)]
pub enum Act {
    Acknowledge,
    Snooze {
        until: Timestamp,
        reason: String,
    },
    /// To this colleague.
    Offer(Uuid),
    Accept,
    Decline,
    Release,
    RangNoAnswer,
    Close {
        outcome: String,
        note: String,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    Done,
    Refused(Refused),
    /// A colleague of this name has it.
    Theirs(String),
    /// No such alert of a patient.
    Missing,
}

/// Does it, by somebody who saw what `by` names. Call it within a transaction; send `Signal::Work`, `Signal::Alerts` and
/// `Signal::Pages` after its commit.
pub async fn act(db: &mut PgConnection, alert: Uuid, by: By, act: &Act) -> Result<Acted, sqlx::Error> {
    let Some(stored) = alert_row::lock(db, alert).await? else { return Ok(Acted::Missing) };
    let duty = roster::duty(db, stored.owner.team).await?;
    let state = &stored.state;
    let decided = match act {
        Act::Acknowledge => act::acknowledge(state, by, &duty),
        Act::Snooze { until, reason } => act::snooze(state, by, *until, reason),
        Act::Offer(to) => act::offer(state, by, *to, &duty),
        Act::Accept => act::accept(state, by),
        Act::Decline => act::decline(state, by),
        Act::Release => act::release(state, by, &duty),
        Act::RangNoAnswer => act::rang_no_answer(state, by, &duty),
        Act::Close { outcome, .. } => act::close(state, by, outcome),
    };
    let decision = match decided {
        Ok(decision) => decision,
        Err(Refused::Theirs(owner)) => return Ok(Acted::Theirs(staff::name(db, owner).await?.unwrap_or_default())),
        Err(refused) => return Ok(Acted::Refused(refused)),
    };
    alert_row::write_life(db, alert, &decision.alert).await?;
    let detail = detail(db, act, &decision).await?;
    let event = |entry: &Entry| NewEvent {
        alert,
        organisation: stored.owner.organisation,
        at: by.at,
        what: entry.what.name(),
        by_staff: Some(by.staff),
        detail: detail.clone(),
    };
    alert_event::append(db, &decision.entries.iter().map(event).collect::<Vec<_>>()).await?;
    page_request::insert(db, &alert_row::requests(alert, &stored.owner, &decision)).await?;
    Ok(Acted::Done)
}

/// `staff` did, elsewhere, what this rule's open alert asks for, if there is one: it is closed, whatever it says by now.
pub async fn close_of_rule(
    db: &mut PgConnection,
    patient: Uuid,
    rule: &str,
    staff: Uuid,
    did: &Act,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let open: Option<(Uuid, i64)> = sqlx::query_as(
        "SELECT alert, told FROM alert WHERE patient = $1 AND rule = $2 AND closed_at IS NULL FOR NO KEY UPDATE",
    )
    .bind(patient)
    .bind(rule)
    .fetch_optional(&mut *db)
    .await?;
    if let Some((alert, saw)) = open {
        act(db, alert, By { staff, saw, at }, did).await?;
    }
    Ok(())
}

/// What the alert's history says of it.
async fn detail(db: &mut PgConnection, act: &Act, decision: &Decision) -> Result<Value, sqlx::Error> {
    Ok(match act {
        Act::Acknowledge => json!({ "back_at": decision.alert.next_step_at }),
        Act::Snooze { until, reason } => json!({ "back_at": until, "text": reason }),
        Act::Offer(to) => json!({ "text": format!("to {}", staff::name(db, *to).await?.unwrap_or_default()) }),
        Act::Close { outcome, note } => json!({ "outcome": outcome, "note": note }),
        Act::Accept | Act::Decline | Act::Release | Act::RangNoAnswer => json!({}),
    })
}

/// Something about the service itself needs a person: one open notice a problem, sent to the operator.
/// The sentence must name no patient, because it is mailed as it stands.
pub async fn open_operator(
    db: &mut PgConnection,
    problem: &str,
    sentence: &str,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let alert = random::new_id();
    let lapses_at = at + OPERATOR_NOTICE;
    let opened = sqlx::query(
        "INSERT INTO alert (alert, reference, problem, rule, kind, priority, sentence, opened_at, late_minutes, act_by,
                            step, next_step_at, worst)
         VALUES ($1, nextval('alert_reference'), $2, 'built-in/operator', 'service', 'high', $3, $4, 0, $5, 0, $5, '{}')
         ON CONFLICT (problem) WHERE closed_at IS NULL AND patient IS NULL DO NOTHING",
    )
    .bind(alert)
    .bind(problem)
    .bind(sentence)
    .bind(at.to_sqlx())
    .bind(lapses_at.to_sqlx())
    .execute(&mut *db)
    .await?;
    if opened.rows_affected() == 0 {
        return Ok(());
    }
    let event = NewEvent { alert, organisation: None, at, what: "opened", by_staff: None, detail: json!({}) };
    alert_event::append(db, &[event]).await?;
    let request =
        NewRequest { alert, organisation: None, priority: "high".into(), to: Whom::Step(0), why: "opened".into(), at };
    page_request::insert(db, &[request]).await
}

/// What the operator was told of is over, if they were: the next time is news.
pub async fn close_operator(
    db: &mut PgConnection,
    problem: &str,
    outcome: &str,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let closed: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE alert SET closed_at = $2, outcome = $3, next_step_at = NULL
         WHERE problem = $1 AND closed_at IS NULL AND patient IS NULL RETURNING alert",
    )
    .bind(problem)
    .bind(at.to_sqlx())
    .bind(outcome)
    .fetch_all(&mut *db)
    .await?;
    let event = |alert| NewEvent { alert, organisation: None, at, what: "closed", by_staff: None, detail: json!({}) };
    alert_event::append(db, &closed.into_iter().map(event).collect::<Vec<_>>()).await
}

/// A page about these was given up: where no other page formed with it or since is sent or still going, the next step
/// is due now.
pub async fn hasten_undelivered(
    db: &mut PgConnection,
    given_up: Uuid,
    alerts: &[Uuid],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let unheard: Vec<Uuid> = sqlx::query_scalar(
        "SELECT alert FROM alert
         WHERE alert = ANY($1) AND patient IS NOT NULL AND acknowledged_at IS NULL AND closed_at IS NULL
               AND NOT EXISTS (SELECT FROM page WHERE page.alerts @> ARRAY[alert.alert] AND page.state <> 'given_up'
                                     AND page.made_at >= (SELECT made_at FROM page AS lost WHERE lost.page = $2))
         ORDER BY alert",
    )
    .bind(alerts)
    .bind(given_up)
    .fetch_all(&mut *db)
    .await?;
    for alert in unheard {
        let Some(stored) = alert_row::lock(db, alert).await? else { continue };
        let duty = roster::duty(db, stored.owner.team).await?;
        if let Some(decision) = escalation::undelivered(&stored.state, &duty, at) {
            alert_row::write_life(db, alert, &decision.alert).await?;
        }
    }
    Ok(())
}

/// The high alerts that are open and theirs, of each of these people: they took them, or were paged about them and nobody took them.
pub async fn highs_of(db: &mut PgConnection, staff: &[Uuid]) -> Result<BTreeMap<Uuid, BTreeSet<Uuid>>, sqlx::Error> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "WITH high AS MATERIALIZED (SELECT alert, owner, opened_at FROM alert WHERE closed_at IS NULL AND priority = 'high')
         SELECT owner, alert FROM high WHERE owner = ANY ($1)
         UNION ALL
         SELECT page.staff, high.alert
         FROM page CROSS JOIN LATERAL unnest(page.alerts) AS about (alert) JOIN high ON high.alert = about.alert
         WHERE page.staff = ANY ($1) AND page.made_at >= (SELECT min(opened_at) FROM high WHERE owner IS NULL)
               AND high.owner IS NULL",
    )
    .bind(staff)
    .fetch_all(db)
    .await?;
    let mut highs: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
    for (staff, alert) in rows {
        highs.entry(staff).or_default().insert(alert);
    }
    Ok(highs)
}

/// Of an alert: it, its organisation and its patient (none: the operator's).
pub type Whose = (Uuid, Option<Uuid>, Option<Uuid>);

/// To whom each of these alerts belongs.
pub async fn whose(db: &mut PgConnection, alerts: &[Uuid]) -> Result<Vec<Whose>, sqlx::Error> {
    sqlx::query_as("SELECT alert, organisation, patient FROM alert WHERE alert = ANY($1)")
        .bind(alerts)
        .fetch_all(db)
        .await
}

/// When the next alert must be stepped (care time).
pub async fn next_step_at(pool: &PgPool) -> Result<Option<Timestamp>, sqlx::Error> {
    let next: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT min(next_step_at) FROM alert WHERE closed_at IS NULL").fetch_one(pool).await?;
    Ok(next.map(jiff_sqlx::Timestamp::to_jiff))
}
