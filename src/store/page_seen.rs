//! Pages as people look at them afterwards: why each was sent, to whom, and what became of it. Neither where it went nor its words.
//! As the web's role it shows what the acting member of staff may see (`0040_paging_seen`).

use std::collections::BTreeMap;

use alert_rules::{Kind, Priority};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::store::page::Channel;
use crate::store::page_attempt::{self, Kept};
use crate::store::roster;

/// Which pages. None: whichever.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub page: Option<Uuid>,
    pub alert: Option<Uuid>,
    pub organisation: Option<Uuid>,
    pub team: Option<Uuid>,
    /// Made at this instant of care time or later.
    pub since: Option<Timestamp>,
    /// Those alone that were not handed over: they wait to be, or were given up and nobody has their alert.
    pub unsettled: bool,
}

#[derive(Clone, Debug)]
pub struct Page {
    pub page: Uuid,
    /// Care time.
    pub made_at: Timestamp,
    pub priority: String,
    /// None: to the operator.
    pub organisation: Option<Uuid>,
    pub to: Option<String>,
    pub channel: Channel,
    /// It went to a contact point that its owner proved.
    pub proven: bool,
    /// ready, sending, sent, given_up
    pub state: String,
    pub unsettled: bool,
    /// Machine time, as those of the tries.
    pub next_at: Timestamp,
    pub test: bool,
    /// A test, or a code or a notice for one person alone.
    pub of_no_alert: bool,
    pub instead_of: Option<Uuid>,
    /// The page that went another way when this one did not get out, and over what.
    pub switched_to: Option<(Uuid, Channel)>,
    /// Without those that were erased since.
    pub alerts: Vec<About>,
    pub tries: Vec<Kept>,
}

#[derive(Clone, Debug)]
pub struct About {
    pub reference: i64,
    pub kind: String,
    pub priority: String,
    pub team: Option<String>,
    /// Care time. Perhaps through another page, or none.
    pub acknowledged_at: Option<Timestamp>,
    pub owner: Option<String>,
    pub closed_at: Option<Timestamp>,
    pub why: Vec<Why>,
}

/// What asked for it.
#[derive(Clone, Debug)]
pub struct Why {
    /// `alert_rules::escalation::PageWhy`, by name.
    pub why: String,
    pub whom: Whom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Of the policy, the first as 0; how many it has today.
    Step {
        step: i16,
        of: i16,
    },
    /// The alert is theirs, or is handed to them.
    ByName,
    Welfare,
}

/// The latest first. Without those about nobody, with which the service tries itself.
pub async fn list(db: &mut PgConnection, asked: &Asked, limit: i64) -> Result<Vec<Page>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT page.page, page.made_at, page.priority, page.organisation, staff.name AS told, page.channel AS kind,
                page.contact_point IS NOT NULL AS proven, page.state, page.next_at, page.test,
                page.alerts = '{}' AS of_no_alert, page.instead_of,
                waits.unsettled, other.page AS other, other.channel AS other_kind
         FROM page LEFT JOIN staff ON staff.staff = page.staff
              LEFT JOIN LATERAL (SELECT next.page, next.channel FROM page AS next WHERE next.instead_of = page.page LIMIT 1) AS other ON true
              CROSS JOIN LATERAL (SELECT page.state IN ('ready', 'sending') OR page.state = 'given_up' AND EXISTS (
                  SELECT FROM alert_paged AS open WHERE open.alert = ANY (page.alerts) AND open.acknowledged_at IS NULL
                                                        AND open.closed_at IS NULL)) AS waits (unsettled)
         WHERE (page.page = $1 OR $1 IS NULL)
               AND (page.alerts @> ARRAY[$2] OR $2 IS NULL)
               AND (page.organisation = $3 OR $3 IS NULL AND page.organisation IS DISTINCT FROM synthetic_organisation())
               AND ($4 IS NULL OR EXISTS (SELECT FROM alert_paged AS of_team
                                          WHERE of_team.alert = ANY (page.alerts) AND of_team.team = $4))
               AND (page.made_at >= $5 OR $5 IS NULL)
               AND (waits.unsettled OR NOT $6)
         ORDER BY page.made_at DESC, page.next_at DESC, page.page LIMIT $7",
    )
    .bind(asked.page)
    .bind(asked.alert)
    .bind(asked.organisation)
    .bind(asked.team)
    .bind(asked.since.map(ToSqlx::to_sqlx))
    .bind(asked.unsettled)
    .bind(limit)
    .fetch_all(&mut *db)
    .await?;
    let mut pages = rows.iter().map(read).collect::<Result<Vec<Page>, _>>()?;
    let ids: Vec<Uuid> = pages.iter().map(|page| page.page).collect();
    let mut alerts = about(db, &ids).await?;
    let mut tries: BTreeMap<Uuid, Vec<Kept>> = BTreeMap::new();
    for kept in page_attempt::of(db, &ids).await? {
        tries.entry(kept.page).or_default().push(kept);
    }
    for page in &mut pages {
        page.alerts = alerts.remove(&page.page).unwrap_or_default();
        page.tries = tries.remove(&page.page).unwrap_or_default();
    }
    Ok(pages)
}

fn read(row: &PgRow) -> Result<Page, sqlx::Error> {
    let at = |column: &str| Ok::<_, sqlx::Error>(row.try_get::<jiff_sqlx::Timestamp, _>(column)?.to_jiff());
    let other: Option<Uuid> = row.try_get("other")?;
    let over: Option<String> = row.try_get("other_kind")?;
    Ok(Page {
        page: row.try_get("page")?,
        made_at: at("made_at")?,
        priority: row.try_get("priority")?,
        organisation: row.try_get("organisation")?,
        to: row.try_get("told")?,
        channel: Channel::read(row)?,
        proven: row.try_get("proven")?,
        state: row.try_get("state")?,
        unsettled: row.try_get("unsettled")?,
        next_at: at("next_at")?,
        test: row.try_get("test")?,
        of_no_alert: row.try_get("of_no_alert")?,
        instead_of: row.try_get("instead_of")?,
        switched_to: other.zip(over.as_deref().and_then(Channel::named)),
        alerts: Vec::new(),
        tries: Vec::new(),
    })
}

/// What each of these pages is about.
async fn about(db: &mut PgConnection, pages: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<About>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT page.page, alert_paged.alert, alert_paged.reference, alert_paged.kind, alert_paged.priority, alert_paged.team,
                team.name AS team_name, alert_paged.acknowledged_at, staff.name AS owner_name, alert_paged.closed_at
         FROM page CROSS JOIN LATERAL unnest(page.alerts) AS of (alert) JOIN alert_paged ON alert_paged.alert = of.alert
              LEFT JOIN team ON team.team = alert_paged.team LEFT JOIN staff ON staff.staff = alert_paged.owner
         WHERE page.page = ANY($1) ORDER BY page.page, alert_paged.reference",
    )
    .bind(pages)
    .fetch_all(&mut *db)
    .await?;
    let teams: Vec<Uuid> =
        rows.iter().filter_map(|row| row.try_get::<Option<Uuid>, _>("team").transpose()).collect::<Result<_, _>>()?;
    let policies = roster::policies_of(db, &teams).await?;
    let mut why = whys(db, pages).await?;
    let mut about: BTreeMap<Uuid, Vec<About>> = BTreeMap::new();
    for row in rows {
        let (page, alert): (Uuid, Uuid) = (row.try_get("page")?, row.try_get("alert")?);
        let (kind, priority): (String, String) = (row.try_get("kind")?, row.try_get("priority")?);
        let at = |column: &str| {
            Ok::<_, sqlx::Error>(row.try_get::<Option<jiff_sqlx::Timestamp>, _>(column)?.map(|at| at.to_jiff()))
        };
        let team: Option<Uuid> = row.try_get("team")?;
        let steps = team.and_then(|team| {
            let (kind, priority) = (Kind::named(&kind)?, Priority::named(&priority)?);
            Some(policies.get(&team)?.of(priority, kind).last() + 1)
        });
        let whys = why.remove(&(page, alert)).unwrap_or_default().into_iter().map(|(why, whom)| Why {
            why,
            whom: match whom {
                Whom::Step { step, .. } => Whom::Step { step, of: steps.unwrap_or(step + 1) },
                other => other,
            },
        });
        about.entry(page).or_default().push(About {
            reference: row.try_get("reference")?,
            team: row.try_get("team_name")?,
            acknowledged_at: at("acknowledged_at")?,
            owner: row.try_get("owner_name")?,
            closed_at: at("closed_at")?,
            why: whys.collect(),
            kind,
            priority,
        });
    }
    Ok(about)
}

type Asking = BTreeMap<(Uuid, Uuid), Vec<(String, Whom)>>;

/// By page and alert. A page of an earlier version has those alone that came to it and to no other.
async fn whys(db: &mut PgConnection, pages: &[Uuid]) -> Result<Asking, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT page.page, request.alert, request.why, request.step, request.staff IS NOT NULL AS by_name, request.welfare
         FROM page JOIN page_request AS request
              ON request.alert = ANY (page.alerts) AND (request.page_request = ANY (page.requests) OR request.page = page.page)
         WHERE page.page = ANY($1) ORDER BY request.at, request.page_request",
    )
    .bind(pages)
    .fetch_all(db)
    .await?;
    let mut whys: Asking = BTreeMap::new();
    for row in rows {
        let whom = match (row.try_get("by_name")?, row.try_get("welfare")?) {
            (true, _) => Whom::ByName,
            (false, true) => Whom::Welfare,
            (false, false) => Whom::Step { step: row.try_get("step")?, of: 0 },
        };
        let of = (row.try_get("page")?, row.try_get("alert")?);
        whys.entry(of).or_default().push((row.try_get("why")?, whom));
    }
    Ok(whys)
}

/// By what a page calls it; none: there is no such alert, or it is out of sight.
pub async fn alert(db: &mut PgConnection, reference: i64) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT alert FROM alert_paged WHERE reference = $1").bind(reference).fetch_optional(db).await
}
