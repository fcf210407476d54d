//! Who works in the world that is measured, and what is set for its patients.

use alert_rules::Vital;
use alert_rules::escalation::{Hours, Weekly};
use alert_rules::facts::{Due, Facts, Plan, Slot};
use alert_rules::finding::Priority;
use jiff::Timestamp;
use jiff::civil::{Time, date};
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::random;
use crate::store::organisation::Organisation;
use crate::store::page::Channel;
use crate::store::roster_change::{self, Place};
use crate::store::staff::Staff;
use crate::store::team::Team;
use crate::store::{Store, contact_point, organisation, staff, team};

pub const MORNING: Time = Time::constant(8, 0, 0, 0);

/// An organisation, and a team of it: one nurse, always on duty, with mail and no pager.
pub async fn staff(store: &Store) -> anyhow::Result<(Uuid, Uuid)> {
    let mut tx = store.owner.begin().await?;
    let organisation =
        Organisation { organisation: random::new_id(), name: "Load".into(), time_zone: "Europe/London".into() };
    organisation::insert(&mut tx, &organisation).await?;
    let team = Team {
        team: random::new_id(),
        organisation: organisation.organisation,
        name: "Load".into(),
        phone: "01773 496 0100".into(),
    };
    let always = Weekly::daily(Hours::ALL_DAY);
    team::insert(&mut tx, &team, &[always]).await?;
    let nurse = Staff {
        staff: random::new_id(),
        organisation: organisation.organisation,
        name: "Nurse".into(),
        email: "nurse@load.example".into(),
        role: "co-ordinator".into(),
        profession: "nurse".into(),
    };
    staff::insert(&mut tx, &nurse).await?;
    contact_point::vouch(&mut tx, nurse.staff, Channel::Email, &nurse.email.clone().into(), Timestamp::UNIX_EPOCH)
        .await?;
    team::add_member(&mut tx, team.team, nurse.staff).await?;
    roster_change::set_shifts(&mut tx, team.team, &[Place { staff: nurse.staff, weekly: always }]).await?;
    tx.commit().await?;
    Ok((organisation.organisation, team.team))
}

/// Everybody's: the hypertension pack, and a blood pressure each day at this time.
pub fn facts(since: Timestamp, at: Time) -> Facts {
    let slot = Slot::daily(Due::Vital(Vital::BloodPressure), at);
    Facts {
        version: 1,
        valid_from: Some(since),
        date_of_birth: date(1950, 1, 1),
        time_zone: TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC),
        tags: [("pregnant".to_owned(), false)].into(),
        plan: Plan {
            since,
            packs: vec!["hypertension".into()],
            slots: vec![slot],
            limits: [].into(),
            absence_priority: Priority::Medium,
        },
        spo2_scale_2: None,
        pauses: Vec::new(),
        service_gaps: Vec::new(),
    }
}
