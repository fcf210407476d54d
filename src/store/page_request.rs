//! Page requests: written in the transaction of the alert they belong to; pages are formed from them later.

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::escalation::Whom;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::random;

#[derive(Clone, Debug)]
pub struct NewRequest {
    pub alert: Uuid,
    /// None: an operator alert's.
    pub organisation: Option<Uuid>,
    pub priority: String,
    pub to: Whom,
    /// `alert_rules::escalation::PageWhy`, by name.
    pub why: String,
    /// Care time from which pages may be formed.
    pub at: Timestamp,
}

/// A request with what a page says about its alert.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub page_request: Uuid,
    pub alert: Uuid,
    pub organisation: Option<Uuid>,
    pub team: Option<Uuid>,
    pub patient: Option<Uuid>,
    pub priority: String,
    pub to: Whom,
    pub why: String,
    pub reference: i64,
    pub kind: String,
    /// The worklist's words. Only an operator alert's, which names no patient, may go into a message.
    pub sentence: String,
    pub opened_at: Timestamp,
    pub act_by: Timestamp,
    /// How much was new in it.
    pub told: i64,
    /// Who has it.
    pub owner: Option<Uuid>,
    pub offered_to: Option<Uuid>,
    pub closed: bool,
}

/// Nobody is told before `until`: cover opens then, or the next bundle is due.
#[derive(Clone, Copy, Debug)]
pub struct Postponed {
    pub page_request: Uuid,
    pub patient: Option<Uuid>,
    pub until: Timestamp,
    /// Whose people are told then.
    pub waits_for: Uuid,
}

impl Waiting {
    pub fn postponed(&self, until: Timestamp, waits_for: Uuid) -> Postponed {
        Postponed { page_request: self.page_request, patient: self.patient, until, waits_for }
    }
}

pub async fn insert(db: &mut PgConnection, requests: &[NewRequest]) -> Result<(), sqlx::Error> {
    if requests.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO page_request (page_request, alert, organisation, priority, step, staff, welfare, why, at, formed)
         SELECT page_request, alert, organisation, priority, step, staff, welfare, why, at, false
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::smallint[], $6::uuid[], $7::boolean[], $8::text[],
                     $9::timestamptz[])
              AS new (page_request, alert, organisation, priority, step, staff, welfare, why, at)",
    )
    .bind(requests.iter().map(|_| random::new_id()).collect::<Vec<_>>())
    .bind(requests.iter().map(|request| request.alert).collect::<Vec<_>>())
    .bind(requests.iter().map(|request| request.organisation).collect::<Vec<_>>())
    .bind(requests.iter().map(|request| request.priority.as_str()).collect::<Vec<_>>())
    .bind(requests.iter().map(|request| if let Whom::Step(step) = request.to { step } else { 0 }).collect::<Vec<_>>())
    .bind(requests.iter().map(|request| if let Whom::Staff(staff) = request.to { Some(staff) } else { None }).collect::<Vec<_>>())
    .bind(requests.iter().map(|request| request.to == Whom::Welfare).collect::<Vec<_>>())
    .bind(requests.iter().map(|request| request.why.as_str()).collect::<Vec<_>>())
    .bind(requests.iter().map(|request| request.at.to_sqlx()).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// Locks requests from which pages may be formed at `care_now`: high ones alone, or all others.
pub async fn lock_waiting(
    db: &mut PgConnection,
    high: bool,
    care_now: Timestamp,
    limit: usize,
) -> Result<Vec<Waiting>, sqlx::Error> {
    // Two texts, so that each is the predicate of its index.
    let which = if high { "priority = 'high'" } else { "priority <> 'high'" };
    let statement = format!(
        "WITH next AS MATERIALIZED (
             SELECT page_request FROM page_request WHERE NOT formed AND at <= $1 AND {which}
             ORDER BY at, page_request LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         SELECT request.page_request, request.alert, request.organisation, alert.team, alert.patient, request.priority, request.step,
                request.staff, request.welfare, request.why, alert.reference, alert.kind, alert.sentence, alert.opened_at,
                greatest(alert.act_by, alert.next_step_at) AS act_by, alert.told,
                alert.owner, alert.offered_to, alert.closed_at IS NOT NULL AS closed
         FROM next JOIN page_request AS request USING (page_request) JOIN alert USING (alert)
         ORDER BY request.at, request.page_request"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(care_now.to_sqlx())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Waiting {
                page_request: row.try_get("page_request")?,
                alert: row.try_get("alert")?,
                organisation: row.try_get("organisation")?,
                team: row.try_get("team")?,
                patient: row.try_get("patient")?,
                priority: row.try_get("priority")?,
                to: whom(row)?,
                why: row.try_get("why")?,
                reference: row.try_get("reference")?,
                kind: row.try_get("kind")?,
                sentence: row.try_get("sentence")?,
                opened_at: row.try_get::<jiff_sqlx::Timestamp, _>("opened_at")?.to_jiff(),
                act_by: row.try_get::<jiff_sqlx::Timestamp, _>("act_by")?.to_jiff(),
                told: row.try_get("told")?,
                owner: row.try_get("owner")?,
                offered_to: row.try_get("offered_to")?,
                closed: row.try_get("closed")?,
            })
        })
        .collect()
}

fn whom(row: &PgRow) -> Result<Whom, sqlx::Error> {
    Ok(match (row.try_get::<Option<Uuid>, _>("staff")?, row.try_get("welfare")?) {
        (Some(staff), _) => Whom::Staff(staff),
        (None, true) => Whom::Welfare,
        (None, false) => Whom::Step(row.try_get("step")?),
    })
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameTo {
    /// This page, perhaps with others.
    Page(Uuid),
    /// Somebody had taken or closed the alert before anybody was told.
    Taken,
    /// There is nobody in the team at all.
    Nobody,
}

impl CameTo {
    fn name(self) -> &'static str {
        match self {
            Self::Page(_) => "page",
            Self::Taken => "taken",
            Self::Nobody => "nobody",
        }
    }
}

pub async fn mark_formed(db: &mut PgConnection, requests: &[(Uuid, CameTo)]) -> Result<(), sqlx::Error> {
    let page = |came_to: &CameTo| if let CameTo::Page(page) = came_to { Some(*page) } else { None };
    sqlx::query(
        "UPDATE page_request SET formed = true, came_to = new.came_to, page = new.page
         FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS new (page_request, came_to, page)
         WHERE page_request.page_request = new.page_request",
    )
    .bind(requests.iter().map(|(request, _)| *request).collect::<Vec<_>>())
    .bind(requests.iter().map(|(_, came_to)| came_to.name()).collect::<Vec<_>>())
    .bind(requests.iter().map(|(_, came_to)| page(came_to)).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// What came to this page waits once more: it is formed anew, for whoever is on duty now.
pub async fn form_again(db: &mut PgConnection, page: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE page_request SET formed = false, came_to = NULL, page = NULL WHERE page = $1")
        .bind(page)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn postpone(db: &mut PgConnection, postponed: &[Postponed]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE page_request SET at = new.at, waits_for = new.waits_for
         FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS new (page_request, at, waits_for)
         WHERE page_request.page_request = new.page_request",
    )
    .bind(postponed.iter().map(|each| each.page_request).collect::<Vec<_>>())
    .bind(postponed.iter().map(|each| each.until.to_sqlx()).collect::<Vec<_>>())
    .bind(postponed.iter().map(|each| each.waits_for).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// Who heard of these alerts since each was last told from the first step on.
pub async fn told(db: &mut PgConnection, alerts: &[Uuid]) -> Result<BTreeMap<Uuid, BTreeSet<Uuid>>, sqlx::Error> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT request.alert, page.staff FROM page_request AS request JOIN page USING (page)
         WHERE request.alert = ANY($1) AND request.staff IS NULL AND page.staff IS NOT NULL
               AND request.at >= (SELECT max(first.at) FROM page_request AS first
                                  WHERE first.alert = request.alert AND first.step = 0 AND first.staff IS NULL
                                        AND NOT first.welfare AND first.formed)",
    )
    .bind(alerts)
    .fetch_all(db)
    .await?;
    let mut told: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
    for (alert, staff) in rows {
        told.entry(alert).or_default().insert(staff);
    }
    Ok(told)
}

/// When the next pages may be formed (care time).
pub async fn next_at(pool: &PgPool) -> Result<Option<Timestamp>, sqlx::Error> {
    let next: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT min(at) FROM page_request WHERE NOT formed").fetch_one(pool).await?;
    Ok(next.map(jiff_sqlx::Timestamp::to_jiff))
}
