//! `derwent admin plan` and `derwent admin limit`: each change is a new version of the patient's facts.

use alert_rules::Facts;
use alert_rules::facts::{Pause, SetBy};
use alert_rules::slot_text::Written;
use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::parse::{self, OwnLimit};
use super::{Desk, Done, facts};

/// Local: nobody is forgotten for longer.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(90 * 24);

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
                    facts.pauses.push(pause(facts, (from, until), (&desk.made_by, &why), now)?);
                    Ok(())
                });
                (patient, change.await?)
            }
            Self::Resume { patient, why } => {
                let change = facts::change(desk, patient, &why, |facts| {
                    if !facts.pauses_in_force().any(|pause| pause.until > now) {
                        bail!("nothing of this patient is paused; nothing was changed");
                    }
                    facts.pauses.retain(|pause| pause.asked || pause.from < now);
                    let taken_on = facts.pauses.iter_mut().filter(|pause| !pause.asked);
                    taken_on.for_each(|pause| pause.until = pause.until.min(now));
                    Ok(())
                });
                (patient, change.await?)
            }
        };
        Ok(done(patient, version))
    }
}

/// `when`: both ends, as the patient's own clock shows them. `who`: its owner, and why.
fn pause(
    facts: &Facts,
    when: (Option<DateTime>, DateTime),
    who: (&str, &str),
    now: Timestamp,
) -> anyhow::Result<Pause> {
    let instant = |local: DateTime| facts.time_zone.to_timestamp(local).with_context(|| format!("{local} is no time"));
    let (from, until) = (when.0.map(instant).transpose()?.unwrap_or(now), instant(when.1)?);
    if from < now {
        bail!("a pause cannot begin in the past: silence that was found stays found; leave --from out to begin now");
    }
    if until <= from {
        bail!("a pause ends after it begins; --until {} does not", when.1);
    }
    if until > from + LONGEST_PAUSE {
        bail!("a pause lasts 90 days at most; whoever stays away longer is asked again, or the monitoring is ended");
    }
    Ok(Pause { from, until, by: who.0.to_owned(), why: who.1.to_owned(), asked: false })
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
                        if facts.plan.limits.remove(name).is_none() {
                            bail!("this patient has no limit {name} of their own; nothing was changed");
                        }
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
