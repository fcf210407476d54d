//! `derwent admin patient`

use std::collections::BTreeMap;

use alert_rules::facts::{Facts, Plan};
use alert_rules::finding::Priority;
use alert_rules::slot_text::Written;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::parse::{self, OwnLimit};
use super::{Desk, Done, code, data_rights, facts, lines};
use crate::random;
use crate::signal::Signal;
use crate::store::audit::Act;
use crate::store::enrolment_code::{NewCode, Whose};
use crate::store::patient::{self, Patient};
use crate::store::{arrival, organisation, team};

#[derive(Subcommand, Debug)]
pub enum Command {
    #[command(flatten)]
    DataRights(data_rights::Command),
    /// Add a patient with a plan
    Add(Box<Add>),
    /// Judge a patient's last 30 days anew: for what `derwent doctor --reconcile` found
    Judge {
        #[arg(long)]
        patient: Uuid,
    },
    /// Let another team look after a patient, too: it sees and acts, while the patient's own team is paged
    Share {
        #[arg(long)]
        patient: Uuid,
        #[arg(long)]
        team: Uuid,
    },
    /// A team looks after a patient no more
    Unshare {
        #[arg(long)]
        patient: Uuid,
        #[arg(long)]
        team: Uuid,
    },
    /// List patients
    List {
        #[arg(long)]
        organisation: Uuid,
        /// Part of a name
        #[arg(long, default_value = "")]
        search: String,
    },
}

#[derive(Args, Debug)]
pub struct Add {
    /// The team that looks after this person: its roster is paged
    #[arg(long)]
    team: Uuid,
    /// The organisation this person belongs to; without it, the team's
    #[arg(long)]
    organisation: Option<Uuid>,
    #[arg(long)]
    given_name: String,
    #[arg(long)]
    family_name: String,
    /// Date of birth: 1944-11-02
    #[arg(long)]
    born: Date,
    #[arg(long)]
    phone: Option<String>,
    #[arg(long)]
    lives_alone: bool,
    /// IANA name; without it, the organisation's
    #[arg(long, value_parser = parse::time_zone)]
    time_zone: Option<String>,
    /// A pack that watches this person, such as hypertension; may be given several times
    #[arg(long)]
    pack: Vec<String>,
    /// What is asked and when: blood_pressure@08:00, weight@07:30@mon,thu, "weight@07:30@every 2 days"; may be given several
    /// times. Without it, what the packs' own plans begin with
    #[arg(long, value_parser = parse::slot)]
    slot: Vec<Written>,
    /// A limit of this person's own: hypertension/severe_systolic="175 mmHg"; may be given several times
    #[arg(long, value_parser = parse::own_limit)]
    limit: Vec<OwnLimit>,
    /// What rules ask about: pregnant=no, on_insulin=yes; may be given several times
    #[arg(long, value_parser = parse::tag)]
    tag: Vec<(String, bool)>,
    /// How urgent this person's silence is: high, medium or low
    #[arg(long, value_parser = priority, default_value = "medium")]
    absence_priority: Priority,
    /// Also make an enrolment code for this person's phone
    #[arg(long)]
    code: bool,
}

fn priority(text: &str) -> Result<Priority, String> {
    Priority::named(text).ok_or_else(|| format!("{text:?} is no priority; write high, medium or low"))
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::DataRights(command) => command.run(desk).await,
            Self::Add(add) => add.run(desk).await,
            Self::Judge { patient } => {
                let now = desk.clock.care_now();
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, patient).await?;
                arrival::again(&mut db, patient, now - alert_rules::REACH, now).await?;
                desk.record(&mut db, known.organisation, Some(patient), Act::JudgedAgain, json!({})).await?;
                db.commit().await?;
                desk.signals.send(Signal::Arrived);
                Ok(Done { text: format!("patient {patient} is judged again"), json: json!({ "patient": patient }) })
            }
            Self::Share { patient, team } => {
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, patient).await?;
                let with = team::get(&mut db, team)
                    .await?
                    .with_context(|| format!("there is no team {team}; `derwent admin team list` shows them"))?;
                patient::share(&mut db, &known, team).await?;
                let detail = json!({ "team": team });
                desk.record(&mut db, known.organisation, Some(patient), Act::PatientShared, detail).await?;
                db.commit().await?;
                Ok(Done {
                    text: format!("{} looks after patient {patient}, too", with.name),
                    json: json!({ "patient": patient, "team": team }),
                })
            }
            Self::Unshare { patient, team } => {
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, patient).await?;
                if !patient::unshare(&mut db, patient, team).await? {
                    bail!(
                        "team {team} does not look after patient {patient} beside their own team; nothing was changed"
                    );
                }
                let detail = json!({ "team": team });
                desk.record(&mut db, known.organisation, Some(patient), Act::PatientUnshared, detail).await?;
                db.commit().await?;
                Ok(Done {
                    text: format!("team {team} looks after patient {patient} no more"),
                    json: json!({ "patient": patient, "team": team }),
                })
            }
            Self::List { organisation, search } => {
                let mut db = desk.store.owner.acquire().await?;
                let all = patient::list(&mut db, patient::Of::Organisation(organisation), &search).await?;
                let text = all.iter().map(|row| {
                    let who = &row.patient;
                    format!("patient {}  {} {}, {}", who.patient, who.given_name, who.family_name, row.team_name)
                });
                let json: Vec<_> = all
                    .iter()
                    .map(|row| {
                        json!({
                            "patient": row.patient.patient, "given_name": row.patient.given_name,
                            "family_name": row.patient.family_name, "date_of_birth": row.patient.date_of_birth,
                            "team": row.patient.team, "live_since": row.patient.live_since, "open": row.open,
                        })
                    })
                    .collect();
                Ok(Done { text: lines(text, "There is nobody."), json: json!({ "patients": json }) })
            }
        }
    }
}

impl Add {
    async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let now = desk.clock.care_now();
        let rulebook = facts::rulebook(desk).await?;
        let mut db = desk.store.owner.begin().await?;
        let team = team::get(&mut db, self.team)
            .await?
            .with_context(|| format!("there is no team {}; `derwent admin team list` shows them", self.team))?;
        let belongs_to = self.organisation.unwrap_or(team.organisation);
        let organisation = organisation::get(&mut db, belongs_to).await?.with_context(|| {
            format!("there is no organisation {belongs_to}; `derwent admin organisation list` shows them")
        })?;
        let new = Patient {
            patient: random::new_id(),
            organisation: belongs_to,
            team: self.team,
            given_name: self.given_name,
            family_name: self.family_name,
            date_of_birth: self.born,
            phone: self.phone,
            lives_alone: self.lives_alone,
            time_zone: self.time_zone.unwrap_or(organisation.time_zone),
            live_since: None,
        };
        let zone = TimeZone::get(&new.time_zone)
            .context("the organisation's time zone is not known here; give --time-zone")?;
        let today = now.to_zoned(zone.clone()).date();
        if self.born > today || self.born.year() < 1890 {
            bail!("nobody is born on {}; write the date as 1944-11-02", self.born);
        }
        let mut tags: BTreeMap<String, bool> = self.tag.into_iter().collect();
        tags.entry("lives_alone".to_owned()).or_insert(self.lives_alone);
        let slots = self.slot.iter().map(|slot| slot.beginning(today)).collect();
        let mut plan = Facts {
            version: 0,
            valid_from: None,
            date_of_birth: self.born,
            time_zone: zone,
            tags,
            plan: Plan {
                since: now,
                packs: self.pack,
                slots,
                limits: facts::own_limits(&self.limit, &desk.made_by, "set with the plan", None),
                absence_priority: self.absence_priority,
            },
            spo2_scale_2: None,
            pauses: Vec::new(),
            service_gaps: Vec::new(),
        };
        facts::check(desk, &rulebook, &plan).await?;
        let mut to_ask = Vec::new();
        if plan.plan.slots.is_empty() {
            (plan.plan.slots, to_ask) = facts::from_templates(&rulebook, &plan.plan.packs, &plan.tags, today)?;
            to_ask.retain(|limit| !plan.plan.limits.contains_key(limit));
        }
        patient::insert(&mut db, &new, now).await?;
        desk.record(&mut db, new.organisation, Some(new.patient), Act::PatientAdded, json!({ "team": new.team }))
            .await?;
        let version = facts::write(desk, &mut db, new.patient, new.organisation, &plan, "first plan").await?;
        let made = if self.code {
            let whose = Whose::Patient(new.patient);
            let code =
                NewCode { organisation: new.organisation, whose, people: &[], replaces: None, made_by: &desk.made_by };
            Some(code::make(desk, &mut db, &code).await?)
        } else {
            None
        };
        db.commit().await?;
        facts::announce(desk, new.patient);
        let mut text = format!("patient {}  {} {}", new.patient, new.given_name, new.family_name);
        if !to_ask.is_empty() {
            let names = to_ask.join(", ");
            text.push_str(&format!("\nthe packs' own limits hold; ask whether this person has their own: {names}"));
        }
        if let Some(made) = &made {
            text.push('\n');
            text.push_str(&code::text(made));
        }
        Ok(Done {
            text,
            json: json!({
                "patient": new.patient, "organisation": new.organisation, "team": new.team, "plan_version": version, "limits_to_ask_about": to_ask,
                "code": made.as_ref().map(|made| &made.code), "code_ends_at": made.as_ref().map(|made| made.ends_at),
            }),
        })
    }
}

pub async fn known(db: &mut PgConnection, id: Uuid) -> anyhow::Result<Patient> {
    patient::get(db, id)
        .await?
        .with_context(|| format!("there is no patient {id}; `derwent admin patient list --organisation …` shows them"))
}
