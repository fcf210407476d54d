//! `derwent admin plan` and `derwent admin limit`: each change is a new version of the patient's facts.

use alert_rules::facts::SetBy;
use alert_rules::slot_text::Written;
use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::json;
use uuid::Uuid;

use super::parse::{self, OwnLimit};
use super::{Desk, Done, facts};
use crate::planning;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Change packs, slots or tags; what is not named stays
    Set {
        #[arg(long)]
        patient: Uuid,
        /// The packs that watch this person, in place of those before
        #[arg(long)]
        pack: Option<Vec<String>>,
        /// What is asked and when, in place of what was before: blood_pressure@08:00, "weight@07:30@every 2 days for 14 days"
        #[arg(long, value_parser = parse::slot)]
        slot: Option<Vec<Written>>,
        /// A tag to set beside the others: pregnant=no
        #[arg(long, value_parser = parse::tag)]
        tag: Vec<(String, bool)>,
        /// NEWS2 scores the oxygen level on scale 2 (target 88–92 %), as this clinician decided; "none": on scale 1 again
        #[arg(long, value_name = "CLINICIAN")]
        spo2_scale_2: Option<String>,
        /// The reason, for the record
        #[arg(long)]
        why: String,
    },
    /// The patient is away: nothing is due, and no silence is found, until it ends. What is measured is judged all the same,
    /// and an open alert stays open
    Pause {
        #[arg(long)]
        patient: Uuid,
        /// When it begins: 2026-12-24 (the day's first moment where the patient lives), 2026-12-24T14:00; without it, now
        #[arg(long, value_parser = parse::local)]
        from: Option<DateTime>,
        /// When it ends, as --from: 2026-12-28 is the first day on which things are due again
        #[arg(long, value_parser = parse::local)]
        until: DateTime,
        /// The reason, for the record
        #[arg(long)]
        why: String,
    },
    /// The patient is back: what is paused goes on now, and pauses that were to come are off
    Resume {
        #[arg(long)]
        patient: Uuid,
        /// The reason, for the record
        #[arg(long)]
        why: String,
    },
}

#[derive(Subcommand, Debug)]
pub enum LimitCommand {
    /// Set a limit of a patient's own
    Set {
        #[arg(long)]
        patient: Uuid,
        /// hypertension/severe_systolic="175 mmHg"; may be given several times
        #[arg(long, value_parser = parse::own_limit, required = true)]
        limit: Vec<OwnLimit>,
        /// When it ends; the pack's own holds again then
        #[arg(long)]
        until: Option<Timestamp>,
        /// The reason, for the record
        #[arg(long)]
        why: String,
    },
    /// Go back to the pack's own limit
    Clear {
        #[arg(long)]
        patient: Uuid,
        /// hypertension/severe_systolic
        #[arg(long, required = true)]
        limit: Vec<String>,
        /// The reason, for the record
        #[arg(long)]
        why: String,
    },
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let now = desk.clock.care_now();
        let (patient, version) = match self {
            Self::Set { patient, pack, slot, tag, spo2_scale_2, why } => {
                if pack.is_none() && slot.is_none() && tag.is_empty() && spo2_scale_2.is_none() {
                    bail!("nothing to change; give --pack, --slot, --tag or --spo2-scale-2");
                }
                let change = facts::change(desk, patient, &why, |facts| {
                    if let Some(packs) = pack {
                        facts.plan.packs = packs;
                    }
                    if let Some(slots) = slot {
                        let today = facts.time_zone.to_datetime(now).date();
                        facts.plan.slots = slots.iter().map(|slot| slot.beginning(today)).collect();
                    }
                    facts.tags.extend(tag);
                    if let Some(by) = spo2_scale_2 {
                        let decided = SetBy { by, at: now, why: why.clone() };
                        facts.spo2_scale_2 = Some(decided).filter(|decided| decided.by != "none");
                    }
                    Ok(())
                });
                (patient, change.await?)
            }
            Self::Pause { patient, from, until, why } => {
                let change = facts::change(desk, patient, &why, |facts| {
                    let instant = |local: DateTime| {
                        facts.time_zone.to_timestamp(local).with_context(|| format!("{local} is no time"))
                    };
                    let (from, until) = (from.map(instant).transpose()?, instant(until)?);
                    Ok(planning::pause(facts, from, until, (&desk.made_by, &why), now)?)
                });
                (patient, change.await?)
            }
            Self::Resume { patient, why } => {
                let change = facts::change(desk, patient, &why, |facts| Ok(planning::resume(facts, now)?));
                (patient, change.await?)
            }
        };
        Ok(done(patient, version))
    }
}

impl LimitCommand {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let (patient, version) = match self {
            Self::Set { patient, limit, until, why } => {
                let own = facts::own_limits(&limit, &desk.made_by, &why, until);
                let change = facts::change(desk, patient, &why, |facts| {
                    facts.plan.limits.extend(own);
                    Ok(())
                });
                (patient, change.await?)
            }
            Self::Clear { patient, limit, why } => {
                let change = facts::change(desk, patient, &why, |facts| {
                    for name in &limit {
                        planning::end_limit(facts, name)?;
                    }
                    Ok(())
                });
                (patient, change.await?)
            }
        };
        Ok(done(patient, version))
    }
}

fn done(patient: Uuid, version: i64) -> Done {
    Done {
        text: format!("patient {patient}: plan version {version} is in force"),
        json: json!({ "patient": patient, "plan_version": version }),
    }
}
