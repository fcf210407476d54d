//! What an item may hold once it is read: how much, how long, and no NUL.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::item::{Body, Item, Quantity};
use crate::limits::{ENTRIES_PER_ITEM, Limits};
use crate::refusal::{Reason, Refusal};

/// Of an item that parsed.
pub fn item(item: &Item) -> Result<(), Refusal> {
    if let Some(note) = &item.note {
        no_nul("note", note)?;
        if note.chars().count() > Limits::V1.note_characters {
            let detail = format!("the note is longer than {} characters", Limits::V1.note_characters);
            return Err(Refusal::new(Reason::NoteTooLong, detail));
        }
    }
    if let Some(whom) = &item.whom {
        short("for", whom)?;
    }
    match &item.body {
        Body::Reading(reading) => {
            short("vital", &reading.vital)?;
            check_values(&reading.values)?;
            if let Some(instrument) = &reading.instrument {
                for (name, text) in
                    [("make", &instrument.make), ("model", &instrument.model), ("serial", &instrument.serial)]
                {
                    if let Some(text) = text {
                        short(name, text)?;
                    }
                }
            }
            check_context(reading.context.as_ref())
        }
        Body::Event(event) => {
            short("event", &event.event)?;
            check_values(&event.values)?;
            check_context(event.context.as_ref())
        }
        Body::Answers(answers) => {
            short("questionnaire", &answers.questionnaire)?;
            few("answers", answers.answers.len())?;
            for answer in &answers.answers {
                short("link_id", &answer.link_id)?;
                match &answer.value {
                    Value::Array(values) => {
                        few("values of one answer", values.len())?;
                        values.iter().try_for_each(|value| scalar("an answer", value))?;
                    }
                    value => scalar("an answer", value)?,
                }
            }
            Ok(())
        }
        Body::Correction(correction) => check_values(&correction.values),
    }
}

fn check_values(values: &BTreeMap<String, Quantity>) -> Result<(), Refusal> {
    few("values", values.len())?;
    for (component, quantity) in values {
        short("the name of a value", component)?;
        if let Some(unit) = &quantity.unit {
            short("unit", unit)?;
        }
    }
    Ok(())
}

fn check_context(context: Option<&Map<String, Value>>) -> Result<(), Refusal> {
    let Some(context) = context else { return Ok(()) };
    few("context entries", context.len())?;
    for (name, value) in context {
        short("the name of a context entry", name)?;
        scalar("a context entry", value)?;
    }
    Ok(())
}

fn scalar(what: &str, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::String(text) if text.chars().count() > Limits::V1.note_characters => Err(Refusal::new(
            Reason::TextTooLong,
            format!("the text of {what} is longer than {} characters", Limits::V1.note_characters),
        )),
        Value::String(text) => no_nul(what, text),
        Value::Array(_) | Value::Object(_) => {
            Err(Refusal::new(Reason::FieldInvalid, format!("{what} must be a text, a number or a boolean")))
        }
        _ => Ok(()),
    }
}

/// A name, and nothing longer.
pub fn short(what: &str, text: &str) -> Result<(), Refusal> {
    no_nul(what, text)?;
    if text.chars().count() > Limits::V1.text_characters {
        let detail = format!("{what} is longer than {} characters", Limits::V1.text_characters);
        return Err(Refusal::new(Reason::TextTooLong, detail));
    }
    Ok(())
}

fn no_nul(what: &str, text: &str) -> Result<(), Refusal> {
    if text.contains('\0') {
        return Err(Refusal::new(
            Reason::TextHasNul,
            format!("{what} holds the character NUL, which cannot be stored"),
        ));
    }
    Ok(())
}

fn few(what: &str, count: usize) -> Result<(), Refusal> {
    if count > ENTRIES_PER_ITEM {
        let detail = format!("the item has {count} {what}; at most {ENTRIES_PER_ITEM} are taken");
        return Err(Refusal::new(Reason::TooManyEntries, detail));
    }
    Ok(())
}
