//! Alerts of a ward as the monitor opens them, for findings made by hand, and what its people do with them.

use alert_rules::escalation;
use alert_rules::escalation::act::By;
use alert_rules::finding::Firing;
use alert_rules::{Evaluation, Finding, Kind, Priority};
use derwent::random;
use derwent::store::alert::{self, Act, Acted};
use derwent::store::alert_row::{self, Belongs, Change};
use derwent::store::roster;
use uuid::Uuid;

use super::ward::Ward;

/// An alert as the monitor opens it for a finding.
pub async fn open_alert(ward: &Ward, patient: Uuid, problem: &str, priority: Priority) -> Uuid {
    open_alerts(ward, patient, &[problem.to_owned()], priority).await.remove(0)
}

/// One for each of these problems.
pub async fn open_alerts(ward: &Ward, patient: Uuid, problems: &[String], priority: Priority) -> Vec<Uuid> {
    let now = ward.clock.care_now();
    let findings = problems.iter().map(|problem| finding(problem, priority, now)).collect();
    let evaluation = Evaluation { findings, folded_from: now, folded_through: now, ..Evaluation::default() };
    let mut tx = ward.pool.begin().await.expect("a transaction");
    let duty = roster::duty(&mut tx, Some(ward.team)).await.expect("duty");
    let owner = Belongs { organisation: Some(ward.organisation), team: Some(ward.team), patient: Some(patient) };
    let decisions = escalation::judge(&evaluation, &[], &duty, now).into_iter();
    let changes: Vec<Change> =
        decisions.map(|decision| Change { alert: random::new_id(), new: true, owner, decision }).collect();
    alert_row::write(&mut tx, &changes, now).await.expect("written");
    tx.commit().await.expect("committed");
    changes.iter().map(|change| change.alert).collect()
}

fn finding(problem: &str, priority: Priority, now: jiff::Timestamp) -> Finding {
    let rule = "hypertension/severe".to_owned();
    let firing = Firing {
        rule: rule.clone(),
        since: now,
        until: None,
        priority,
        at_once: None,
        pending: false,
        unwatched: false,
    };
    Finding {
        problem: problem.to_owned(),
        start: now,
        end: None,
        kind: Kind::Clinical,
        priority,
        rule,
        sentence: "Dorothy Canary has 186/101 mmHg".to_owned(),
        team: None,
        worst: Vec::new(),
        reasons: Vec::new(),
        unconfirmed: false,
        late_minutes: 0,
        pending: false,
        closes_itself: false,
        firings: vec![firing],
    }
}

/// Somebody who has read all there is in it.
pub async fn does(ward: &Ward, alert: Uuid, staff: Uuid, act: Act) -> Acted {
    let mut tx = ward.pool.begin().await.expect("a transaction");
    let saw = alert_row::lock(&mut tx, alert).await.expect("read").expect("an alert").state.told;
    let by = By { staff, saw, at: ward.clock.care_now() };
    let done = alert::act(&mut tx, alert, by, &act).await.expect("done");
    tx.commit().await.expect("committed");
    done
}

pub fn close() -> Act {
    Act::Close { outcome: "treatment_changed".to_owned(), note: String::new() }
}
