//! Pages with which somebody tries whether pages reach a person. The pages form them by functions of the database (`0040_paging_seen`),
//! because the web's role sees nobody's address but one's own.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::store::page::Channel;

#[derive(Debug)]
pub struct NewTest<'a> {
    pub page: Uuid,
    pub staff: Uuid,
    pub contact_point: Uuid,
    pub subject: &'a str,
    pub body: &'a str,
}

/// False: this person has proven no such contact point, or whoever acts neither is them nor administers them.
pub async fn form(
    db: &mut PgConnection,
    new: &NewTest<'_>,
    care_now: Timestamp,
    machine_now: Timestamp,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT form_test_page($1, $2, $3, $4, $5, $6, $7)")
        .bind(new.page)
        .bind(new.staff)
        .bind(new.contact_point)
        .bind(new.subject)
        .bind(new.body)
        .bind(care_now.to_sqlx())
        .bind(machine_now.to_sqlx())
        .fetch_one(db)
        .await
}

/// The same by whoever runs the service: as the owner of the tables, who sees everybody's contact points. False: this person has proven
/// no such one, or works here no more.
pub async fn form_by_operator(
    db: &mut PgConnection,
    new: &NewTest<'_>,
    care_now: Timestamp,
    machine_now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let formed = sqlx::query(
        "INSERT INTO page (page, alerts, organisation, staff, channel, contact_point, address, priority, subject, body, made_at,
                           state, attempts, next_at, test)
         SELECT $1, '{}', staff.organisation, staff.staff, point.kind, point.contact_point, point.address, 'medium', $4, $5, $6,
                'ready', 0, $7, true
         FROM contact_point AS point JOIN staff USING (staff)
         WHERE point.staff = $2 AND point.contact_point = $3 AND point.verified_at IS NOT NULL AND staff.deactivated_at IS NULL",
    )
    .bind(new.page)
    .bind(new.staff)
    .bind(new.contact_point)
    .bind(new.subject)
    .bind(new.body)
    .bind(care_now.to_sqlx())
    .bind(machine_now.to_sqlx())
    .execute(db)
    .await?;
    Ok(formed.rows_affected() == 1)
}

/// How many were made for this person since (care time).
pub async fn sent_since(db: &mut PgConnection, staff: Uuid, since: Timestamp) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM page WHERE staff = $1 AND test AND made_at > $2")
        .bind(staff)
        .bind(since.to_sqlx())
        .fetch_one(db)
        .await
}

pub async fn is_to(db: &mut PgConnection, page: Uuid, staff: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM page WHERE page = $1 AND staff = $2 AND test)")
        .bind(page)
        .bind(staff)
        .fetch_one(db)
        .await
}

/// Contact points that this person has proven, where whoever acts is them or administers them.
pub async fn proven_ways(db: &mut PgConnection, staff: Uuid) -> Result<Vec<(Uuid, Channel)>, sqlx::Error> {
    let rows = sqlx::query("SELECT contact_point, kind FROM proven_ways($1)").bind(staff).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get("contact_point")?, Channel::read(row)?))).collect()
}
