//! Whose records a member of staff may see: those their teams look after, and those they broke the glass for.
//!
//! One's teams are those one works in or stands on the roster of: who is paged must be able to answer. What is out of reach looks
//! exactly like what does not exist. The database holds the same wall once more (`migrations/0010`).
//!
//! Whoever wants a record gets the transaction to read it in from here, with the entry of the audit already written; a look that
//! is refused is on record too.

use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::Web;
use super::api::Role;
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use crate::store::audit::{self, Act, Entry};
use crate::store::patient::{self, Patient};
use crate::store::team::Team;
use crate::store::{self, alert_seen};

pub type Tx = Transaction<'static, Postgres>;

/// The teams whose people this member of staff sees, by name.
pub async fn teams(db: &mut PgConnection, who: &SignedIn) -> Answer<Vec<Team>> {
    Ok(store::team::of_staff(db, who.staff).await?)
}

/// A patient, for what `act` says; `detail` is the entry's.
pub async fn patient(web: &Web, who: &SignedIn, patient: Uuid, act: Act, detail: Value) -> Answer<(Tx, Patient)> {
    let mut db = web.transaction(who).await?;
    let now = web.parts.clock.machine_now();
    let Some(found) = patient::within_reach(&mut db, patient, who.staff).await? else {
        let refused = who.did(Act::RecordRefused, now).about(patient, who.organisation);
        return Err(refuse(db, &refused).await?);
    };
    audit::write_look(&mut db, &who.did(act, now).detail(detail).about(patient, found.organisation)).await?;
    Ok((db, found))
}

/// A patient, to let phones in and out and to change what is set for them. A glass that was broken opens the record and changes
/// nothing. Whoever calls writes what was done into the audit.
pub async fn to_change(web: &Web, who: &SignedIn, patient: Uuid) -> Answer<(Tx, Patient)> {
    let mut db = web.transaction(who).await?;
    let Some(found) = patient::within_reach(&mut db, patient, who.staff).await? else {
        let refused = who.did(Act::RecordRefused, web.parts.clock.machine_now()).about(patient, who.organisation);
        return Err(refuse(db, &refused).await?);
    };
    if !patient::is_looked_after_by(&mut db, patient, who.staff).await? {
        return Err(Failure::new(
            axum::http::StatusCode::FORBIDDEN,
            "not_allowed",
            "Only those whose team looks after this person can do this. Ask somebody of that team.",
        ));
    }
    Ok((db, found))
}

/// What came of a change whose transaction is over: if nothing, that somebody tried is on record all the same.
pub async fn tried<T>(web: &Web, who: &SignedIn, of: &Patient, done: Answer<T>) -> Answer<T> {
    if done.is_err() {
        let mut db = web.transaction(who).await?;
        let entry = who.did(Act::ChangeRefused, web.parts.clock.machine_now()).about(of.patient, of.organisation);
        audit::write_look(&mut db, &entry).await?;
        db.commit().await?;
    }
    done
}

/// Which alert, of which patient, a page or a mail means.
pub async fn alert_by_reference(web: &Web, who: &SignedIn, reference: i64) -> Answer<(Tx, Uuid, Uuid)> {
    let mut db = web.transaction(who).await?;
    let now = web.parts.clock.machine_now();
    if let Some((alert, of)) = alert_seen::by_reference(&mut db, reference).await?
        && let Some(found) = patient::within_reach(&mut db, of, who.staff).await?
    {
        let look = who.did(Act::AlertFound, now).about(of, found.organisation).detail(json!({ "alert": alert }));
        audit::write_look(&mut db, &look).await?;
        return Ok((db, alert, of));
    }
    let refused = who.did(Act::RecordRefused, now).detail(json!({ "reference": reference }));
    Err(refuse(db, &refused).await?)
}

/// An alert to do something to, and the patient it is about.
pub async fn alert(web: &Web, who: &SignedIn, alert: Uuid, act: Act) -> Answer<(Tx, Patient)> {
    let mut db = web.transaction(who).await?;
    let now = web.parts.clock.machine_now();
    let detail = json!({ "alert": alert });
    let of = match alert_seen::get(&mut db, alert).await? {
        Some((found, _)) => patient::within_reach(&mut db, found.patient, who.staff).await?,
        None => None,
    };
    let Some(of) = of else {
        return Err(refuse(db, &who.did(Act::RecordRefused, now).detail(detail)).await?);
    };
    audit::write(&mut db, &who.did(act, now).about(of.patient, of.organisation).detail(detail)).await?;
    Ok((db, of))
}

/// Nothing was done but asking: that is committed.
pub async fn refuse(mut db: Tx, entry: &Entry) -> Answer<Failure> {
    audit::write_look(&mut db, entry).await?;
    db.commit().await?;
    Ok(Failure::not_found())
}

/// The table's check allows these four; the least of them stands in for one that is not known yet.
pub fn role(name: &str) -> Role {
    match name {
        "co-ordinator" => Role::Coordinator,
        "clinician" => Role::Clinician,
        "administrator" => Role::Administrator,
        _ => Role::Auditor,
    }
}

pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Coordinator => "co-ordinator",
        Role::Clinician => "clinician",
        Role::Administrator => "administrator",
        Role::Auditor => "auditor",
    }
}
