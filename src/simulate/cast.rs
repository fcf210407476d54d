//! Who is in a world: patients with plans, phones with owners, staff on a roster. All from the seed.

use std::collections::BTreeMap;
use std::time::Duration;

use alert_rules::escalation::{Cover, Policies};
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
use crate::roster::{Hours, Member, Roster, Shift};
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
        cast.hire(dice, faults, team);
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

    fn hire(&mut self, dice: &mut Dice, faults: &Faults, team: Uuid) {
        let count = usize::try_from(dice.below(4)).unwrap_or(0);
        let mut shifts = Vec::new();
        let mut members = Vec::new();
        for name in &STAFF[..count] {
            let staff = dice.id();
            self.names.insert(staff, name);
            let pager_key = dice.chance(600).then(|| format!("key of {name}").into());
            let email = format!("{name}@example.org");
            let member = Member { staff, name: (*name).to_owned(), email, role: "coordinator".to_owned(), pager_key };
            let (from, until) = dice.one_of(&[(8, 20), (8, 14), (14, 20), (20, 8), (0, 0)]);
            shifts.push(Shift { hours: Hours { from: hour(from), until: hour(until) }, member: member.clone() });
            members.push(member);
            let manner = dice.one_of(&[Manner::Prompt, Manner::Slow, Manner::Never]);
            self.staff.push(Colleague { staff, name, manner, unreachable: dice.chance(faults.mail_permanent) });
        }
        if dice.chance(800) {
            shifts.iter_mut().for_each(|shift| shift.hours = Hours { from: hour(8), until: hour(20) });
        }
        let zone = TimeZone::get("Europe/London").expect("bundled");
        let until = if dice.chance(200) { 8 } else { 20 };
        let cover = Cover { from: hour(8), until: hour(until), zone };
        self.database.rosters.push(Roster {
            team,
            team_name: "Belper".to_owned(),
            cover,
            shifts,
            members,
            policies: Policies::standard(),
        });
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
