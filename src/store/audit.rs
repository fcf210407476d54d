//! Who looked at or changed what. An entry is written in the transaction of the act it records, so that neither is without
//! the other; nothing changes one afterwards, and `audit_chain` shows if somebody did.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

pub use super::audit_act::Act;

/// Pages fetch anew whenever something changes: one look in this time is one entry.
const ONE_LOOK: SignedDuration = SignedDuration::from_hours(1);

/// Who did it.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A member of staff, and the organisation that employs them.
    Staff { staff: Uuid, employer: Uuid },
    /// A patient's or a carer's device.
    Device(Uuid),
    /// Whoever gave a command, by name.
    Operator(String),
    /// The service by itself.
    Service,
    /// Nobody we know.
    Stranger,
}

/// One act of somebody. `at` is machine time; `detail` holds ids and settings, never a name, a reading or a value.
#[derive(Clone, Debug)]
pub struct Entry {
    actor: Actor,
    address: Option<IpAddr>,
    act: Act,
    /// Whose auditors see it, besides the actor's employer's; none: the operator's alone.
    organisation: Option<Uuid>,
    patient: Option<Uuid>,
    why: Option<String>,
    detail: Value,
    at: Timestamp,
}

impl Entry {
    pub fn new(actor: Actor, act: Act, at: Timestamp) -> Self {
        let organisation = match actor {
            Actor::Staff { employer, .. } => Some(employer),
            _ => None,
        };
        Self { actor, address: None, act, organisation, patient: None, why: None, detail: json!({}), at }
    }

    /// The network address the act came from.
    pub fn from_address(self, address: impl Into<Option<IpAddr>>) -> Self {
        Self { address: address.into(), ..self }
    }

    /// The organisation that is concerned, where it is not the actor's own.
    pub fn at_organisation(self, organisation: Uuid) -> Self {
        Self { organisation: Some(organisation), ..self }
    }

    /// Whose record it is, and of which organisation they are.
    pub fn about(self, patient: Uuid, organisation: Uuid) -> Self {
        Self { patient: Some(patient), organisation: Some(organisation), ..self }
    }

    /// The reason that was given.
    pub fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    pub fn detail(self, detail: Value) -> Self {
        Self { detail, ..self }
    }
}

pub async fn write(db: &mut PgConnection, entry: &Entry) -> Result<(), sqlx::Error> {
    insert(db, entry, None).await
}

/// That somebody looked: like `write`, but the same look within an hour is not written again.
pub async fn write_look(db: &mut PgConnection, entry: &Entry) -> Result<(), sqlx::Error> {
    insert(db, entry, Some(entry.at - ONE_LOOK)).await
}

async fn insert(db: &mut PgConnection, entry: &Entry, unless_since: Option<Timestamp>) -> Result<(), sqlx::Error> {
    let (actor, staff, employer, device, operator) = match &entry.actor {
        Actor::Staff { staff, employer } => ("staff", Some(staff), Some(employer), None, None),
        Actor::Device(device) => ("device", None, None, Some(device), None),
        Actor::Operator(name) => ("operator", None, None, None, Some(name)),
        Actor::Service => ("service", None, None, None, None),
        Actor::Stranger => ("stranger", None, None, None, None),
    };
    sqlx::query(
        "INSERT INTO audit (organisation, at, actor, staff, employer, device, operator, address, patient, what, why, detail)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8::inet, $9, $10, $11, $12
         WHERE NOT EXISTS (SELECT FROM audit WHERE (staff = $4 OR device = $6) AND at > $13
                                                   AND patient IS NOT DISTINCT FROM $9 AND what = $10 AND detail = $12)",
    )
    .bind(entry.organisation)
    .bind(entry.at.to_sqlx())
    .bind(actor)
    .bind(staff)
    .bind(employer)
    .bind(device)
    .bind(operator)
    .bind(entry.address.map(|address| address.to_string()))
    .bind(entry.patient)
    .bind(entry.act.name())
    .bind(&entry.why)
    .bind(&entry.detail)
    .bind(unless_since.map(|since| since.to_sqlx()))
    .execute(db)
    .await?;
    Ok(())
}
