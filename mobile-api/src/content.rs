//! Whether two submissions say the same: the canonical form of an item, and its hash.
//!
//! The form is the item as JSON, its keys in order, without `age_ms` (it differs on every resend) and with `for`
//! resolved to the patient. Fields this version does not know are not content.

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::item::Item;

/// The version of the canonical form, kept as the first byte so that a later form can stand beside it.
const VERSION: u8 = 1;

/// Version byte, then SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 33]);

impl ContentHash {
    pub fn of(item: &Item, patient: Uuid) -> Self {
        let mut form = String::with_capacity(512);
        let mut value = serde_json::to_value(item).expect("an item has text keys and finite numbers");
        let fields = value.as_object_mut().expect("an item is an object");
        fields.remove("age_ms");
        fields.insert("for".to_owned(), Value::String(patient.to_string()));
        write(&value, &mut form);
        let mut bytes = [VERSION; 33];
        bytes[1..].copy_from_slice(&Sha256::digest(form.as_bytes()));
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContentHash({:02x}{:02x}{:02x}{:02x}…)", self.0[1], self.0[2], self.0[3], self.0[4])
    }
}

fn write(value: &Value, form: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| name.as_str());
            form.push('{');
            for (name, value) in fields {
                form.push_str(&serde_json::to_string(name).expect("text"));
                form.push(':');
                write(value, form);
                form.push(',');
            }
            form.push('}');
        }
        Value::Array(values) => {
            form.push('[');
            for value in values {
                write(value, form);
                form.push(',');
            }
            form.push(']');
        }
        // 148, 148.0 and 1.48e2 are one number.
        Value::Number(number) => match number.as_f64() {
            Some(0.0) => form.push('0'),
            Some(number) => form.push_str(&number.to_string()),
            None => form.push_str(&number.to_string()),
        },
        other => form.push_str(&other.to_string()),
    }
}
