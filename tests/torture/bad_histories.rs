//! The checker is seen to be able to fail: histories made by hand, each wrong in one way.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::checker::{Held, Kept, Measured, Violation, check};
use super::history::{History, Saw, What};

const DOROTHY: Uuid = Uuid::from_u128(1);

fn what(id: u128) -> What {
    What { patient: DOROTHY, id: Uuid::from_u128(id), content_hash: vec![1, 7], components: 2 }
}

/// Two readings stored, one of them only known from a resend; one item refused; everything judged.
fn sound() -> (History, Held) {
    let mut history = History::default();
    let mut see = |what: &What, saw: &[Saw]| {
        for saw in saw {
            history.sent(what);
            history.saw(what, saw.clone());
        }
    };
    see(&what(10), &[Saw::Stored(1), Saw::Duplicate(1)]);
    see(&what(11), &[Saw::Unknown, Saw::Duplicate(2)]);
    see(&what(12), &[Saw::NotNow, Saw::Refused("unit_unknown".into()), Saw::Refused("unit_unknown".into())]);
    let kept = |id, seq| Kept { patient: DOROTHY, id: Uuid::from_u128(id), seq, content_hash: what(id).content_hash };
    let measured = |id, seq| Measured { patient: DOROTHY, seq, id: Uuid::from_u128(id), rows: 2 };
    let held = Held {
        ledger: vec![kept(10, 1), kept(11, 2)],
        readings: vec![measured(10, 1), measured(11, 2)],
        refusals: [((Uuid::from_u128(12).to_string(), "unit_unknown".to_owned()), 1)].into(),
        last_seq: [(DOROTHY, 2)].into(),
        ranges: Some([(DOROTHY, vec![(2, 2), (1, 1)])].into()),
        idle_in_transaction: 0,
    };
    (history, held)
}

/// What the checker says after `spoil` has spoiled the sound one.
fn spoiled(spoil: impl FnOnce(&mut History, &mut Held)) -> Vec<Violation> {
    let (mut history, mut held) = sound();
    spoil(&mut history, &mut held);
    check(&history, &held)
}

fn patient_and(id: u128) -> (Uuid, Uuid) {
    (DOROTHY, Uuid::from_u128(id))
}

#[test]
fn a_sound_history_has_no_violations() {
    assert_eq!(spoiled(|_, _| {}), []);
}

#[test]
fn a_reading_that_was_acknowledged_and_is_gone_is_lost() {
    let (patient, id) = patient_and(11);
    let lost = spoiled(|_, held| {
        held.ledger.pop();
        held.readings.pop();
        held.last_seq = [(DOROTHY, 1)].into();
        held.ranges = Some([(DOROTHY, vec![(1, 1)])].into());
    });
    assert_eq!(lost, [Violation::Lost { patient, id, seq: 2 }]);
    assert_eq!(spoiled(|_, held| held.readings.truncate(1)), [Violation::Lost { patient, id, seq: 2 }]);
}

#[test]
fn a_reading_that_is_there_twice_is_doubled_even_if_the_ledger_does_not_know() {
    let (patient, id) = patient_and(10);
    let doubled = spoiled(|_, held| held.readings.push(Measured { patient, seq: 3, id, rows: 2 }));
    assert_eq!(doubled, [Violation::Doubled { patient, id, seqs: vec![1, 3] }]);
    let doubled = spoiled(|_, held| {
        let again = Kept { seq: 3, ..held.ledger[0].clone() };
        held.ledger.push(again);
        held.last_seq = [(DOROTHY, 3)].into();
        held.ranges = Some([(DOROTHY, vec![(1, 3)])].into());
    });
    assert_eq!(doubled, [Violation::Doubled { patient, id, seqs: vec![1, 3] }]);
}

#[test]
fn a_missing_number_is_a_gap() {
    let gap = spoiled(|history, held| {
        held.ledger[1].seq = 3;
        held.readings[1].seq = 3;
        held.last_seq = [(DOROTHY, 3)].into();
        held.ranges = Some([(DOROTHY, vec![(1, 3)])].into());
        history.saw.insert(what(11), vec![Saw::Stored(3)]);
    });
    assert_eq!(gap, [Violation::Gap { patient: DOROTHY, held: 2, last_seq: 3 }]);
    let behind = spoiled(|_, held| {
        held.last_seq = [(DOROTHY, 1)].into();
        held.ranges = Some([(DOROTHY, vec![(1, 1)])].into());
    });
    assert_eq!(behind, [Violation::Gap { patient: DOROTHY, held: 2, last_seq: 1 }]);
}

#[test]
fn a_duplicate_has_the_number_of_the_first_and_nobody_is_first_twice() {
    let (patient, id) = patient_and(10);
    let told = spoiled(|history, _| drop(history.saw.insert(what(10), vec![Saw::Stored(1), Saw::Duplicate(2)])));
    assert_eq!(told, [Violation::Numbers { patient, id, told: vec![1, 2], held: 1 }]);
    let twice = spoiled(|history, _| drop(history.saw.insert(what(10), vec![Saw::Stored(1), Saw::Stored(1)])));
    assert_eq!(twice, [Violation::StoredTwice { patient, id }]);
}

#[test]
fn what_is_held_is_what_was_sent_whole() {
    let (patient, id) = patient_and(10);
    assert_eq!(spoiled(|_, held| held.ledger[0].content_hash = vec![1, 8]), [Violation::Changed { patient, id }]);
    let torn = Violation::Torn { patient, seq: 1, rows: 1, expected: 2 };
    assert_eq!(spoiled(|_, held| held.readings[0].rows = 1), [torn]);
    let unsent = spoiled(|history, _| drop(history.saw.remove(&what(11))));
    assert_eq!(unsent, [Violation::Unsent { patient, seq: 2 }]);
}

#[test]
fn what_was_refused_is_on_record_once_and_not_stored() {
    let (patient, id) = patient_and(12);
    for on_record in [0, 2] {
        let reason = "unit_unknown".to_owned();
        let violations = spoiled(|_, held| {
            held.refusals = BTreeMap::from([((id.to_string(), reason.clone()), on_record)]);
        });
        assert_eq!(violations, [Violation::RefusalsOnRecord { id, reason, on_record }]);
    }
    let held = spoiled(|_, held| {
        held.ledger.push(Kept { patient, id, seq: 3, content_hash: what(12).content_hash });
        held.last_seq = [(DOROTHY, 3)].into();
        held.ranges = Some([(DOROTHY, vec![(1, 3)])].into());
    });
    assert_eq!(held, [Violation::RefusedYetHeld { patient, id }]);
}

#[test]
fn the_same_id_with_other_content_is_refused_and_the_first_stays() {
    let conflict = |on_record| {
        spoiled(move |history, held| {
            history.saw.insert(What { content_hash: vec![1, 9], ..what(10) }, vec![Saw::Refused("conflict".into())]);
            held.refusals.insert((what(10).id.to_string(), "conflict".to_owned()), on_record);
        })
    };
    assert_eq!(conflict(1), []);
    assert_eq!(conflict(2).len(), 1);
}

#[test]
fn what_was_never_answered_and_what_was_never_judged_are_seen() {
    let (patient, id) = patient_and(11);
    let unanswered = spoiled(|history, _| drop(history.saw.insert(what(11), vec![Saw::Unknown, Saw::NotNow])));
    assert_eq!(unanswered, [Violation::Unanswered { patient, id }]);
    for ranges in [vec![], vec![(1, 1)], vec![(2, 2)], vec![(1, 2), (2, 2)], vec![(1, 1), (3, 3)]] {
        let untiled = spoiled(|_, held| held.ranges = Some([(DOROTHY, ranges.clone())].into()));
        assert_eq!(untiled, [Violation::Untiled { patient, ranges, last_seq: 2 }]);
    }
}

#[test]
fn a_connection_left_in_a_transaction_and_a_surprise_are_seen() {
    assert_eq!(spoiled(|_, held| held.idle_in_transaction = 1), [Violation::IdleInTransaction { connections: 1 }]);
    let what = "a receipt for a batch that was never sent".to_owned();
    assert_eq!(spoiled(|history, _| history.surprises.push(what.clone())), [Violation::Surprise { what }]);
}
