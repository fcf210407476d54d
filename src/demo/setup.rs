//! Sets up the cast's organisation as an administrator would: straight into the database, in one transaction, through the
//! functions that `derwent admin` uses.

use std::collections::BTreeMap;

use alert_rules::escalation::Weekly;
use alert_rules::facts::{Due, Facts, Plan, Slot};
use alert_rules::finding::Priority;
use alert_rules::vital::Vital;
use anyhow::{Context, ensure};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::PgConnection;
use uuid::Uuid;

use super::cast::{Cast, Person};
use crate::random;
use crate::store::enrolment_code::{self, NewCode, Whose};
use crate::store::facts::NewVersion;
use crate::store::organisation::Organisation;
use crate::store::page::Channel;
use crate::store::patient::Patient;
use crate::store::roster_change::{self, Place};
use crate::store::staff::Staff;
use crate::store::team::Team;
use crate::store::{Store, contact_point, credential, facts, organisation, patient, second_factor, staff, team};
use crate::web::{password, totp};

/// What was made, as far as the demo goes on to need it.
#[derive(Debug)]
pub struct World {
    pub organisation: Uuid,
    pub zone: TimeZone,
    /// Who works the demo's worklist, her password, and the secret of her one-time codes.
    pub coordinator_email: String,
    pub coordinator_password: String,
    pub coordinator_totp: [u8; totp::SECRET_BYTES],
    /// In the order of the cast.
    pub people: Vec<Enrollable>,
}

/// A person whose phone can be enrolled.
#[derive(Debug)]
pub struct Enrollable {
    pub patient: Uuid,
    pub born: Date,
    pub code: String,
}

/// `begins`: for each person of the cast, when the plan begins (care time). `machine_now` dates the enrolment codes.
pub async fn set_up(store: &Store, cast: &Cast, begins: &[Timestamp], machine_now: Timestamp) -> anyhow::Result<World> {
    let zone = TimeZone::get(&cast.organisation.time_zone).context("the time zone of the cast")?;
    let begin = *begins.iter().min().context("the cast has people")?;
    let mut tx = store.owner.begin().await?;
    let organisation = Organisation {
        organisation: random::new_id(),
        name: cast.organisation.name.clone(),
        time_zone: cast.organisation.time_zone.clone(),
    };
    organisation::insert(&mut tx, &organisation).await?;
    let team = make_team(&mut tx, cast, organisation.organisation).await?;
    let coordinator_password = random::token();
    let coordinator_totp = totp::new_secret();
    let ways_in = Secrets { password: &coordinator_password, totp: &coordinator_totp, set_at: machine_now };
    make_staff(&mut tx, cast, &team, &ways_in).await?;
    let mut people = Vec::new();
    ensure!(begins.len() == cast.person.len(), "each person needs a beginning");
    for (person, begin_of_plan) in cast.person.iter().zip(begins) {
        let plan = plan_of(cast, person, *begin_of_plan, &zone)?;
        people.push(make_person(&mut tx, person, plan, &team, &organisation, begin, machine_now).await?);
    }
    tx.commit().await?;
    let coordinator_email = cast.staff.first().context("the cast has staff")?.email.clone();
    Ok(World {
        organisation: organisation.organisation,
        zone,
        coordinator_email,
        coordinator_password,
        coordinator_totp,
        people,
    })
}

async fn make_team(db: &mut PgConnection, cast: &Cast, organisation: Uuid) -> anyhow::Result<Team> {
    let new =
        Team { team: random::new_id(), organisation, name: cast.team.name.clone(), phone: cast.team.phone.clone() };
    team::insert(db, &new, &[weekly(&cast.team.cover)?]).await?;
    Ok(new)
}

/// What the co-ordinator signs in with.
struct Secrets<'a> {
    password: &'a str,
    totp: &'a [u8],
    /// Machine time.
    set_at: Timestamp,
}

/// All of them carry a pager; the first can sign in.
async fn make_staff(db: &mut PgConnection, cast: &Cast, team: &Team, ways_in: &Secrets<'_>) -> anyhow::Result<()> {
    let mut places = Vec::new();
    for (index, member) in cast.staff.iter().enumerate() {
        let new = Staff {
            staff: random::new_id(),
            organisation: team.organisation,
            name: member.name.clone(),
            email: member.email.clone(),
            role: "co-ordinator".into(),
            profession: member.profession.clone(),
        };
        staff::insert(db, &new).await?;
        for (channel, address) in [(Channel::Email, &member.email), (Channel::Pager, &member.name)] {
            contact_point::vouch(db, new.staff, channel, &address.clone().into(), ways_in.set_at).await?;
        }
        if index == 0 {
            credential::set(db, new.staff, &password::hash(ways_in.password)?, ways_in.set_at).await?;
            second_factor::set_totp(db, new.staff, ways_in.totp, 0, ways_in.set_at).await?;
        }
        team::add_member(db, team.team, new.staff).await?;
        places.push(Place { staff: new.staff, weekly: weekly(&member.shift)? });
    }
    roster_change::set_shifts(db, team.team, &places).await?;
    Ok(())
}

/// What is set for a person of the cast.
pub(super) fn plan_of(cast: &Cast, person: &Person, since: Timestamp, zone: &TimeZone) -> anyhow::Result<Facts> {
    let plan = cast.plan.get(&person.plan).context("a plan of the cast")?;
    let slots = plan.slots.iter().map(|slot| {
        let vital = Vital::named(&slot.vital).with_context(|| format!("{} is no vital", slot.vital))?;
        Ok(Slot::daily(Due::Vital(vital), slot.at))
    });
    let mut tags: BTreeMap<String, bool> = plan.tags.iter().map(|tag| (tag.clone(), true)).collect();
    tags.insert("lives_alone".into(), person.lives_alone);
    tags.insert("pregnant".into(), false);
    Ok(Facts {
        version: 0,
        valid_from: Some(since),
        date_of_birth: person.born,
        time_zone: zone.clone(),
        tags,
        plan: Plan {
            since,
            packs: plan.packs.clone(),
            slots: slots.collect::<anyhow::Result<_>>()?,
            limits: BTreeMap::new(),
            absence_priority: if person.lives_alone { Priority::Medium } else { Priority::Low },
        },
        spo2_scale_2: None,
        pauses: Vec::new(),
        service_gaps: Vec::new(),
    })
}

async fn make_person(
    db: &mut PgConnection,
    person: &Person,
    plan: Facts,
    team: &Team,
    organisation: &Organisation,
    made_at: Timestamp,
    machine_now: Timestamp,
) -> anyhow::Result<Enrollable> {
    let new = Patient {
        patient: random::new_id(),
        organisation: organisation.organisation,
        team: team.team,
        given_name: person.given_name.clone(),
        family_name: person.family_name.clone(),
        date_of_birth: person.born,
        phone: Some(person.phone.clone()),
        lives_alone: person.lives_alone,
        time_zone: organisation.time_zone.clone(),
        live_since: None,
    };
    patient::insert(db, &new, made_at).await?;
    let version = NewVersion {
        patient: new.patient,
        organisation: organisation.organisation,
        facts: &plan,
        valid_from: plan.plan.since,
        made_by: "the demo",
        why: "the cast",
    };
    facts::insert(db, version).await?;
    let code = make_code(db, new.patient, organisation.organisation, machine_now).await?;
    Ok(Enrollable { patient: new.patient, born: person.born, code })
}

/// Another phone for a person of the cast: the one in the browser.
pub async fn another_code(
    store: &Store,
    world: &World,
    patient: Uuid,
    machine_now: Timestamp,
) -> anyhow::Result<String> {
    let mut tx = store.owner.begin().await?;
    let code = make_code(&mut tx, patient, world.organisation, machine_now).await?;
    tx.commit().await?;
    Ok(code)
}

async fn make_code(
    db: &mut PgConnection,
    patient: Uuid,
    organisation: Uuid,
    machine_now: Timestamp,
) -> Result<String, sqlx::Error> {
    let whose = Whose::Patient(patient);
    let new = NewCode { organisation, whose, people: &[], replaces: None, made_by: "the demo" };
    Ok(enrolment_code::make(db, &new, machine_now).await?.code)
}

/// `08:00-20:00`; the same hour twice is all day.
fn weekly(text: &str) -> anyhow::Result<Weekly> {
    text.parse().map_err(anyhow::Error::msg)
}
