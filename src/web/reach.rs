//! Whose records a member of staff may see, and who may act on an alert.
//!
//! One's teams are those one works in or stands on the roster of: who is paged must be able to answer. Administrators see every
//! team of their organisation. What is out of reach looks exactly like what does not exist.

use axum::http::StatusCode;
use sqlx::PgConnection;
use uuid::Uuid;

use super::api::Role;
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use crate::store::patient::Patient;
use crate::store::team::Team;
use crate::store::{self, alert_seen};

/// The teams whose people this member of staff sees, by name.
pub async fn teams(db: &mut PgConnection, who: &SignedIn) -> Answer<Vec<Team>> {
    Ok(match role(&who.role) {
        Role::Administrator => store::team::list(db, Some(who.organisation)).await?,
        Role::Coordinator | Role::Clinician | Role::Auditor => store::team::of_staff(db, who.staff).await?,
    })
}

pub async fn patient(db: &mut PgConnection, who: &SignedIn, patient: Uuid) -> Answer<Patient> {
    let found = store::patient::get(db, patient).await?.ok_or_else(Failure::not_found)?;
    if !holds(&teams(db, who).await?, found.team) {
        return Err(Failure::not_found());
    }
    Ok(found)
}

/// Which alert, of which patient, a page or a mail means.
pub async fn alert_by_reference(db: &mut PgConnection, who: &SignedIn, reference: i64) -> Answer<(Uuid, Uuid)> {
    let (alert, of) = alert_seen::by_reference(db, reference).await?.ok_or_else(Failure::not_found)?;
    patient(db, who, of).await?;
    Ok((alert, of))
}

/// Taking and closing is for those who work on the alert's team: not for auditors, nor for administrators of other teams.
pub async fn act_on(db: &mut PgConnection, who: &SignedIn, alert: Uuid) -> Answer<()> {
    let (found, _) = alert_seen::get(db, alert).await?.ok_or_else(Failure::not_found)?;
    let of = patient(db, who, found.patient).await?;
    let may = match role(&who.role) {
        Role::Auditor => false,
        Role::Coordinator | Role::Clinician | Role::Administrator => {
            holds(&store::team::of_staff(db, who.staff).await?, of.team)
        }
    };
    if !may {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "You can see this alert but not act on it. Ask someone on duty in its team.",
        ));
    }
    Ok(())
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
