//! Whose records a member of staff may see, and who may act on an alert.
//!
//! One's teams are those one works in or stands on the roster of: who is paged must be able to answer. Administrators see every
//! team of their organisation. What is out of reach looks exactly like what does not exist.
//!
//! Whoever wants a record gets the transaction to read it in from here, with the entry of the audit already written; a look that
//! is refused is on record too.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::Web;
use super::api::Role;
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use crate::store::audit::{self, Act, Entry};
use crate::store::patient::Patient;
use crate::store::team::Team;
use crate::store::{self, alert_seen};

type Tx = Transaction<'static, Postgres>;

/// The teams whose people this member of staff sees, by name.
pub async fn teams(db: &mut PgConnection, who: &SignedIn) -> Answer<Vec<Team>> {
    Ok(match role(&who.role) {
        Role::Administrator => store::team::list(db, Some(who.organisation)).await?,
        Role::Coordinator | Role::Clinician | Role::Auditor => store::team::of_staff(db, who.staff).await?,
    })
}

/// A patient, for what `act` says; `detail` is the entry's.
pub async fn patient(web: &Web, who: &SignedIn, patient: Uuid, act: Act, detail: Value) -> Answer<(Tx, Patient)> {
    let mut db = web.parts.store.web_tx(who.organisation).await?;
    let asked = who.did(act, web.parts.clock.machine_now()).detail(detail);
    let Some(found) = within_reach(&mut db, who, patient).await? else {
        let refused = who.did(Act::RecordRefused, web.parts.clock.machine_now()).about(patient, who.organisation);
        return Err(refuse(db, &refused, Failure::not_found()).await?);
    };
    audit::write_look(&mut db, &asked.about(patient, found.organisation)).await?;
    Ok((db, found))
}

/// Which alert, of which patient, a page or a mail means.
pub async fn alert_by_reference(web: &Web, who: &SignedIn, reference: i64) -> Answer<(Tx, Uuid, Uuid)> {
    let mut db = web.parts.store.web_tx(who.organisation).await?;
    if let Some((alert, of)) = alert_seen::by_reference(&mut db, reference).await?
        && let Some(found) = within_reach(&mut db, who, of).await?
    {
        let look = who.did(Act::AlertFound, web.parts.clock.machine_now());
        audit::write_look(&mut db, &look.about(of, found.organisation).detail(json!({ "alert": alert }))).await?;
        return Ok((db, alert, of));
    }
    let refused = who.did(Act::RecordRefused, web.parts.clock.machine_now()).detail(json!({ "reference": reference }));
    Err(refuse(db, &refused, Failure::not_found()).await?)
}

/// Taking and closing is for those who work on the alert's team: not for auditors, nor for administrators of other teams.
pub async fn act_on(web: &Web, who: &SignedIn, alert: Uuid, act: Act) -> Answer<Tx> {
    let mut db = web.parts.store.web_tx(who.organisation).await?;
    let now = web.parts.clock.machine_now();
    let detail = json!({ "alert": alert });
    let of = match alert_seen::get(&mut db, alert).await? {
        Some((found, _)) => within_reach(&mut db, who, found.patient).await?,
        None => None,
    };
    let Some(of) = of else {
        let refused = who.did(Act::RecordRefused, now).detail(detail);
        return Err(refuse(db, &refused, Failure::not_found()).await?);
    };
    let may = match role(&who.role) {
        Role::Auditor => false,
        Role::Coordinator | Role::Clinician | Role::Administrator => {
            holds(&store::team::of_staff(&mut db, who.staff).await?, of.team)
        }
    };
    if !may {
        let failure = Failure::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "You can see this alert but not act on it. Ask someone on duty in its team.",
        );
        let refused = who.did(Act::RecordRefused, now).about(of.patient, of.organisation).detail(detail);
        return Err(refuse(db, &refused, failure).await?);
    }
    audit::write(&mut db, &who.did(act, now).about(of.patient, of.organisation).detail(detail)).await?;
    Ok(db)
}

async fn within_reach(db: &mut PgConnection, who: &SignedIn, patient: Uuid) -> Answer<Option<Patient>> {
    let Some(found) = store::patient::get(db, patient).await? else { return Ok(None) };
    Ok(holds(&teams(db, who).await?, found.team).then_some(found))
}

/// Nothing was done but asking: that is committed.
async fn refuse(mut db: Tx, entry: &Entry, failure: Failure) -> Answer<Failure> {
    audit::write_look(&mut db, entry).await?;
    db.commit().await?;
    Ok(failure)
}

pub fn holds(teams: &[Team], team: Uuid) -> bool {
    teams.iter().any(|known| known.team == team)
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
