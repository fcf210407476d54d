//! Pages: one message to one person over one channel, an outbox with leases.
//!
//! A lease is a random id and an end by the database's clock; whoever sends settles by comparing the id, so a sender
//! that was too slow changes nothing. A page whose sender died is taken again when its lease has ended,
//! and goes out once more under the same id.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::random;
use crate::roster::ContactPoint;
use crate::secret::Secret;

/// Longer than any send may take, so that a page is not sent twice by two living senders.
const LEASE_SECONDS: f64 = 60.0;

/// How long a page that belongs to no alert is kept. Nobody's care has to be accounted for by it, so it is not kept for as long as
/// the pages of alerts; administrators look back no further, and answers are remembered for as long (`reply.rs`).
const KEPT_OF_NO_ALERT: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    Email,
    /// PagerDuty Events v2, and what speaks it.
    Pager,
    Sms,
    Webhook,
    /// A notification in a browser.
    WebPush,
}

impl Channel {
    pub const ALL: [Self; 5] = [Self::Email, Self::Pager, Self::Sms, Self::Webhook, Self::WebPush];

    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Pager => "pager",
            Self::Sms => "sms",
            Self::Webhook => "webhook",
            Self::WebPush => "web_push",
        }
    }

    /// As in "a page over …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Email => "e-mail",
            Self::Pager => "pager",
            Self::Sms => "text message",
            Self::Webhook => "webhook",
            Self::WebPush => "browser notification",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// From a row's `kind`.
    pub(super) fn read(row: &sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        let name: String = row.try_get("kind")?;
        Self::named(&name).ok_or_else(|| sqlx::Error::Decode(format!("there is no channel {name:?}").into()))
    }
}

/// A page as it is formed.
#[derive(Clone, Debug)]
pub struct NewPage {
    pub page: Uuid,
    pub alerts: Vec<Uuid>,
    /// From which it is formed.
    pub requests: Vec<Uuid>,
    /// Of each of them, how much was new in it (`told`): whoever answers has seen that, and no more.
    pub saw: Vec<i64>,
    /// The page whose answer this one answers.
    pub answers: Option<Uuid>,
    /// None: to the operator.
    pub organisation: Option<Uuid>,
    /// Whose people it tells. None: to the operator, or to somebody about their own contact point or answer.
    pub team: Option<Uuid>,
    pub staff: Option<Uuid>,
    pub channel: Channel,
    /// None: to the operator, or to the sign-in address of somebody who has proven none.
    pub contact_point: Option<Uuid>,
    /// What the channel needs to find them: a mail address, a pager's key, a number, an address of a web server or of a browser.
    pub address: Secret,
    pub priority: String,
    pub subject: String,
    pub body: String,
}

impl NewPage {
    /// To one person about themselves: a code, what came of their answer, a contact point that is gone.
    pub fn of_no_alert(organisation: Uuid, staff: Uuid, to: ContactPoint, subject: String, body: String) -> Self {
        Self {
            page: random::new_id(),
            alerts: Vec::new(),
            requests: Vec::new(),
            saw: Vec::new(),
            answers: None,
            organisation: Some(organisation),
            team: None,
            staff: Some(staff),
            channel: to.channel,
            contact_point: to.contact_point,
            address: to.address,
            priority: "medium".into(),
            subject,
            body,
        }
    }
}

/// A page that was taken to be sent.
#[derive(Clone, Debug)]
pub struct Taken {
    pub page: Uuid,
    pub lease: Uuid,
    pub alerts: Vec<Uuid>,
    /// The page whose answer this one answers.
    pub answers: Option<Uuid>,
    /// What the channel needs to find them: a mail address, a pager's key, a number, an address of a web server or of a browser.
    pub address: Secret,
    /// Signs what goes to a webhook; seals what goes to a browser.
    pub secret: Option<Secret>,
    pub priority: String,
    pub subject: String,
    pub body: String,
    /// Somebody tries whether pages reach them.
    pub test: bool,
    /// It tells the operator about the service itself.
    pub to_operator: bool,
    /// Whoever it is for was deactivated after it was formed: they could not answer.
    pub to_nobody: bool,
    /// This one included.
    pub attempts: u32,
}

/// New pages may be sent from `machine_now` on.
pub async fn insert(
    db: &mut PgConnection,
    pages: &[NewPage],
    care_now: Timestamp,
    machine_now: Timestamp,
) -> Result<(), sqlx::Error> {
    for page in pages {
        sqlx::query(
            "INSERT INTO page (page, alerts, requests, organisation, staff, channel, contact_point, address, priority, subject,
                               body, made_at, state, attempts, next_at, team, saw, answers)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'ready', 0, $13, $14, $15, $16)",
        )
        .bind(page.page)
        .bind(&page.alerts)
        .bind(&page.requests)
        .bind(page.organisation)
        .bind(page.staff)
        .bind(page.channel.name())
        .bind(page.contact_point)
        .bind(page.address.expose())
        .bind(&page.priority)
        .bind(&page.subject)
        .bind(&page.body)
        .bind(care_now.to_sqlx())
        .bind(machine_now.to_sqlx())
        .bind(page.team)
        .bind(&page.saw)
        .bind(page.answers)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Takes pages of one lane to send: those due, high alone or medium before low, the longest waiting first.
pub async fn take(
    pool: &PgPool,
    channel: Channel,
    high: bool,
    lease: Uuid,
    machine_now: Timestamp,
    limit: usize,
) -> Result<Vec<Taken>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH next AS (
             SELECT page FROM page
             WHERE state IN ('ready', 'sending') AND channel = $1 AND (priority = 'high') = $2 AND next_at <= $3
                   AND (lease_until IS NULL OR lease_until < now())
             ORDER BY priority DESC, next_at, page
             LIMIT $4 FOR UPDATE SKIP LOCKED
         )
         UPDATE page SET state = 'sending', lease = $5, lease_until = now() + make_interval(secs => $6),
                         attempts = (least(page.attempts, 1000) + 1)::smallint
         FROM next WHERE page.page = next.page
         RETURNING page.page, page.alerts, page.answers, page.address, page.priority, page.subject, page.body, page.test,
                   (SELECT secret FROM contact_point WHERE contact_point.contact_point = page.contact_point) AS secret,
                   page.organisation IS NULL AS to_operator, page.attempts::integer,
                   EXISTS (SELECT FROM staff WHERE staff.staff = page.staff AND deactivated_at IS NOT NULL) AS to_nobody",
    )
    .bind(channel.name())
    .bind(high)
    .bind(machine_now.to_sqlx())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(lease)
    .bind(LEASE_SECONDS)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Taken {
                page: row.try_get("page")?,
                lease,
                alerts: row.try_get("alerts")?,
                answers: row.try_get("answers")?,
                address: row.try_get::<String, _>("address")?.into(),
                secret: row.try_get::<Option<String>, _>("secret")?.map(Secret::from),
                priority: row.try_get("priority")?,
                subject: row.try_get("subject")?,
                body: row.try_get("body")?,
                test: row.try_get("test")?,
                to_operator: row.try_get("to_operator")?,
                to_nobody: row.try_get("to_nobody")?,
                attempts: row.try_get::<i32, _>("attempts")?.unsigned_abs(),
            })
        })
        .collect()
}

/// The server took it. False: the lease was no longer ours, and somebody else settles.
pub async fn settle_sent(db: &mut PgConnection, taken: &Taken, machine_now: Timestamp) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE page SET state = 'sent', sent_at = $3, lease = NULL, lease_until = NULL, last_error = NULL
         WHERE page = $1 AND lease = $2 AND state = 'sending'",
    )
    .bind(taken.page)
    .bind(taken.lease)
    .bind(machine_now.to_sqlx())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// To be tried again at `next_at` (machine time).
pub async fn settle_again(
    db: &mut PgConnection,
    taken: &Taken,
    next_at: Timestamp,
    error: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE page SET state = 'ready', next_at = $3, last_error = $4, lease = NULL, lease_until = NULL
         WHERE page = $1 AND lease = $2 AND state = 'sending'",
    )
    .bind(taken.page)
    .bind(taken.lease)
    .bind(next_at.to_sqlx())
    .bind(error)
    .execute(db)
    .await?;
    Ok(())
}

/// Never to be tried again. False: the lease was no longer ours.
pub async fn settle_given_up(db: &mut PgConnection, taken: &Taken, error: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE page SET state = 'given_up', last_error = $3, lease = NULL, lease_until = NULL
         WHERE page = $1 AND lease = $2 AND state = 'sending'",
    )
    .bind(taken.page)
    .bind(taken.lease)
    .bind(error)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether any page is being sent, or could be by now.
pub async fn any_unsent(pool: &PgPool, machine_now: Timestamp) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM page WHERE state IN ('ready', 'sending') AND next_at <= $1)")
        .bind(machine_now.to_sqlx())
        .fetch_one(pool)
        .await
}

/// The person of a page that did not go out is told over one of these channels too: the first over which they can be, and were not
/// told of the same. Over which; none: there is no other.
pub async fn also_over(
    db: &mut PgConnection,
    page: Uuid,
    channels: &[Channel],
    machine_now: Timestamp,
) -> Result<Option<(Uuid, Channel)>, sqlx::Error> {
    let names: Vec<&str> = channels.iter().map(|channel| channel.name()).collect();
    let row = sqlx::query(
        "INSERT INTO page (page, alerts, requests, organisation, staff, channel, contact_point, address, priority, subject, body,
                           made_at, state, attempts, next_at, instead_of, team, saw, answers)
         SELECT $2, page.alerts, page.requests, page.organisation, page.staff, point.kind, point.contact_point, point.address,
                page.priority, page.subject, page.body, page.made_at, 'ready', 0, $4, page.page, page.team, page.saw, page.answers
         FROM page JOIN contact_point AS point ON point.staff = page.staff AND point.verified_at IS NOT NULL
         WHERE page.page = $1 AND point.kind = ANY ($3)
               AND NOT EXISTS (SELECT FROM page AS other
                               WHERE other.alerts @> page.alerts AND other.staff = page.staff AND other.made_at = page.made_at
                                     AND other.channel = point.kind)
         ORDER BY array_position($3, point.kind), point.verified_at DESC LIMIT 1
         RETURNING page, channel AS kind",
    )
    .bind(page)
    .bind(random::new_id())
    .bind(names)
    .bind(machine_now.to_sqlx())
    .fetch_optional(db)
    .await?;
    row.map(|row| Ok((row.try_get("page")?, Channel::read(&row)?))).transpose()
}

/// When each of these people was last sent something of each of these priorities, which bundle (care time).
pub async fn last_made(
    db: &mut PgConnection,
    people: &[Uuid],
    priorities: &[&str],
) -> Result<BTreeMap<(Uuid, String), Timestamp>, sqlx::Error> {
    let rows: Vec<(Uuid, String, jiff_sqlx::Timestamp)> = sqlx::query_as(
        "SELECT asked.staff, asked.priority, last.made_at
         FROM (SELECT DISTINCT staff, priority FROM unnest($1::uuid[]) AS anybody (staff), unnest($2::text[]) AS any_of (priority)) AS asked
              CROSS JOIN LATERAL (SELECT page.made_at FROM page
                                  WHERE page.staff = asked.staff AND page.priority = asked.priority AND page.alerts <> '{}'
                                  ORDER BY page.made_at DESC LIMIT 1) AS last",
    )
    .bind(people)
    .bind(priorities)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|(staff, priority, at)| ((staff, priority), at.to_jiff())).collect())
}

/// As the eraser: codes, tests and what somebody was told about their answer, with their tries. What was never handed over stays until
/// it is: somebody must look at it.
pub async fn forget_of_no_alert(db: &mut PgConnection, care_now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM page WHERE alerts = '{}' AND made_at < $1 AND state IN ('sent', 'given_up')")
        .bind((care_now - KEPT_OF_NO_ALERT).to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}
