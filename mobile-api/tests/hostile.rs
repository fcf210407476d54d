//! Anything at all, in any order: never a panic, and never an answer that is not one.
//!
//! What is sent is noise, or what a phone says with something changed in it: a value of its JSON for another, a cut, a byte.

mod talk;

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use talk::{Step, converse};

const ID: &str = "019390a0-0000-7000-8000-000000000001";

/// What a phone says, one of each kind.
fn said() -> impl Strategy<Value = Value> {
    let at = "2026-11-21T08:05:00+00:00";
    let items = vec![
        json!({ "id": ID, "for": "p1", "kind": "reading", "taken_at": at, "age_ms": 61000, "vital": "blood_pressure",
            "values": { "systolic": { "value": 148, "unit": "mm[Hg]" }, "diastolic": { "comparator": "low" } },
            "method": "instrument", "instrument": { "make": "A", "user": 1 }, "context": { "arm": "left" }, "note": "é" }),
        json!({ "id": ID, "kind": "reading", "taken_at": at, "vital": "weight", "absent": "could_not_measure" }),
        json!({ "id": ID, "kind": "event", "taken_at": at, "event": "insulin", "values": { "dose": { "value": 9, "unit": "[iU]" } } }),
        json!({ "id": ID, "kind": "answers", "taken_at": at, "questionnaire": "copd-daily|3", "partial": false,
            "answers": [{ "link_id": "breathless", "value": ["more", 1, true] }] }),
        json!({ "id": ID, "kind": "correction", "corrects": ID, "reason": "not_mine" }),
    ];
    let submit = (0..4_u64, vec(select(items), 0..6))
        .prop_map(|(batch, items)| json!({ "type": "submit", "batch": batch, "items": items }));
    prop_oneof![
        6 => submit,
        1 => Just(json!({ "type": "shown", "id": ID })),
        1 => any::<u64>().prop_map(|through| json!({ "type": "ack", "through": through })),
        1 => Just(json!({ "type": "hello", "device_id": ID, "app_version": "1", "phone_time": at, "resume": { "push": 1 }, "proof": "x" })),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        (1..70_000_usize).prop_map(|long| Value::from("\u{1}é".repeat(long / 3))),
        select(vec!["submit", "reading", "\0", ID, "1e999", "2026-11-21T08:05:00Z"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            vec((".{0,6}", inner), 0..8).prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Puts `new` in the place of one of its parts.
fn put(value: &mut Value, at: Index, new: Value) {
    fn parts(value: &Value) -> usize {
        1 + match value {
            Value::Array(values) => values.iter().map(parts).sum(),
            Value::Object(fields) => fields.values().map(parts).sum(),
            _ => 0,
        }
    }
    fn part(value: &mut Value, mut at: usize) -> &mut Value {
        if at == 0 {
            return value;
        }
        at -= 1;
        let inner: Vec<&mut Value> = match value {
            Value::Array(values) => values.iter_mut().collect(),
            Value::Object(fields) => fields.values_mut().collect(),
            _ => Vec::new(),
        };
        for value in inner {
            let size = parts(value);
            if at < size {
                return part(value, at);
            }
            at -= size;
        }
        unreachable!("fewer parts than were counted")
    }
    let count = parts(value);
    *part(value, at.index(count)) = new;
}

fn text() -> impl Strategy<Value = String> {
    let changed = (said(), vec((any::<Index>(), any_value()), 0..3)).prop_map(|(mut said, changes)| {
        for (at, new) in changes {
            put(&mut said, at, new);
        }
        said.to_string()
    });
    let damaged = (said(), vec((any::<Index>(), any::<u8>()), 1..8)).prop_map(|(said, damage)| {
        let mut bytes = said.to_string().into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let cut = (said(), any::<Index>()).prop_map(|(said, at)| {
        let text = said.to_string();
        text.chars().take(at.index(text.len())).collect::<String>()
    });
    let deep = (0..70_000_usize)
        .prop_map(|deep| format!(r#"{{"type":"submit","batch":1,"items":[{{"id":"{ID}","x":{}]}}"#, "[".repeat(deep)));
    let many = (0..300_usize, select(vec!["{}", "7", r#"{"id":"x"}"#, r#"{"kind":"\u0001\u0001\u0001"}"#])).prop_map(
        |(count, item)| format!(r#"{{"type":"submit","batch":1,"items":[{}]}}"#, vec![item; count].join(",")),
    );
    prop_oneof![8 => changed, 3 => damaged, 1 => cut, 1 => deep, 1 => many, 2 => ".{0,200}"]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => text().prop_map(Step::Text),
        1 => Just(Step::Binary),
        2 => Just(Step::Heard),
        1 => Just(Step::Unread),
        4 => (0..40_000_u64).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
        4 => any::<Index>().prop_map(|at| Step::Decide(at.index(usize::MAX))),
        1 => (0..9_u64).prop_map(Step::Checked),
        1 => vec(0..9_u64, 0..6).prop_map(Step::Pushes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_said_breaks_the_conversation(steps in vec(step(), 0..40)) {
        converse(steps);
    }
}

#[test]
fn more_frames_than_a_minute_may_have_close_whatever_they_are() {
    for step in [Step::Heard, Step::Binary, Step::Text("x".into())] {
        assert!(!converse(vec![step.clone(); 6_000]));
        assert!(converse(vec![step; 6_001]));
    }
}

#[test]
fn a_phone_that_is_not_read_is_never_taken_for_gone() {
    let half_a_minute = |step| [step, Step::Wait(Duration::from_secs(31))];
    assert!(!converse(half_a_minute(Step::Unread).into_iter().cycle().take(400)));
    assert!(converse(half_a_minute(Step::Checked(0)).into_iter().cycle().take(8)));
}
