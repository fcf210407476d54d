//! Judging by rules beside those in force: what they would have found, held against what was found, and nobody hears of it.
//!
//! Once a day each monitored patient's time since the shadow began is gone over anew from what is stored, so nothing is kept in
//! between and a restart loses nothing; late readings, corrections and changed facts are seen like everything else. A shadow lasts
//! four weeks at most, so that stays little. What it writes are two tables that nothing else reads.
//!
//! It stands behind judging: a turn looks whether anything waits first, takes a batch, and uses a tenth of one processor at most,
//! because turns are a second apart. Whoever is not judged up to now is passed over until they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use alert_rules::shadow::{compare, facts, told_since};
use alert_rules::{Facts, Finding, History, REACH, Rulebook};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::clock::Clock;
use crate::monitor::over::Over;
use crate::monitor::rulebook::{InForce, Rulebooks};
use crate::parts::Parts;
use crate::store::facts::Version;
use crate::store::history::{Readings, Wanted};
use crate::store::shadow::{self, Compared, Look, Shadow, Told};
use crate::store::{acceptance, arrival, finding, history, service_gap, shown};

/// Each patient is looked at this often.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// Patients loaded for one turn.
const BATCH_PATIENTS: i64 = 8;
/// Judging of one turn. Turns are a second apart.
const BUDGET: Duration = Duration::from_millis(100);
/// When nobody was due, they are not sought again for this long.
const PAUSE: Duration = Duration::from_secs(30);
/// A phone's clock may be ahead by this much (`DATED_AHEAD_S`).
const AHEAD: SignedDuration = SignedDuration::from_mins(2);
/// One snapshot.
const BEGIN_LOADING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What is remembered between turns: to spare work alone.
#[derive(Clone, Debug, Default)]
pub struct Shadowing(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    rulebook: Option<(Uuid, Arc<Rulebook>)>,
    /// Until then nobody of this one is sought.
    rests: Option<(Uuid, Instant)>,
}

/// One patient, as loaded.
struct Case {
    patient: Uuid,
    organisation: Uuid,
    versions: Vec<Version>,
    history: Result<History, String>,
    findings: Vec<Value>,
}

impl Shadowing {
    /// One turn. Never finds work for itself, so that the next is a second away.
    pub async fn look(&self, parts: &Parts, rulebooks: &Rulebooks) -> anyhow::Result<bool> {
        let pool = &parts.store.monitor;
        let (now, instant) = (parts.clock.care_now(), parts.clock.instant());
        let running = shadow::last(&mut *pool.acquire().await?).await?.filter(|shadow| shadow.runs_at(now));
        let Some(shadow) = running else { return Ok(false) };
        if self.rests(shadow.shadow, instant) || arrival::any(pool).await? {
            return Ok(false);
        }
        // Replicas take turns, so the budget is that of all together.
        let mut tx = pool.begin().await?;
        if !shadow::try_lock(&mut tx).await? {
            return Ok(false);
        }
        let in_force = rulebooks.in_force(pool, now).await?;
        let Some(beside) = self.rulebook(&mut tx, shadow.shadow).await? else {
            tracing::warn!(
                "the rules beside those in force cannot be read by this version of the service; they are stopped"
            );
            shadow::stop(&mut tx, shadow.shadow, now).await?;
            tx.commit().await?;
            return Ok(false);
        };
        let cases = load(pool, &shadow, &beside, now).await?;
        if cases.is_empty() {
            self.lock().rests = Some((shadow.shadow, instant + PAUSE));
            return Ok(false);
        }
        let (id, clock) = (shadow.shadow, parts.clock.clone());
        let looks =
            tokio::task::spawn_blocking(move || look_at(&cases, &beside, &in_force, &shadow, now, &clock)).await?;
        shadow::put(&mut tx, id, &looks).await?;
        tx.commit().await?;
        Ok(false)
    }

    fn rests(&self, shadow: Uuid, now: Instant) -> bool {
        self.lock().rests.is_some_and(|(of, until)| of == shadow && now < until)
    }

    /// None: it cannot be read.
    async fn rulebook(&self, db: &mut PgConnection, shadow: Uuid) -> Result<Option<Arc<Rulebook>>, sqlx::Error> {
        if let Some((of, rulebook)) = &self.lock().rulebook
            && *of == shadow
        {
            return Ok(Some(Arc::clone(rulebook)));
        }
        let Ok(rulebook) = Rulebook::from_files(shadow::files(db, shadow).await?) else { return Ok(None) };
        let rulebook = Arc::new(rulebook);
        self.lock().rulebook = Some((shadow, Arc::clone(&rulebook)));
        Ok(Some(rulebook))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn load(pool: &PgPool, shadow: &Shadow, beside: &Rulebook, now: Timestamp) -> Result<Vec<Case>, sqlx::Error> {
    let mut db = pool.begin_with(BEGIN_LOADING).await?;
    let people = shadow::to_look_at(&mut db, shadow.shadow, now - EVERY, now, BATCH_PATIENTS).await?;
    let from = shadow.since - REACH;
    let gaps = service_gap::since(&mut db, from).await?;
    let mut cases: BTreeMap<Uuid, Case> = BTreeMap::new();
    let mut wanted = Vec::new();
    for (patient, organisation) in people {
        let mut versions = crate::store::facts::versions(&mut db, patient).await?;
        for version in &mut versions {
            version.facts.valid_from = Some(version.valid_from);
            version.facts.service_gaps.clone_from(&gaps);
        }
        let lookback = versions.iter().map(|version| beside.lookback(&version.facts)).max().unwrap_or_default();
        wanted.push(Wanted { patient, since: from - lookback, after: 0 });
        let case = Case { patient, organisation, versions, history: Ok(History::default()), findings: Vec::new() };
        cases.insert(patient, case);
    }
    let since: Vec<(Uuid, Timestamp)> = wanted.iter().map(|wanted| (wanted.patient, wanted.since)).collect();
    let mut shown = shown::since(&mut db, &since).await?;
    let patients: Vec<Uuid> = cases.keys().copied().collect();
    let mut findings = finding::since(&mut db, &patients, &vec![shadow.since; patients.len()]).await?;
    let mut accepted = acceptance::of(&mut db, &patients).await?;
    for (patient, history) in history::numbered(&mut db, &wanted, now + AHEAD, Readings::All).await? {
        let Some(case) = cases.get_mut(&patient) else { continue };
        case.findings = findings.remove(&patient).unwrap_or_default();
        case.history = history.map(|history| History {
            acceptances: accepted.remove(&patient).unwrap_or_default(),
            ..in_time(history, shown.remove(&patient).unwrap_or_default())
        });
    }
    db.commit().await?;
    Ok(cases.into_values().collect())
}

/// What came so late that it is charted only was never judged by the rules in force either.
fn in_time(mut history: History, shown: Vec<alert_rules::Shown>) -> History {
    let in_time = |at: Timestamp, received: Timestamp| received.duration_since(at) <= REACH;
    history.readings.retain(|reading| in_time(reading.effective_at, reading.received_at));
    history.answers.retain(|answers| in_time(answers.effective_at, answers.received_at));
    history.events.retain(|event| in_time(event.effective_at, event.received_at));
    History { shown, ..history }
}

/// As many as the budget allows, and one in any case.
fn look_at(
    cases: &[Case],
    beside: &Rulebook,
    in_force: &InForce,
    shadow: &Shadow,
    now: Timestamp,
    clock: &Clock,
) -> Vec<Look> {
    let began = clock.instant();
    let mut looks = Vec::new();
    for case in cases {
        let compared = case.compared(beside, &in_force.rulebook, shadow.since, now);
        let Case { patient, organisation, .. } = *case;
        looks.push(Look { patient, organisation, from: case.watched_from(shadow.since).min(now), at: now, compared });
        if clock.instant().duration_since(began) > BUDGET {
            break;
        }
    }
    looks
}

impl Case {
    /// Who was taken on later is watched from then on.
    fn watched_from(&self, since: Timestamp) -> Timestamp {
        self.versions.first().map_or(since, |first| first.facts.plan.since.max(since))
    }

    /// None: facts, history or findings cannot be read.
    fn compared(&self, beside: &Rulebook, in_force: &Rulebook, since: Timestamp, now: Timestamp) -> Option<Compared> {
        let history = self.history.as_ref().ok()?;
        let found: Result<Vec<Finding>, _> = self.findings.iter().cloned().map(serde_json::from_value).collect();
        let found = found.ok()?;
        let mut over = Over::default();
        for (from, to, version) in stretches(&self.versions, since - REACH, now) {
            over.go(beside, &facts(beside, in_force, version, from), history, from, to);
        }
        let would_be: Vec<Finding> = over.findings.into_values().collect();
        let told = |findings: &[Finding]| {
            let counts = told_since(findings, since).into_iter();
            counts.map(|((rule, priority), alerts)| Told { rule, priority, alerts }).collect()
        };
        Some(Compared {
            in_force: told(&found),
            in_shadow: told(&would_be),
            differences: compare(&found, &would_be, since),
        })
    }
}

/// Which facts were in force when, from `from` to `to`. What was before the first is judged by it.
fn stretches(versions: &[Version], from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp, &Facts)> {
    let ends = versions.iter().skip(1).map(|next| next.valid_from).chain([to]);
    let mut stretches = Vec::new();
    let mut begin = from;
    for (version, end) in versions.iter().zip(ends) {
        let end = end.min(to);
        if end > begin {
            stretches.push((begin, end, &version.facts));
            begin = end;
        }
    }
    stretches
}
