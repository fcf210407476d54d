//! Who is in a world: patients with plans, phones with owners, staff on a roster. All from the seed.

use std::collections::BTreeMap;
use std::time::Duration;

use alert_rules::escalation::{Cover, Hours, Policies, Weekly};
use alert_rules::facts::{Due, Facts, Plan, Slot};
use alert_rules::{Priority, Vital};
use jiff::civil::{Time, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mobile_api::phone::{Identity, Phone};
use uuid::Uuid;

use super::database::{Database, DeviceRow, Patient};
use super::dice::Dice;
use super::faults::Faults;
use super::handset::Handset;
use super::staff::{Colleague, Manner};
use crate::roster::{ContactPoint, Leave, Member, Override, Roster, Shift};
use crate::store::page::Channel;
use crate::store::person::Person;

const PATIENTS: [&str; 4] = ["dorothy", "albert", "mavis", "stanley"];
const STAFF: [&str; 3] = ["ida", "tom", "kay"];
const PACKS: [(&str, &[Vital]); 3] =
    [("hypertension", &[Vital::BloodPressure]), ("heart-failure", &[Vital::Weight]), ("diabetes", &[Vital::Glucose])];

#[derive(Debug)]
pub struct Cast {
    pub database: Database,
    pub phones: Vec<Handset>,
    pub staff: Vec<Colleague>,
    /// By id, for the trace.
    pub names: BTreeMap<Uuid, &'static str>,
    pub has_pager: bool,
}

impl Cast {
    pub fn roll(dice: &mut Dice, faults: &Faults, start: Timestamp) -> Self {
        let organisation = dice.id();
        let team = dice.id();
        let mut cast = Self {
            database: Database::default(),
            phones: Vec::new(),
            staff: Vec::new(),
            names: BTreeMap::new(),
            has_pager: dice.chance(700),
        };
        cast.hire(dice, faults, team, start);
        let count = usize::try_from(1 + dice.below(3)).unwrap_or(1);
        let mut patients = Vec::new();
        for name in &PATIENTS[..count] {
            let patient = dice.id();
            cast.names.insert(patient, name);
            patients.push((patient, *name));
            let facts = facts(dice, start);
            let person = Person {
                patient,
                organisation,
                team,
                live: false,
                ended: false,
                last_seq: 0,
                facts_version: 1,
                facts_since: Some(facts.plan.since),
                facts: Some(serde_json::to_value(&facts).expect("facts are plain")),
            };
            cast.database.patients.insert(patient, new_patient(person));
        }
        for (patient, name) in patients.clone() {
            let phones = if dice.chance(250) { 2 } else { 1 };
            for n in 1..=phones {
                let name = if n == 1 { name.to_owned() } else { format!("{name}'s {n}nd") };
                cast.enrol(dice, name, organisation, Some(patient), vec![("me".to_owned(), patient)]);
            }
        }
        if dice.chance(350) {
            let people = patients.iter().map(|(patient, name)| ((*name).to_owned(), *patient)).collect();
            cast.enrol(dice, "the carer".to_owned(), organisation, None, people);
        }
        cast
    }

    fn hire(&mut self, dice: &mut Dice, faults: &Faults, team: Uuid, start: Timestamp) {
        let count = usize::try_from(dice.below(4)).unwrap_or(0);
        let mut shifts = Vec::new();
        let mut members = Vec::new();
        for name in &STAFF[..count] {
            let staff = dice.id();
            self.names.insert(staff, name);
            let has_pager = dice.chance(600);
            let email = format!("{name}@example.org");
            let point = |channel, address: &str| ContactPoint {
                contact_point: Some(staff),
                channel,
                address: address.to_owned().into(),
            };
            let mut contacts = vec![point(Channel::Email, &email)];
            if has_pager {
                contacts.push(point(Channel::Pager, name));
            }
            let member = Member { staff, name: (*name).to_owned(), email, role: "coordinator".to_owned(), contacts };
            let (from, until) = dice.one_of(&[(8, 20), (8, 14), (14, 20), (20, 8), (0, 0)]);
            let hours = Hours { from: hour(from), until: hour(until) };
            shifts.push(Shift { weekly: Weekly::daily(hours), member: member.clone() });
            members.push(member);
            let manner = dice.one_of(&[Manner::Prompt, Manner::Slow, Manner::Never]);
            self.staff.push(Colleague { staff, name, manner, unreachable: dice.chance(faults.mail_permanent) });
        }
        if dice.chance(800) {
            let day = Weekly::daily(Hours { from: hour(8), until: hour(20) });
            shifts.iter_mut().for_each(|shift| shift.weekly = day);
        }
        let zone = TimeZone::get("Europe/London").expect("bundled");
        let until = if dice.chance(200) { 8 } else { 20 };
        let cover = Cover::daily(Hours { from: hour(8), until: hour(until) }, zone);
        let mut own = Roster {
            team,
            team_name: "Belper".to_owned(),
            phone: "01773 000000".to_owned(),
            cover,
            taken_by: BTreeMap::new(),
            shifts,
            overrides: Vec::new(),
            leave: Vec::new(),
            members,
            policies: Policies::standard(),
        };
        // Dice of its own: what else there is in a world does not hang on it.
        let mut dice = Dice::new(team.as_u64_pair().0);
        unsettle(&mut dice, &mut own, start);
        if dice.chance(400) {
            let evening = evening(&mut dice, &mut own);
            let staff = evening.members[0].staff;
            self.names.insert(staff, "eve");
            let manner = dice.one_of(&[Manner::Prompt, Manner::Slow, Manner::Never]);
            self.staff.push(Colleague { staff, name: "eve", manner, unreachable: false });
            self.database.rosters.push(evening);
        }
        self.database.rosters.push(own);
    }

    fn enrol(
        &mut self,
        dice: &mut Dice,
        name: String,
        organisation: Uuid,
        own: Option<Uuid>,
        people: Vec<(String, Uuid)>,
    ) {
        let device = dice.id();
        self.database.devices.insert(device, DeviceRow::default());
        let identity = Identity { device_id: device, app_version: "1".to_owned(), notifications: None };
        let fast_by = if dice.chance(750) {
            SignedDuration::from_secs(dice.between(-90, 90))
        } else {
            SignedDuration::from_hours(dice.one_of(&[-24 * 3650, -13, -1, 1, 13, 24 * 3650]))
        };
        self.phones.push(Handset {
            name,
            device,
            organisation,
            own,
            people,
            phone: Phone::new(identity.clone()),
            identity,
            fast_by,
            tells_age: dice.chance(400),
            awake_until: None,
            on: true,
            line: None,
            wake: None,
            saved: Vec::new(),
            saved_push: 0,
            sent: Vec::new(),
            settled: 0,
            restored: 0,
            heard_checked: BTreeMap::new(),
        });
    }
}

fn new_patient(person: Person) -> Patient {
    Patient {
        person,
        ledger: BTreeMap::new(),
        arrivals: BTreeMap::new(),
        shown: Vec::new(),
        judged_through: 0,
        well_judged: 0,
        folded_through: None,
        failed_from: None,
        attempts: 0,
        lease: None,
        lease_until: Duration::ZERO,
        watches: BTreeMap::new(),
        findings: BTreeMap::new(),
        timers: BTreeMap::new(),
        plan_changed: false,
        ranges: Vec::new(),
    }
}

/// A shift on working days alone, leave, and somebody in somebody's place, each of which may leave a hole.
fn unsettle(dice: &mut Dice, roster: &mut Roster, start: Timestamp) {
    let hours = |from: i64, long: i64| {
        let from = start + SignedDuration::from_hours(from);
        (from, from + SignedDuration::from_hours(long))
    };
    let mut people = roster.members.clone();
    let (Some(first), Some(last)) = (people.first().cloned(), people.pop()) else { return };
    if dice.chance(300) {
        let days = "mon-fri".parse().expect("days");
        roster.shifts.iter_mut().take(1).for_each(|shift| shift.weekly.days = days);
    }
    if dice.chance(250) {
        let (from, until) = hours(dice.between(0, 48), dice.between(1, 48));
        roster.leave.push(Leave { id: dice.id(), staff: first.staff, from, until });
    }
    if dice.chance(250) && first.staff != last.staff {
        let (from, until) = hours(dice.between(0, 48), dice.between(1, 24));
        let over = Override { id: dice.id(), instead_of: Some(first.staff), member: last, from, until };
        roster.overrides.push(over);
    }
}

/// Another team, of which one person is always there, takes some of what comes outside cover.
fn evening(dice: &mut Dice, of: &mut Roster) -> Roster {
    let staff = dice.id();
    let email = "eve@example.org".to_owned();
    let role = "coordinator".to_owned();
    let contacts =
        vec![ContactPoint { contact_point: Some(staff), channel: Channel::Email, address: email.clone().into() }];
    let member = Member { staff, name: "eve".to_owned(), email, role, contacts };
    let team = dice.id();
    of.taken_by.insert(Priority::High, team);
    if dice.chance(500) {
        of.taken_by.insert(Priority::Medium, team);
    }
    let hours = Hours { from: hour(20), until: hour(dice.one_of(&[22, 8])) };
    Roster {
        team,
        team_name: "Evening".to_owned(),
        phone: "01773 000001".to_owned(),
        cover: Cover::daily(hours, of.zone().clone()),
        taken_by: BTreeMap::new(),
        shifts: vec![Shift { weekly: Weekly::daily(hours), member: member.clone() }],
        overrides: Vec::new(),
        leave: Vec::new(),
        members: vec![member],
        policies: Policies::standard(),
    }
}

/// In London, with one to three packs, and what they watch due once or twice a day.
fn facts(dice: &mut Dice, start: Timestamp) -> Facts {
    let mut packs = Vec::new();
    let mut slots = Vec::new();
    let first = dice.below(3);
    for (index, (pack, vitals)) in (0..).zip(PACKS) {
        if index != first && dice.chance(600) {
            continue;
        }
        packs.push(pack.to_owned());
        for vital in vitals {
            let evening = if dice.chance(300) { &[8, 18][..] } else { &[8][..] };
            let slot = |at: &i8| Slot::daily(Due::Vital(*vital), hour(*at));
            slots.extend(evening.iter().map(slot));
        }
    }
    let tag = |name: &str, holds| (name.to_owned(), holds);
    Facts {
        version: 1,
        valid_from: None,
        date_of_birth: date(1956, 2, 14),
        time_zone: TimeZone::get("Europe/London").expect("bundled"),
        tags: BTreeMap::from([tag("on_sglt2_inhibitor", dice.chance(500)), tag("pregnant", false)]),
        plan: Plan {
            since: start,
            packs,
            slots,
            limits: BTreeMap::new(),
            absence_priority: dice.one_of(&[Priority::Low, Priority::Medium, Priority::High]),
        },
        spo2_scale_2: None,
        pauses: Vec::new(),
        service_gaps: Vec::new(),
    }
}

fn hour(hour: i8) -> Time {
    time(hour, 0, 0, 0)
}
