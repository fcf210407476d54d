//! Time passes and nobody acts: the next person, and the next; what was acknowledged and not closed comes back.
//! The decision is `alert_rules::escalation::step`.
//!
//! An operator's notice has no such steps. It lapses after a day; where its cause lasts, the next occasion opens and
//! sends a new one.

use std::collections::BTreeSet;

use alert_rules::escalation::{self, Decision, Duty};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::parts::Parts;
use crate::signal::Signal;
use crate::store::alert_row::{Change, Stored};
use crate::store::{alert, alert_row, roster};

/// Alerts stepped in one transaction.
const BATCH_ALERTS: i64 = 200;
/// When an alert that cannot be read is tried again: an upgrade may be half-way.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Steps alerts whose time has come, one batch. True if there was any.
pub async fn escalate(parts: &Parts) -> anyhow::Result<bool> {
    let now = parts.clock.care_now();
    let mut tx = parts.store.monitor.begin().await?;
    let due = alert_row::lock_due(&mut tx, now, BATCH_ALERTS).await?;
    if due.alerts.is_empty() && due.unreadable.is_empty() {
        return Ok(false);
    }
    if !due.unreadable.is_empty() {
        tracing::error!(alerts = ?due.unreadable, "alerts cannot be read by this version of the service");
        let sentence = "An open alert cannot be read by this version of the service, so it does not escalate. Start the \
                        version that wrote it, or look after the alert by hand; the log names it.";
        alert_row::put_off(&mut tx, &due.unreadable, now + LOOK_AGAIN).await?;
        alert::open_operator(&mut tx, "an alert that cannot be read", sentence, now).await?;
    }
    let due = due.alerts;
    let teams: BTreeSet<Uuid> = due.iter().filter_map(|stored| stored.owner.team).collect();
    let rosters = roster::load(&mut tx, &Vec::from_iter(teams), now).await?;
    let mut changes = Vec::new();
    let mut organisations = BTreeSet::new();
    for stored in &due {
        let decision = next(stored, &roster::duty_of(&rosters, stored.owner.team), now);
        organisations.extend(stored.owner.organisation);
        changes.extend(decision.map(|decision| Change {
            alert: stored.alert,
            new: false,
            owner: stored.owner,
            decision,
        }));
    }
    alert_row::write(&mut tx, &changes, now).await?;
    for operator in changes.iter().filter_map(|change| change.decision.operator.as_ref()) {
        alert::open_operator(&mut tx, &operator.problem, &operator.sentence, now).await?;
    }
    tx.commit().await?;
    parts.signals.send(Signal::Pages);
    for organisation in organisations {
        parts.signals.send(Signal::Alerts { organisation });
    }
    for patient in changes.iter().filter_map(|change| change.owner.patient) {
        parts.signals.send(Signal::Work { patient });
    }
    Ok(true)
}

/// What an alert whose time has come does next.
pub fn next(stored: &Stored, duty: &Duty, now: Timestamp) -> Option<Decision> {
    match stored.owner.patient {
        None => escalation::end(&stored.state, "lapsed", now),
        Some(_) => escalation::step(&stored.state, duty, now),
    }
}
