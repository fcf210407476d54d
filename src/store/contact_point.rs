//! Where members of staff can be told. All times are machine time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::random;
use crate::roster::{ContactPoint, Roster};
use crate::secret::Secret;
use crate::store::page::Channel;

#[derive(Debug)]
pub struct New<'a> {
    pub staff: Uuid,
    pub channel: Channel,
    pub address: &'a Secret,
    /// What signs what goes to a webhook; the keys of a browser.
    pub secret: Option<&'a Secret>,
    pub made_at: Timestamp,
    pub verified_at: Option<Timestamp>,
}

/// One of somebody's own, for a list.
#[derive(Clone, Debug)]
pub struct Listed {
    pub contact_point: Uuid,
    pub channel: Channel,
    pub address: Secret,
    pub made_at: Timestamp,
    pub verified_at: Option<Timestamp>,
    /// State of the page with the last code, while it counts.
    pub code: Option<String>,
}

/// Its id; none: this person has it already.
pub async fn insert(db: &mut PgConnection, new: &New<'_>) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO contact_point (contact_point, staff, kind, address, secret, made_at, verified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (staff, kind, address) DO NOTHING RETURNING contact_point",
    )
    .bind(random::new_id())
    .bind(new.staff)
    .bind(new.channel.name())
    .bind(new.address.expose())
    .bind(new.secret.map(Secret::expose))
    .bind(new.made_at.to_sqlx())
    .bind(new.verified_at.map(ToSqlx::to_sqlx))
    .fetch_optional(db)
    .await
}

/// Whoever runs the service says that it reaches this person.
pub async fn vouch(
    db: &mut PgConnection,
    staff: Uuid,
    channel: Channel,
    address: &Secret,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let new = New { staff, channel, address, secret: None, made_at: now, verified_at: Some(now) };
    insert(db, &new).await?;
    Ok(())
}

/// A mail that came to this address was answered: it is added if it was not there, and pages go to it.
pub async fn prove_email(db: &mut PgConnection, staff: Uuid, email: &str, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO contact_point (contact_point, staff, kind, address, made_at, verified_at)
         VALUES ($1, $2, 'email', $3, $4, $4)
         ON CONFLICT (staff, kind, address) DO UPDATE SET verified_at = coalesce(contact_point.verified_at, $4)",
    )
    .bind(random::new_id())
    .bind(staff)
    .bind(email)
    .bind(now.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

pub async fn list(db: &mut PgConnection, staff: Uuid, now: Timestamp) -> Result<Vec<Listed>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT point.contact_point, point.kind, point.address, point.made_at, point.verified_at, code.state
         FROM contact_point AS point LEFT JOIN LATERAL (
             SELECT page.state FROM contact_code JOIN page USING (page)
             WHERE contact_code.contact_point = point.contact_point AND contact_code.ends_at > $2 AND wrong_answers < 5
             ORDER BY contact_code.sent_at DESC LIMIT 1) AS code ON true
         WHERE point.staff = $1 ORDER BY point.made_at, point.contact_point",
    )
    .bind(staff)
    .bind(now.to_sqlx())
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                contact_point: row.try_get("contact_point")?,
                channel: Channel::read(row)?,
                address: row.try_get::<String, _>("address")?.into(),
                made_at: row.try_get::<jiff_sqlx::Timestamp, _>("made_at")?.to_jiff(),
                verified_at: row.try_get::<Option<jiff_sqlx::Timestamp>, _>("verified_at")?.map(|at| at.to_jiff()),
                code: row.try_get("state")?,
            })
        })
        .collect()
}

pub async fn verify(db: &mut PgConnection, staff: Uuid, which: Uuid, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE contact_point SET verified_at = $3 WHERE contact_point = $2 AND staff = $1")
        .bind(staff)
        .bind(which)
        .bind(now.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}

/// Pages on their way to it still go out.
pub async fn remove(db: &mut PgConnection, staff: Uuid, which: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM contact_point WHERE contact_point = $2 AND staff = $1")
        .bind(staff)
        .bind(which)
        .execute(db)
        .await?;
    Ok(gone.rows_affected() == 1)
}

/// Somebody whose contact point was taken away.
#[derive(Debug)]
pub struct Withdrawn {
    pub staff: Uuid,
    pub organisation: Uuid,
    pub name: String,
    /// With which they sign in.
    pub email: String,
    /// Where they are told of it: their best other one, of `order`; none: there is no other.
    pub instead: Option<ContactPoint>,
}

/// Takes away the contact point that this page went to. None: it is gone already.
pub async fn withdraw(db: &mut PgConnection, page: Uuid, order: &[Channel]) -> Result<Option<Withdrawn>, sqlx::Error> {
    let gone = sqlx::query(
        "DELETE FROM contact_point USING page, staff
         WHERE page.page = $1 AND contact_point.contact_point = page.contact_point AND staff.staff = contact_point.staff
         RETURNING staff.staff, staff.organisation, staff.name, staff.email",
    )
    .bind(page)
    .fetch_optional(&mut *db)
    .await?;
    let Some(gone) = gone else { return Ok(None) };
    let staff: Uuid = gone.try_get("staff")?;
    let names: Vec<&str> = order.iter().map(|channel| channel.name()).collect();
    let other = sqlx::query(
        "SELECT contact_point, kind, address FROM contact_point
         WHERE staff = $1 AND verified_at IS NOT NULL AND kind = ANY ($2)
         ORDER BY array_position($2, kind), verified_at DESC LIMIT 1",
    )
    .bind(staff)
    .bind(names)
    .fetch_optional(db)
    .await?;
    let instead = other.as_ref().map(read).transpose()?;
    Ok(Some(Withdrawn {
        staff,
        organisation: gone.try_get("organisation")?,
        name: gone.try_get("name")?,
        email: gone.try_get("email")?,
        instead,
    }))
}

fn read(row: &PgRow) -> Result<ContactPoint, sqlx::Error> {
    Ok(ContactPoint {
        contact_point: Some(row.try_get("contact_point")?),
        channel: Channel::read(row)?,
        address: row.try_get::<String, _>("address")?.into(),
    })
}

/// Writes into rosters where their people can be told: of each kind what was proven last.
pub async fn fill(db: &mut PgConnection, rosters: &mut [Roster]) -> Result<(), sqlx::Error> {
    let people: Vec<Uuid> = rosters.iter().flat_map(Roster::everybody).map(|member| member.staff).collect();
    let rows = sqlx::query(
        "SELECT DISTINCT ON (staff, kind) staff, kind, contact_point, address FROM contact_point
         WHERE staff = ANY($1) AND verified_at IS NOT NULL
         ORDER BY staff, kind, verified_at DESC, made_at DESC, contact_point",
    )
    .bind(people)
    .fetch_all(db)
    .await?;
    let mut points: BTreeMap<Uuid, Vec<ContactPoint>> = BTreeMap::new();
    for row in rows {
        points.entry(row.try_get("staff")?).or_default().push(read(&row)?);
    }
    for member in rosters.iter_mut().flat_map(Roster::everybody_mut) {
        member.contacts = points.get(&member.staff).cloned().unwrap_or_default();
    }
    Ok(())
}
