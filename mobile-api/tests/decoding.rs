//! What comes in and cannot be taken: refused by name, one item at a time, and nothing ever panics.

use mobile_api::content::ContentHash;
use mobile_api::decode::{self, Incoming, ReceivedItem};
use mobile_api::item::Item;
use mobile_api::limits::Limits;
use mobile_api::refusal::Reason;
use proptest::prelude::*;
use uuid::Uuid;

const ID: &str = "019390a0-0000-7000-8000-000000000001";

fn refused_frame(text: &str) -> Reason {
    decode::frame(text).expect_err("the frame is refused").refusal.reason
}

fn items(text: &str) -> Vec<ReceivedItem> {
    match decode::frame(&format!(r#"{{"type":"submit","batch":1,"items":{text}}}"#)) {
        Ok(Incoming::Submit { items, .. }) => items,
        other => panic!("{other:?}"),
    }
}

fn refused_item(fields: &str) -> Reason {
    let [item] = &items(&format!(r#"[{{"id":"{ID}",{fields}}}]"#))[..] else { panic!("one item") };
    assert_eq!(item.id, ID);
    item.item.as_ref().expect_err("the item is refused").reason
}

#[test]
fn frames_are_refused_by_name() {
    for text in ["", "hello", "[1]", "3", r#"{"type":"submit""#] {
        assert_eq!(refused_frame(text), Reason::NotJson, "{text}");
    }
    assert_eq!(refused_frame(r#"{"batch":1}"#), Reason::TypeMissing);
    assert_eq!(refused_frame(r#"{"type":7}"#), Reason::FieldInvalid);
    assert_eq!(refused_frame(r#"{"type":"dance"}"#), Reason::TypeUnknown);
    assert_eq!(refused_frame(r#"{"type":"submit","items":[]}"#), Reason::FieldMissing);
    assert_eq!(refused_frame(r#"{"type":"submit","batch":1}"#), Reason::FieldMissing);
    assert_eq!(refused_frame(r#"{"type":"ack","through":-1}"#), Reason::FieldInvalid);
    assert_eq!(refused_frame(r#"{"type":"shown","id":"x"}"#), Reason::FieldInvalid);
    let filled = |bytes: usize| format!(r#"{{"type":"submit","batch":1,"items":[],"fill":"{}"}}"#, "x".repeat(bytes));
    assert_eq!(refused_frame(&filled(Limits::V1.frame_bytes)), Reason::FrameTooBig);
    assert_eq!(
        decode::frame(&filled(Limits::V1.frame_bytes)).unwrap_err().batch,
        Some(1),
        "so that the phone knows which"
    );
    assert_eq!(refused_frame(&filled(Limits::V1.batch_bytes)), Reason::BatchTooBig);
    let long = vec!["{}"; Limits::V1.batch_items + 1].join(",");
    let error = decode::frame(&format!(r#"{{"type":"submit","batch":9,"items":[{long}]}}"#)).unwrap_err();
    assert_eq!((error.batch, error.refusal.reason), (Some(9), Reason::BatchTooLong));
}

#[test]
fn a_bad_item_refuses_only_itself() {
    let good = format!(
        r#"{{"id":"{ID}","kind":"reading","taken_at":"2026-11-21T08:05:00+00:00","vital":"weight","values":{{"weight":{{"value":70,"unit":"kg"}}}},"of_a_later_version":1}}"#
    );
    let items = items(&format!(r#"[7,{good},{{"id":"{ID}"}},{{"kind":"reading"}}]"#));
    let reasons: Vec<_> = items.iter().map(|item| item.item.as_ref().err().map(|refusal| refusal.reason)).collect();
    assert_eq!(reasons, [Some(Reason::FieldInvalid), None, Some(Reason::FieldMissing), Some(Reason::IdInvalid)]);
    assert_eq!(items[1].as_sent, good);
}

#[test]
fn each_thing_wrong_with_an_item_has_its_reason() {
    let taken = r#""taken_at":"2026-11-21T08:05:00+00:00""#;
    let cases = [
        (r#""kind":"dream""#.to_owned(), Reason::KindUnknown),
        (r#""kind":"reading","vital":"weight""#.to_owned(), Reason::FieldMissing),
        (r#""kind":"reading","vital":"weight","taken_at":"yesterday""#.to_owned(), Reason::TimeInvalid),
        (r#""kind":"reading","vital":"weight","taken_at":1764000000"#.to_owned(), Reason::TimeInvalid),
        (format!(r#""kind":"reading",{taken}"#), Reason::FieldMissing),
        (
            format!(r#""kind":"reading",{taken},"vital":"weight","values":{{"weight":{{"value":"70","unit":"kg"}}}}"#),
            Reason::ValueNotANumber,
        ),
        (
            format!(r#""kind":"reading",{taken},"vital":"weight","values":{{"weight":{{"value":[],"unit":"kg"}}}}"#),
            Reason::ValueNotANumber,
        ),
        (
            format!(r#""kind":"reading",{taken},"vital":"weight","values":{{"weight":{{"value":1e999,"unit":"kg"}}}}"#),
            Reason::ValueNotANumber,
        ),
        (
            format!(r#""kind":"reading",{taken},"vital":"weight","values":{{"weight":{{"value":70,"unit":7}}}}"#),
            Reason::FieldInvalid,
        ),
        (format!(r#""kind":"reading",{taken},"vital":"weight","note":"a\u0000b""#), Reason::TextHasNul),
        (format!(r#""kind":"reading",{taken},"vital":"wei\u0000ght""#), Reason::TextHasNul),
        (format!(r#""kind":"reading",{taken},"vital":"weight","note":"{}""#, "é".repeat(2_001)), Reason::NoteTooLong),
        (format!(r#""kind":"reading",{taken},"vital":"{}""#, "x".repeat(201)), Reason::TextTooLong),
        (format!(r#""kind":"reading",{taken},"vital":"weight","context":{{"deep":{{"er":1}}}}"#), Reason::FieldInvalid),
        (
            format!(
                r#""kind":"answers",{taken},"questionnaire":"q|1","answers":[{}]"#,
                vec![r#"{"link_id":"a","value":1}"#; 101].join(",")
            ),
            Reason::TooManyEntries,
        ),
        (
            format!(r#""kind":"answers",{taken},"questionnaire":"q|1","answers":[{{"link_id":"a","value":"\u0000"}}]"#),
            Reason::TextHasNul,
        ),
        (r#""kind":"correction","corrects":"no","reason":"not_mine""#.to_owned(), Reason::FieldInvalid),
    ];
    for (fields, reason) in cases {
        let fields = fields.as_str();
        assert_eq!(refused_item(fields), reason, "{}", &fields[..fields.len().min(120)]);
    }
}

#[test]
fn content_is_what_was_measured_and_not_how_it_was_written() {
    let patient = Uuid::from_u128(1);
    let item = |text: &str| serde_json::from_str::<Item>(text).unwrap();
    let first = item(&format!(
        r#"{{"id":"{ID}","for":"p1","kind":"reading","taken_at":"2026-11-21T08:05:00+00:00","age_ms":5,"vital":"weight","values":{{"weight":{{"value":70,"unit":"kg"}}}},"context":{{"a":1,"b":2}}}}"#
    ));
    let again = item(&format!(
        r#"{{"kind":"reading","id":"{ID}","vital":"weight","taken_at":"2026-11-21T08:05:00Z","age_ms":9000,"later":true,"values":{{"weight":{{"unit":"kg","value":70.0}}}},"context":{{"b":2,"a":1.0}}}}"#
    ));
    let other = item(&format!(
        r#"{{"id":"{ID}","kind":"reading","taken_at":"2026-11-21T08:05:00Z","vital":"weight","values":{{"weight":{{"value":70.1,"unit":"kg"}}}},"context":{{"a":1,"b":2}}}}"#
    ));
    let hash = ContentHash::of(&first, patient);
    assert_eq!(hash, ContentHash::of(&again, patient));
    assert_ne!(hash, ContentHash::of(&other, patient));
    assert_ne!(hash, ContentHash::of(&first, Uuid::from_u128(2)), "the same item for somebody else");
    assert_eq!((hash.as_bytes().len(), hash.as_bytes()[0]), (33, 1), "the form's version comes first");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_the_decoder(text in ".{0,400}") {
        let _ = decode::frame(&text);
        let _ = decode::submissions(&text);
    }

    /// Damage to a real frame reaches deeper than noise.
    #[test]
    fn no_damage_panics_the_decoder(cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let frame = format!(r#"{{"type":"submit","batch":41,"items":[{{"id":"{ID}","for":"p1","kind":"reading","taken_at":"2026-11-21T08:05:00+00:00","age_ms":61000,"vital":"blood_pressure","values":{{"systolic":{{"value":148,"unit":"mm[Hg]"}},"diastolic":{{"comparator":"low"}}}},"instrument":{{"user":1}},"context":{{"arm":"left"}},"note":"é"}},{{"id":"{ID}","kind":"answers","taken_at":"2026-11-21T08:05:00Z","questionnaire":"q|1","partial":true,"answers":[{{"link_id":"a","value":["x"]}}]}}]}}"#);
        let mut bytes = frame.into_bytes();
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(Incoming::Submit { items, .. }) = decode::frame(&text) {
            for item in items.iter().filter_map(|item| item.item.as_ref().ok()) {
                let _ = ContentHash::of(item, Uuid::nil());
            }
        }
    }
}

#[test]
fn half_a_character_in_a_note_costs_the_half_and_not_the_reading() {
    let note = |escaped: &str| {
        let item = format!(
            r#"[{{"id":"{ID}","note":"{escaped}","kind":"reading","taken_at":"2026-11-21T08:05:00+00:00","vital":"weight","values":{{"weight":{{"value":70,"unit":"kg"}}}}}}]"#
        );
        items(&item).remove(0).item.expect("a reading").note.expect("a note")
    };
    assert_eq!(note(r"dizzy \ud83d"), "dizzy \u{fffd}");
    assert_eq!(note(r"\ude00 dizzy"), "\u{fffd} dizzy");
    assert_eq!(note(r"\ud83d\ud83d\ude00"), "\u{fffd}\u{1f600}");
    assert_eq!(note(r"\\ud83d is how it is written"), r"\ud83d is how it is written");
}

#[test]
fn a_reading_is_not_refused_for_its_decoration() {
    let reading = |fields: &str| {
        let item = format!(
            r#"[{{"id":"{ID}","kind":"reading","taken_at":"2026-11-21T08:05:00+00:00","vital":"weight","values":{{"weight":{{"value":70,"unit":"kg"}}}},{fields}}}]"#
        );
        match items(&item).remove(0).item.expect("a reading").body {
            mobile_api::item::Body::Reading(reading) => reading,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reading(r#""method":"telepathy""#).method, None);
    assert_eq!(reading(r#""age_ms":61000.6"#).age_ms, Some(61_001));
    assert_eq!(reading(r#""age_ms":-0.2"#).age_ms, None);
    assert_eq!(reading(r#""age_ms":"an hour""#).age_ms, None);
}

#[test]
fn what_cannot_be_taken_still_says_whose_it_was() {
    let item = items(&format!(r#"[{{"id":"{ID}","for":"p7","kind":"reading","taken_at":"yesterday"}}]"#)).remove(0);
    assert_eq!((item.whom.as_deref(), item.item.expect_err("refused").reason), (Some("p7"), Reason::TimeInvalid));
    let deep = format!(r#"[{{"id":"{ID}","kind":"reading","extra":{}1{}}}]"#, "[".repeat(300), "]".repeat(300));
    assert_eq!(items(&deep).remove(0).item.expect_err("refused").reason, Reason::FieldInvalid);
}
