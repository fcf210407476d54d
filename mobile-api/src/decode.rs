//! How the service reads a phone's frame: text → message, and a batch item by item, so that one bad item refuses only itself.

mod check;

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use self::check::short;
use crate::http::EnrolRequest;
use crate::item::Item;
use crate::limits::Limits;
use crate::message::{Hello, Refused};
use crate::refusal::{Reason, Refusal};
use crate::time::PhoneTime;

/// As sent, and cut into names and values.
const TEXT_COPIES: usize = 2;
/// A value, with its part of the map or list that holds it.
const VALUE_BYTES: usize = 128;
/// An item that holds nothing; `tests/weight.rs` measures all three.
const ITEM_BYTES: usize = 384;

/// A phone's message as the service received it.
#[derive(Debug, Clone)]
pub enum Incoming {
    Hello(Hello),
    Submit { batch: u64, items: Vec<ReceivedItem> },
    Shown { id: Uuid },
    Ack { through: u64 },
}

/// One item as it was sent, and what it says if it says anything.
#[derive(Debug, Clone)]
pub struct ReceivedItem {
    /// As sent; empty if there was none.
    pub id: String,
    /// `for` as sent, also of an item that says nothing else.
    pub whom: Option<String>,
    /// The item's JSON text.
    pub as_sent: String,
    pub item: Result<Item, Refusal>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct SubmitFrame<'a> {
    #[serde(default)]
    batch: Option<u64>,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// What the reading of a text may take up in memory, at most: its items with their texts and values, until they are decided.
/// Known before anything is read, in bytes; each value, name or list stands behind one of four characters.
pub fn weight_bytes(text: &str) -> usize {
    if text.len() > Limits::V1.frame_bytes {
        // Refused unread.
        return 0;
    }
    let values = text.bytes().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{')).count();
    TEXT_COPIES * text.len() + VALUE_BYTES * values + ITEM_BYTES * values.min(Limits::V1.batch_items)
}

/// Reads one text frame.
pub fn frame(text: &str) -> Result<Incoming, Refused> {
    if text.len() > Limits::V1.frame_bytes {
        let detail = format!("the frame has {} bytes; at most {} are taken", text.len(), Limits::V1.frame_bytes);
        #[derive(Deserialize)]
        struct BatchOnly {
            batch: u64,
        }
        let batch = serde_json::from_str(text).ok().map(|BatchOnly { batch }| batch);
        return Err(Refused { batch, refusal: Refusal::new(Reason::FrameTooBig, detail) });
    }
    let head: Head = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if text.trim_start().starts_with('{') => {
            whole(Reason::FieldInvalid, "`type` is not a text")
        }
        _ => whole(Reason::NotJson, format!("the frame is not a JSON object: {error}")),
    })?;
    let Some(kind) = head.kind else {
        return Err(whole(Reason::TypeMissing, "the message has no `type`"));
    };
    match &*kind {
        "hello" => hello(text).map(Incoming::Hello),
        "submit" => submit(text),
        "shown" => {
            #[derive(Deserialize)]
            struct Shown {
                id: Uuid,
            }
            message(text).map(|Shown { id }| Incoming::Shown { id })
        }
        "ack" => {
            #[derive(Deserialize)]
            struct Ack {
                through: u64,
            }
            message(text).map(|Ack { through }| Incoming::Ack { through })
        }
        other => Err(whole(Reason::TypeUnknown, format!("this service knows no message of type {}", quoted(other)))),
    }
}

/// Reads the items of an HTTP body, which has no batch number.
pub fn submissions(text: &str) -> Result<(PhoneTime, Vec<ReceivedItem>), Refusal> {
    #[derive(Deserialize)]
    struct Frame<'a> {
        phone_time: PhoneTime,
        #[serde(borrow)]
        items: Vec<&'a RawValue>,
    }
    let body: Frame = serde_json::from_str(text).map_err(|error| refusal_of_field(&error))?;
    check_length(&body.items, text.len())?;
    Ok((body.phone_time, body.items.into_iter().map(received).collect()))
}

/// Reads the body of an enrolment.
pub fn enrolment(text: &str) -> Result<EnrolRequest, Refusal> {
    let request: EnrolRequest = serde_json::from_str(text).map_err(|error| refusal_of_field(&error))?;
    let device = &request.device;
    for (what, text) in [("name", &device.name), ("platform", &device.platform), ("app_version", &device.app_version)] {
        short(what, text)?;
    }
    Ok(request)
}

fn hello(text: &str) -> Result<Hello, Refused> {
    let hello: Hello = message(text)?;
    let checked = short("app_version", &hello.app_version)
        .and_then(|()| hello.notifications.as_deref().map_or(Ok(()), |text| short("notifications", text)));
    checked.map(|()| hello).map_err(|refusal| Refused { batch: None, refusal })
}

fn submit(text: &str) -> Result<Incoming, Refused> {
    let frame: SubmitFrame =
        serde_json::from_str(text).map_err(|error| Refused { batch: None, refusal: refusal_of_field(&error) })?;
    let Some(batch) = frame.batch else {
        return Err(whole(Reason::FieldMissing, "a submit needs its `batch` number, so that the receipt can name it"));
    };
    check_length(&frame.items, text.len()).map_err(|refusal| Refused { batch: Some(batch), refusal })?;
    Ok(Incoming::Submit { batch, items: frame.items.into_iter().map(received).collect() })
}

fn check_length(items: &[&RawValue], bytes: usize) -> Result<(), Refusal> {
    let limits = Limits::V1;
    if items.len() > limits.batch_items {
        let detail =
            format!("the batch has {} items; at most {} are taken: send it in parts", items.len(), limits.batch_items);
        return Err(Refusal::new(Reason::BatchTooLong, detail));
    }
    if bytes > limits.batch_bytes {
        let detail = format!("the batch has {bytes} bytes; at most {} are taken: send it in parts", limits.batch_bytes);
        return Err(Refusal::new(Reason::BatchTooBig, detail));
    }
    Ok(())
}

fn received(raw: &RawValue) -> ReceivedItem {
    let as_sent = without_half_characters(raw.get());
    match serde_json::from_str::<Item>(&as_sent) {
        Ok(item) => ReceivedItem {
            id: item.id.to_string(),
            whom: item.whom.clone(),
            as_sent: as_sent.into_owned(),
            item: check::item(&item).map(|()| item),
        },
        Err(error) => {
            let (id, whom, refusal) = diagnose(&as_sent, &error);
            ReceivedItem { id, whom, as_sent: as_sent.into_owned(), item: Err(refusal) }
        }
    }
}

/// JavaScript cuts a text in the middle of a character and writes the half as `\ud83d`, which is no text: U+FFFD stands for
/// it, so that a note cut short loses no reading.
fn without_half_characters(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u") {
        return Cow::Borrowed(json);
    }
    let unit = |at: usize| json.get(at + 2..at + 6).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let mut mended = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        if json.as_bytes().get(at + 1) != Some(&b'u') {
            // An escape of one character: `\\` among them.
            at += 2;
            continue;
        }
        let half = match unit(at) {
            Some(0xD800..=0xDBFF) if json.get(at + 6..at + 8) == Some("\\u") => {
                if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) {
                    at += 12;
                    continue;
                }
                true
            }
            Some(0xD800..=0xDFFF) => true,
            _ => false,
        };
        if half {
            mended.push_str(&json[kept..at]);
            mended.push_str("\\ufffd");
            kept = at + 6;
        }
        at += 6;
    }
    mended.push_str(&json[kept..]);
    Cow::Owned(mended)
}

/// What serde could not say: the item's id and `for`, and which of the refusals of the protocol this is.
fn diagnose(as_sent: &str, error: &serde_json::Error) -> (String, Option<String>, Refusal) {
    let item = match serde_json::from_str::<Value>(as_sent) {
        Ok(Value::Object(item)) => item,
        Ok(_) => return (String::new(), None, Refusal::new(Reason::FieldInvalid, "an item is not a JSON object")),
        // Well-formed, as it came out of a frame that was read: what is left is a number like 1e999, or nesting without end.
        Err(error) => {
            #[derive(Deserialize)]
            struct Head {
                id: Uuid,
                #[serde(rename = "for", default)]
                whom: Option<String>,
            }
            let (id, whom) =
                serde_json::from_str(as_sent).map(|Head { id, whom }| (id.to_string(), whom)).unwrap_or_default();
            let detail = error.to_string();
            let reason = if detail.contains("out of range") { Reason::ValueNotANumber } else { Reason::FieldInvalid };
            return (id, whom, Refusal::new(reason, detail));
        }
    };
    let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
    let whom = item.get("for").and_then(Value::as_str).map(str::to_owned);
    let shown_id: String = id.chars().take(64).collect();
    if Uuid::parse_str(id).is_err() {
        return (shown_id, whom, Refusal::new(Reason::IdInvalid, "the item's `id` is missing or not a UUID"));
    }
    let refusal = match item.get("kind").map(|kind| kind.as_str()) {
        None => Refusal::new(Reason::FieldMissing, "the item has no `kind`"),
        Some(None) => Refusal::new(Reason::FieldInvalid, "`kind` is not a text"),
        Some(Some(kind @ ("reading" | "event" | "answers" | "correction"))) => {
            let taken_at = item.get("taken_at").and_then(Value::as_str).and_then(PhoneTime::parse);
            if kind != "correction" && item.contains_key("taken_at") && taken_at.is_none() {
                let detail = "`taken_at` is not an RFC 3339 time with an offset, like 2026-11-21T08:05:00+00:00";
                Refusal::new(Reason::TimeInvalid, detail)
            } else {
                value_not_a_number(item.get("values")).unwrap_or_else(|| refusal_of_field(error))
            }
        }
        Some(Some(other)) => {
            Refusal::new(Reason::KindUnknown, format!("this service knows no items of kind {}", quoted(other)))
        }
    };
    (shown_id, whom, refusal)
}

fn value_not_a_number(values: Option<&Value>) -> Option<Refusal> {
    let values = values?.as_object()?;
    let (component, _) = values.iter().find(|(_, quantity)| {
        let value = quantity.get("value").unwrap_or(quantity);
        !value.is_number() && !value.is_object() && !value.is_null()
    })?;
    Some(Refusal::new(Reason::ValueNotANumber, format!("the value of {} is not a number", quoted(component))))
}

fn message<T: DeserializeOwned>(text: &str) -> Result<T, Refused> {
    serde_json::from_str(text).map_err(|error| Refused { batch: None, refusal: refusal_of_field(&error) })
}

fn refusal_of_field(error: &serde_json::Error) -> Refusal {
    let detail = error.to_string();
    let reason = match error.classify() {
        serde_json::error::Category::Data if detail.starts_with("missing field") => Reason::FieldMissing,
        serde_json::error::Category::Data => Reason::FieldInvalid,
        _ => Reason::NotJson,
    };
    Refusal::new(reason, detail)
}

fn whole(reason: Reason, detail: impl Into<String>) -> Refused {
    Refused { batch: None, refusal: Refusal::new(reason, detail) }
}

/// A name from outside, fit for a sentence.
fn quoted(name: &str) -> String {
    format!("{:?}", name.chars().take(64).collect::<String>())
}
