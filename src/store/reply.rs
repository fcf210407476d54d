//! Who answers a page, and what the page told them. The first look, at who it could be, is taken as the role that pages; whatever
//! follows is done as that member of staff.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::secret::Secret;
use crate::store::page::Channel;

/// Nothing is brought again after so long.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A proven contact point, and whose it is.
#[derive(Clone, Debug)]
pub struct Sender {
    pub staff: Uuid,
    pub organisation: Uuid,
    pub contact_point: Uuid,
    pub channel: Channel,
    pub address: Secret,
    /// Another member of staff has proven it, too.
    pub shared: bool,
}

/// An alert that somebody was paged about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paged {
    pub alert: Uuid,
    pub reference: i64,
    /// `told`, as the page told it.
    pub saw: i64,
}

/// Whom a page went to by e-mail, while the address still counts.
pub async fn of_page(db: &mut PgConnection, page: Uuid) -> Result<Option<Sender>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT point.staff, staff.organisation, point.contact_point, point.kind, point.address,
                EXISTS (SELECT FROM contact_point AS other
                        WHERE other.kind = point.kind AND other.address = point.address AND other.staff <> point.staff
                              AND other.verified_at IS NOT NULL) AS shared
         FROM page JOIN contact_point AS point USING (contact_point) JOIN staff ON staff.staff = point.staff
         WHERE page.page = $1 AND page.staff = point.staff AND page.channel = 'email' AND page.alerts <> '{}'
               AND point.verified_at IS NOT NULL AND staff.deactivated_at IS NULL",
    )
    .bind(page)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(sender).transpose()
}

/// Whose telephone this is; of several one, who is told that it does not say who they are.
pub async fn of_number(db: &mut PgConnection, number: &str) -> Result<Option<Sender>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT point.staff, staff.organisation, point.contact_point, point.kind, point.address, count(*) OVER () > 1 AS shared
         FROM contact_point AS point JOIN staff USING (staff)
         WHERE point.kind = 'sms' AND point.address = $1 AND point.verified_at IS NOT NULL AND staff.deactivated_at IS NULL
         ORDER BY point.staff LIMIT 1",
    )
    .bind(number)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(sender).transpose()
}

fn sender(row: &PgRow) -> Result<Sender, sqlx::Error> {
    Ok(Sender {
        staff: row.try_get("staff")?,
        organisation: row.try_get("organisation")?,
        contact_point: row.try_get("contact_point")?,
        channel: Channel::read(row)?,
        address: row.try_get::<String, _>("address")?.into(),
        shared: row.try_get("shared")?,
    })
}

/// What a page was about.
pub async fn told_by(db: &mut PgConnection, page: Uuid) -> Result<Vec<Paged>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT alert.alert, alert.reference, told.saw
         FROM page CROSS JOIN LATERAL unnest(page.alerts, page.saw) AS told (alert, saw) JOIN alert ON alert.alert = told.alert
         WHERE page.page = $1 AND told.saw IS NOT NULL ORDER BY alert.reference",
    )
    .bind(page)
    .fetch_all(db)
    .await?;
    rows.iter().map(paged).collect()
}

/// Of these alerts, those that were told over this contact point, as they were told there last.
pub async fn told_over(
    db: &mut PgConnection,
    contact_point: Uuid,
    references: &[i64],
) -> Result<Vec<Paged>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT DISTINCT ON (alert.reference) alert.alert, alert.reference, told.saw
         FROM alert JOIN page ON page.alerts @> ARRAY[alert.alert]
                    CROSS JOIN LATERAL unnest(page.alerts, page.saw) AS told (alert, saw)
         WHERE alert.reference = ANY ($2) AND page.contact_point = $1 AND page.state = 'sent'
               AND told.alert = alert.alert AND told.saw IS NOT NULL
         ORDER BY alert.reference, page.made_at DESC, page.page DESC",
    )
    .bind(contact_point)
    .bind(references)
    .fetch_all(db)
    .await?;
    rows.iter().map(paged).collect()
}

fn paged(row: &PgRow) -> Result<Paged, sqlx::Error> {
    Ok(Paged { alert: row.try_get("alert")?, reference: row.try_get("reference")?, saw: row.try_get("saw")? })
}

/// Notes what came; `automatic`: a program wrote it. False: it came before.
pub async fn note(
    db: &mut PgConnection,
    reply: &[u8],
    staff: Uuid,
    automatic: bool,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let noted =
        sqlx::query("INSERT INTO reply (reply, staff, automatic, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
            .bind(reply)
            .bind(staff)
            .bind(automatic)
            .bind(now.to_sqlx())
            .execute(db)
            .await?;
    Ok(noted.rows_affected() == 1)
}

/// As the eraser.
pub async fn forget(db: &mut PgConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM reply WHERE at < $1").bind((now - KEPT).to_sqlx()).execute(db).await?;
    Ok(())
}

/// How many answers were taken from this member of staff since then (machine time).
pub async fn since(db: &mut PgConnection, staff: Uuid, then: Timestamp) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM reply WHERE staff = $1 AND at > $2 AND NOT automatic")
        .bind(staff)
        .bind(then.to_sqlx())
        .fetch_one(db)
        .await
}

/// How many programs wrote since then (machine time), whoever they answered for.
pub async fn automatic_since(pool: &PgPool, then: Timestamp) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM reply WHERE automatic AND at > $1")
        .bind(then.to_sqlx())
        .fetch_one(pool)
        .await
}

/// The time zone that this organisation's staff read hours in.
pub async fn zone(db: &mut PgConnection, organisation: Uuid) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("SELECT time_zone FROM organisation WHERE organisation = $1")
        .bind(organisation)
        .fetch_one(db)
        .await
}
