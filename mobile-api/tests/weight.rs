//! What a frame takes up in memory once it is read is never more than was reckoned before reading it: the service makes room by
//! that reckoning. Alone in its process, because it counts what is allocated.

use std::alloc::System;

use mobile_api::decode;
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ID: &str = "019390a0-0000-7000-8000-000000000001";

fn item(fields: Value) -> Value {
    let mut item = json!({ "id": ID, "kind": "reading", "taken_at": "2026-11-21T08:05:00+00:00", "vital": "weight" });
    for (name, value) in fields.as_object().expect("fields") {
        item[name] = value.clone();
    }
    item
}

fn submit(items: &[Value]) -> String {
    json!({ "type": "submit", "batch": 1, "items": items }).to_string()
}

#[test]
fn a_frame_that_was_read_weighs_no_more_than_was_reckoned() {
    let pressure = item(json!({ "vital": "blood_pressure", "values": {
        "systolic": { "value": 148, "unit": "mm[Hg]" }, "diastolic": { "value": 92, "unit": "mm[Hg]" } } }));
    let many_values: serde_json::Map<String, Value> = (0..100).map(|n| (n.to_string(), json!({}))).collect();
    let context: serde_json::Map<String, Value> = (0..100).map(|n| (n.to_string(), json!(1))).collect();
    let answer = json!({ "link_id": "a", "value": vec![1; 100] });
    let answers = item(json!({ "kind": "answers", "questionnaire": "q|1", "answers": vec![answer; 70] }));
    let texts = [
        ("one reading", submit(std::slice::from_ref(&pressure))),
        ("an outbox", submit(&vec![pressure; 180])),
        ("many values", submit(&vec![item(json!({ "values": many_values })); 40])),
        ("much context", submit(&vec![item(json!({ "context": context })); 40])),
        ("many answers", submit(&[answers.clone(), answers])),
        ("nothing at all", submit(&vec![json!({}); 200])),
        ("numbers", submit(&vec![json!(7); 200])),
        (
            "refused with their text",
            submit(&vec![item(json!({ "reason": "r".repeat(100), "kind": "correction" })); 180]),
        ),
        ("what is not known is passed over", submit(&[item(json!({ "x": vec![1; 20_000] }))])),
        ("one long note", submit(&[item(json!({ "note": "é".repeat(20_000) }))])),
    ];
    for (what, text) in texts {
        let reckoned = decode::weight_bytes(&text);
        let region = Region::new(ALLOCATOR);
        let read = decode::frame(&text);
        let change = region.change();
        let held = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
        println!("{what}: {} bytes of text hold {held}, reckoned {reckoned}", text.len());
        assert!(held <= reckoned, "{what}: {held} bytes are held, {reckoned} were reckoned");
        assert!(read.is_ok(), "{what}: {read:?}");
    }
}
