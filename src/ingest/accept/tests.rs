//! What one item becomes: kept, flagged, dated, or refused by name.

use super::*;
use mobile_api::decode;

const ARRIVAL: &str = "2026-03-01T08:00:00Z";

fn sender() -> Sender {
    let patient = Uuid::from_u128(1);
    Sender {
        organisation: Uuid::from_u128(9),
        device: Some(Uuid::from_u128(8)),
        entered_by: None,
        own: Some(patient),
        people: vec![Person { handle: "p1".to_owned(), patient, organisation: Uuid::from_u128(9), ended: false }],
        skew: SignedDuration::ZERO,
        received_at: ARRIVAL.parse().expect("a time"),
        numbers: Vec::new(),
    }
}

fn accepted(sender: &Sender, fields: Value) -> Accepted {
    let mut item =
        json!({ "id": Uuid::from_u128(7), "kind": "reading", "taken_at": ARRIVAL, "vital": "blood_pressure" });
    for (name, value) in fields.as_object().expect("fields") {
        item[name] = value.clone();
    }
    let body = json!({ "phone_time": ARRIVAL, "items": [item] }).to_string();
    let (_, items) = decode::submissions(&body).expect("a readable body");
    let book = alert_rules::Rulebook::built_in();
    let all = || book.packs().iter().flat_map(|pack| &pack.questionnaires);
    accept(&items[0], sender, |reference| Asked::among(all(), reference))
}

fn pressure(systolic: f64, diastolic: f64) -> Value {
    json!({ "values": {
        "systolic": { "value": systolic, "unit": "mm[Hg]" },
        "diastolic": { "value": diastolic, "unit": "mm[Hg]" },
    } })
}

fn stored(accepted: Accepted) -> Submission {
    match accepted {
        Accepted::Submission(submission) => *submission,
        Accepted::Refused { refusal, .. } => panic!("refused: {refusal:?}"),
    }
}

fn refused(accepted: Accepted) -> Refusal {
    match accepted {
        Accepted::Refused { refusal, .. } => refusal,
        Accepted::Submission(submission) => panic!("accepted: {submission:?}"),
    }
}

#[test]
fn an_ordinary_reading_has_no_flags() {
    let submission = stored(accepted(&sender(), pressure(148.0, 92.0)));
    assert_eq!(submission.flags, Vec::<String>::new());
    assert_eq!(submission.effective_at, ARRIVAL.parse().expect("a time"));
}

#[test]
fn odd_values_are_kept_and_flagged() {
    let flags = |systolic, diastolic| stored(accepted(&sender(), pressure(systolic, diastolic))).flags;
    assert_eq!(flags(225.0, 92.0), ["unconfirmed"]);
    assert_eq!(flags(1850.0, 92.0), ["impossible"]);
    assert_eq!(flags(92.0, 148.0), ["impossible"]);
}

#[test]
fn a_unit_is_neither_guessed_nor_misread() {
    let mut values = pressure(148.0, 92.0);
    values["values"]["systolic"]["unit"] = json!("mmHG");
    let refusal = refused(accepted(&sender(), values.clone()));
    assert_eq!(refusal.reason, Reason::UnitUnknown);
    assert_eq!(refusal.detail, "mmHG is not a unit of systolic; use mm[Hg] or kPa");
    values["values"]["systolic"] = json!({ "value": 148 });
    assert_eq!(refused(accepted(&sender(), values)).reason, Reason::UnitMissing);
}

#[test]
fn a_time_that_makes_no_sense_is_replaced_by_the_arrival_and_flagged() {
    for taken_at in ["1066-10-14T09:00:00Z", "2999-01-01T00:00:00Z"] {
        let mut item = pressure(148.0, 92.0);
        item["taken_at"] = json!(taken_at);
        let submission = stored(accepted(&sender(), item));
        assert_eq!(submission.flags, ["dated_by_arrival"]);
        assert_eq!(submission.effective_at, submission.received_at);
    }
}

#[test]
fn a_clock_thirteen_hours_off_is_corrected_by_the_sessions_skew_and_age_wins_over_both() {
    let mut sender = sender();
    sender.skew = SignedDuration::from_hours(-13);
    let mut item = pressure(148.0, 92.0);
    item["taken_at"] = json!("2026-03-01T20:59:00Z");
    assert_eq!(stored(accepted(&sender, item.clone())).effective_at, "2026-03-01T07:59:00Z".parse().expect("a time"));
    item["age_ms"] = json!(600_000);
    assert_eq!(stored(accepted(&sender, item)).effective_at, "2026-03-01T07:50:00Z".parse().expect("a time"));
}

#[test]
fn nobody_submits_for_somebody_elses_patient() {
    let mut item = pressure(148.0, 92.0);
    item["for"] = json!("p2");
    assert_eq!(refused(accepted(&sender(), item)).reason, Reason::ForUnknown);
    let carer = Sender { own: None, ..sender() };
    assert_eq!(refused(accepted(&carer, pressure(148.0, 92.0))).reason, Reason::ForMissing);
}

#[test]
fn hi_and_could_not_measure_are_readings_and_nothing_at_all_is_not() {
    let high = json!({ "vital": "glucose", "values": { "glucose": { "comparator": "high" } } });
    assert_eq!(stored(accepted(&sender(), high)).rank(), 0);
    stored(accepted(&sender(), json!({ "vital": "weight", "absent": "could_not_measure" })));
    assert_eq!(refused(accepted(&sender(), json!({ "vital": "weight" }))).reason, Reason::ValueMissing);
    let half = json!({ "values": { "systolic": { "value": 148, "unit": "mm[Hg]" } } });
    assert_eq!(refused(accepted(&sender(), half)).reason, Reason::ComponentMissing);
}

#[test]
fn what_a_carer_sent_and_was_refused_is_on_record_for_whom_it_was() {
    let carer = Sender { own: None, ..sender() };
    let refused = |fields: Value| match accepted(&carer, fields) {
        Accepted::Refused { patient, .. } => patient,
        Accepted::Submission(submission) => panic!("accepted: {submission:?}"),
    };
    assert_eq!(refused(json!({ "for": "p1", "taken_at": "yesterday" })), Some(Uuid::from_u128(1)));
    assert_eq!(refused(json!({ "for": "p2", "taken_at": "yesterday" })), None);
}

#[test]
fn answers_that_do_not_fit_are_kept_and_flagged() {
    let flags = |fields: Value| {
        let mut item = json!({ "kind": "answers", "questionnaire": "bp-warning-signs|1", "vital": null });
        for (name, value) in fields.as_object().expect("fields") {
            item[name] = value.clone();
        }
        stored(accepted(&sender(), item)).flags
    };
    let whole = json!([{ "link_id": "warning_signs", "value": true }, { "link_id": "dizzy_or_fell", "value": false }]);
    let one = json!([{ "link_id": "warning_signs", "value": true }]);
    assert_eq!(flags(json!({ "answers": whole })), [""; 0]);
    assert_eq!(flags(json!({ "answers": one })), ["incomplete"]);
    assert_eq!(flags(json!({ "answers": one, "partial": true })), [""; 0], "more is to come");
    let odd = json!([{ "link_id": "warning_signs", "value": "often" }, { "link_id": "dizzy_or_fell", "value": "no" }]);
    assert_eq!(flags(json!({ "answers": odd })), ["unexpected"]);
    let stranger = json!([{ "link_id": "tea", "value": [1, null] }]);
    assert_eq!(flags(json!({ "answers": stranger })), ["incomplete", "unexpected"]);
    let unknown = json!({ "answers": whole, "questionnaire": "bp-warning-signs|0" });
    assert_eq!(flags(unknown), ["unexpected"], "a version that was never published");
}
