//! The person who does not exist, with whom the service tries itself. Made for one test and taken away after it, so nothing of
//! them grows; of an organisation in which nobody works, so nobody sees them.

use alert_rules::Facts;
use alert_rules::escalation::{Hours, Weekly};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::facts::{self, NewVersion};
use super::patient::{self, Patient};
use super::{erasure, organisation, team};
use crate::store::organisation::Organisation;
use crate::store::team::Team;

/// As `synthetic_organisation()` says (`0039_watched`).
pub const ORGANISATION: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_5e1f_7e57_0000);
const TEAM: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_5e1f_7e57_0001);
const NAME: &str = "The service's test of itself";
/// No test lasts so long: whoever is left was left by a process that died.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_mins(10);

/// Who is made for one test.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub patient: Uuid,
    pub device: Uuid,
}

/// Makes the person and their phone. Nothing is asked of them and no pack watches them.
pub async fn make(
    pool: &PgPool,
    person: Person,
    public_key: &serde_json::Value,
    facts: &Facts,
    care_now: Timestamp,
    machine_now: Timestamp,
) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    make_house(&mut tx).await?;
    let new = Patient {
        patient: person.patient,
        organisation: ORGANISATION,
        team: TEAM,
        given_name: "Nobody".to_owned(),
        family_name: NAME.to_owned(),
        date_of_birth: date(1950, 1, 1),
        phone: None,
        lives_alone: false,
        time_zone: "UTC".to_owned(),
        live_since: None,
    };
    patient::insert(&mut tx, &new, care_now).await?;
    let version = NewVersion {
        patient: person.patient,
        organisation: ORGANISATION,
        facts,
        valid_from: care_now,
        made_by: NAME,
        why: NAME,
    };
    facts::insert(&mut tx, version).await?;
    sqlx::query(
        "INSERT INTO device (device, organisation, patient, public_key, name, platform, app_version, enrolled_at, connection, last_push)
         VALUES ($1, $2, $3, $4, $5, 'derwent', '', $6, 0, 0)",
    )
    .bind(person.device)
    .bind(ORGANISATION)
    .bind(person.patient)
    .bind(public_key)
    .bind(NAME)
    .bind(machine_now.to_sqlx())
    .execute(&mut *tx)
    .await?;
    sqlx::query("INSERT INTO device_person (device, handle, patient) VALUES ($1, 'p1', $2)")
        .bind(person.device)
        .bind(person.patient)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Their organisation and team, once.
async fn make_house(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    // Two replicas may begin at once.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('synthetic organisation'))").execute(&mut *db).await?;
    if organisation::get(db, ORGANISATION).await?.is_some() {
        return Ok(());
    }
    let new = Organisation { organisation: ORGANISATION, name: NAME.to_owned(), time_zone: "UTC".to_owned() };
    organisation::insert(db, &new).await?;
    let new = Team { team: TEAM, organisation: ORGANISATION, name: NAME.to_owned(), phone: String::new() };
    team::insert(db, &new, &[Weekly::daily(Hours::ALL_DAY)]).await
}

/// How far a test has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    Nothing,
    Stored,
    Judged,
    /// An alert was opened, and a page asked for.
    Alerted,
    /// A page was formed. Why it was not sent yet, if it was tried.
    Paged(Option<String>),
    /// It will not be sent, and why.
    GivenUp(Option<String>),
    /// The mail server took it.
    Delivered,
}

pub async fn reached(pool: &PgPool, patient: Uuid) -> Result<Reached, sqlx::Error> {
    let (stored, judged, alerted): (bool, bool, bool) = sqlx::query_as(
        "SELECT EXISTS (SELECT FROM submission WHERE patient = $1),
                EXISTS (SELECT FROM evaluation WHERE patient = $1 AND from_seq IS NOT NULL AND outcome = 'judged'),
                EXISTS (SELECT FROM alert WHERE patient = $1)",
    )
    .bind(patient)
    .fetch_one(pool)
    .await?;
    let page: Option<(String, Option<String>)> = sqlx::query_as(
        "SELECT page.state, page.last_error
         FROM alert JOIN page ON page.alerts @> ARRAY[alert.alert] WHERE alert.patient = $1
         ORDER BY page.state = 'sent' DESC, page.made_at DESC LIMIT 1",
    )
    .bind(patient)
    .fetch_optional(pool)
    .await?;
    Ok(match page {
        Some((state, _)) if state == "sent" => Reached::Delivered,
        Some((state, error)) if state == "given_up" => Reached::GivenUp(error),
        Some((_, error)) => Reached::Paged(error),
        None if alerted => Reached::Alerted,
        None if judged => Reached::Judged,
        None if stored => Reached::Stored,
        None => Reached::Nothing,
    })
}

/// Takes this person away, with everything that came of them.
pub async fn remove(pool: &PgPool, patient: Uuid) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    // Whoever stores or judges something of them just now is waited for, and afterwards finds nobody.
    erasure::lock(&mut tx, patient).await?;
    sqlx::query("SELECT FROM patient_judged WHERE patient = $1 FOR UPDATE").bind(patient).execute(&mut *tx).await?;
    for delete in erasure::DELETES {
        sqlx::query(*delete).bind(patient).execute(&mut *tx).await?;
    }
    tx.commit().await
}

/// Whom a process that died left behind.
pub async fn left_behind(pool: &PgPool, care_now: Timestamp) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT patient FROM patient WHERE organisation = $1 AND made_at < $2")
        .bind(ORGANISATION)
        .bind((care_now - LEFT_BEHIND).to_sqlx())
        .fetch_all(pool)
        .await
}
