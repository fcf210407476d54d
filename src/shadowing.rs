//! Rules beside those in force: who starts and stops them, and what they would have done. `monitor/shadow.rs` judges by them.
//!
//! They tell nobody, so one rule owner is enough, and drafts and packs that nobody signed may run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use alert_rules::Priority;
use alert_rules::shadow::{Difference, What};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use ts_rs::TS;
use uuid::Uuid;

use crate::publishing::{Desk, Refused, checked, hex, reason};
use crate::random;
use crate::store::audit::Act;
use crate::store::shadow::{self, Look, NewShadow, Shadow};
use crate::web::api;

/// Each look goes over all of it, and a fold reaches back thirty days.
const LONGEST: SignedDuration = SignedDuration::from_hours(28 * 24);
const DAY_S: f64 = 86_400.0;

impl Desk {
    /// Until then, at most four weeks; none: for as long. When it ends by itself.
    pub async fn start_shadow(
        &self,
        db: &mut PgConnection,
        files: &BTreeMap<String, String>,
        until: Option<Timestamp>,
        why: &str,
    ) -> Result<Timestamp, Refused> {
        self.owner(db).await?;
        let why = reason(why)?;
        let latest = self.care_now + LONGEST;
        let until = until.unwrap_or(latest);
        if until <= self.care_now || until > latest {
            return Err(Refused::Because(format!(
                "Rules run beside those in force for four weeks at most. Name a time before {latest}."
            )));
        }
        let hash = checked(files)?.hash();
        shadow::lock(db).await?;
        if let Some(running) = shadow::last(db).await?.filter(|last| last.runs_at(self.care_now)) {
            return Err(Refused::Because(format!(
                "Other rules run beside those in force until {}, started by {}. Stop them first, and read what they would have done: \
                 it is forgotten when the next ones start.",
                running.until, running.by
            )));
        }
        let new =
            NewShadow { shadow: random::new_id(), hash, files, since: self.care_now, until, by: self.staff, why: &why };
        shadow::start(db, &new).await?;
        self.record(db, Act::ShadowStarted, json!({ "hash": hex(&hash), "until": until }), &why).await?;
        Ok(until)
    }

    pub async fn stop_shadow(&self, db: &mut PgConnection) -> Result<(), Refused> {
        self.owner(db).await?;
        shadow::lock(db).await?;
        let Some(running) = shadow::last(db).await?.filter(|last| last.runs_at(self.care_now)) else {
            return Err(Refused::Because("No rules run beside those in force.".to_owned()));
        };
        shadow::stop(db, running.shadow, self.care_now).await?;
        self.record(db, Act::ShadowStopped, json!({ "hash": hex(&running.hash) }), "").await
    }
}

/// What the last shadow would have done, or does. Nobody is named in it. What the command prints and the staff API answers, each with
/// what differs beside it.
#[derive(Clone, Debug, Serialize, TS, JsonSchema)]
pub struct Report {
    pub hash: String,
    pub since: Timestamp,
    /// It ends by itself, or was stopped.
    pub until: Timestamp,
    pub runs: bool,
    pub by: String,
    pub why: String,
    pub monitored: i64,
    /// Patients who were looked at since it began, and how many of those have a record that cannot be read.
    pub looked_at: usize,
    pub unreadable: usize,
    /// When whoever was looked at longest ago was.
    pub oldest_look: Option<Timestamp>,
    pub patient_days: f64,
    /// The highest priority first.
    pub rules: Vec<ShadowRule>,
    /// Only the shadow tells anybody, or only the rules in force.
    pub newly_alerted: ShadowCount,
    pub no_longer_alerted: ShadowCount,
    pub louder: ShadowCount,
    pub quieter: ShadowCount,
    pub moved: ShadowCount,
}

/// Alerts of one rule and priority.
#[derive(Clone, Debug, PartialEq, Serialize, TS, JsonSchema)]
pub struct ShadowRule {
    /// `pack/rule`.
    pub rule: String,
    #[ts(as = "api::Priority")]
    #[schemars(with = "api::Priority")]
    pub priority: Priority,
    pub in_force: usize,
    pub in_shadow: usize,
    pub in_force_per_100_patients_a_day: f64,
    pub in_shadow_per_100_patients_a_day: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ShadowCount {
    pub patients: usize,
    pub problems: usize,
}

/// With the patients' ids.
#[derive(Clone, Debug, Serialize)]
pub struct OfPatient {
    pub patient: Uuid,
    #[serde(flatten)]
    pub difference: Difference,
}

/// Of the last shadow; None: there was never one. Beside it what differs, patient by patient.
pub async fn report(db: &mut PgConnection, now: Timestamp) -> Result<Option<(Report, Vec<OfPatient>)>, sqlx::Error> {
    let Some(last) = shadow::last(db).await? else { return Ok(None) };
    let monitored = shadow::monitored(db).await?;
    let looks = shadow::looks(db, last.shadow).await?;
    let report = summed(&last, monitored, &looks, now);
    let of_patient = looks.into_iter().flat_map(|Look { patient, compared, .. }| {
        let differences = compared.map(|compared| compared.differences).unwrap_or_default();
        differences.into_iter().map(move |difference| OfPatient { patient, difference })
    });
    Ok(Some((report, of_patient.collect())))
}

fn summed(shadow: &Shadow, monitored: i64, looks: &[Look], now: Timestamp) -> Report {
    let compared = || looks.iter().filter_map(|look| Some((look, look.compared.as_ref()?)));
    let patient_days = compared().map(|(look, _)| look.at.duration_since(look.from).as_secs_f64() / DAY_S).sum();
    let mut rules: BTreeMap<(Priority, &str), (usize, usize)> = BTreeMap::new();
    for (_, compared) in compared() {
        for told in &compared.in_force {
            rules.entry((told.priority, &told.rule)).or_default().0 += told.alerts;
        }
        for told in &compared.in_shadow {
            rules.entry((told.priority, &told.rule)).or_default().1 += told.alerts;
        }
    }
    let mut rules: Vec<ShadowRule> = rules
        .into_iter()
        .map(|((priority, rule), (in_force, in_shadow))| ShadowRule {
            rule: rule.to_owned(),
            priority,
            in_force,
            in_shadow,
            in_force_per_100_patients_a_day: rate(in_force, patient_days),
            in_shadow_per_100_patients_a_day: rate(in_shadow, patient_days),
        })
        .collect();
    rules.sort_by_key(|of| std::cmp::Reverse(of.priority));
    let count = |is: fn(&What) -> bool| {
        let of = compared().map(|(_, compared)| compared.differences.iter().filter(|of| is(&of.what)).count());
        of.filter(|problems| *problems > 0).fold(ShadowCount::default(), |sum, problems| ShadowCount {
            patients: sum.patients + 1,
            problems: sum.problems + problems,
        })
    };
    Report {
        hash: hex(&shadow.hash),
        since: shadow.since,
        until: shadow.stopped_at.unwrap_or(shadow.until),
        runs: shadow.runs_at(now),
        by: shadow.by.clone(),
        why: shadow.why.clone(),
        monitored,
        looked_at: looks.len(),
        unreadable: looks.iter().filter(|look| look.compared.is_none()).count(),
        oldest_look: looks.iter().map(|look| look.at).min(),
        patient_days,
        rules,
        newly_alerted: count(|what| matches!(what, What::New(_))),
        no_longer_alerted: count(|what| matches!(what, What::NoLonger(_))),
        louder: count(|what| matches!(what, What::Louder { .. })),
        quieter: count(|what| matches!(what, What::Quieter { .. })),
        moved: count(|what| matches!(what, What::Moved(_))),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of alerts")]
fn rate(alerts: usize, patient_days: f64) -> f64 {
    if patient_days > 0.0 { 100.0 * alerts as f64 / patient_days } else { 0.0 }
}

impl Report {
    /// As a table for a terminal, 100 columns at most.
    pub fn text(&self) -> String {
        let state = if self.runs { "until" } else { "over since" };
        let mut out = format!(
            "rules {} beside those in force since {}, {state} {}\nstarted by {}: {}\n{} of {} monitored patients looked at",
            &self.hash[..12],
            self.since,
            self.until,
            self.by,
            self.why,
            self.looked_at,
            self.monitored
        );
        if let Some(oldest) = self.oldest_look {
            let _ = write!(out, ", each of them at {oldest} or later");
        }
        if self.unreadable > 0 {
            let _ =
                write!(out, "; {} of them have a record that cannot be read, and are not compared", self.unreadable);
        }
        let _ = writeln!(out, "\n\n{:<60}{:>16}{:>16}", "alerts per 100 patients a day", "in force", "in shadow");
        for of in &self.rules {
            let name = format!("  {:<7}{}", of.priority.name(), of.rule);
            let (in_force, in_shadow) = (of.in_force_per_100_patients_a_day, of.in_shadow_per_100_patients_a_day);
            let _ = writeln!(out, "{name:<60}{in_force:>16.2}{in_shadow:>16.2}");
        }
        let _ = writeln!(out, "over {:.1} patient-days\n", self.patient_days);
        for (what, ShadowCount { patients, problems }) in [
            ("newly alerted", self.newly_alerted),
            ("no longer alerted", self.no_longer_alerted),
            ("alerted more loudly", self.louder),
            ("alerted less loudly", self.quieter),
            ("alerted at another time", self.moved),
        ] {
            let _ = writeln!(out, "{what}: {patients} patients, {problems} times");
        }
        out
    }
}
