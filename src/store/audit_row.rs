//! An entry of the audit as it is stored, and the bytes of it that its link in the chain is made of.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

/// Of the form below; another one would need a number of its own, and both kept.
const FORM: &[u8] = b"derwent audit 1";

/// Of the table `audit`.
pub const COLUMNS: &str =
    "audit.audit, audit.organisation, audit.at, audit.actor, audit.staff, audit.employer, audit.device,
    audit.operator, audit.address::text AS address, audit.patient, audit.what, audit.why, audit.detail";

#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    pub audit: i64,
    pub organisation: Option<Uuid>,
    pub at: Timestamp,
    /// None: of a version before there was one.
    pub actor: Option<String>,
    pub staff: Option<Uuid>,
    pub employer: Option<Uuid>,
    pub device: Option<Uuid>,
    pub operator: Option<String>,
    /// With its mask: `192.0.2.1/32`.
    pub address: Option<String>,
    pub patient: Option<Uuid>,
    pub what: String,
    pub why: Option<String>,
    pub detail: Value,
}

impl<'r> FromRow<'r, PgRow> for AuditRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            audit: row.try_get("audit")?,
            organisation: row.try_get("organisation")?,
            at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
            actor: row.try_get("actor")?,
            staff: row.try_get("staff")?,
            employer: row.try_get("employer")?,
            device: row.try_get("device")?,
            operator: row.try_get("operator")?,
            address: row.try_get("address")?,
            patient: row.try_get("patient")?,
            what: row.try_get("what")?,
            why: row.try_get("why")?,
            detail: row.try_get("detail")?,
        })
    }
}

impl AuditRow {
    /// The same for the same entry at any server, in any time zone, however it keeps its JSON: the columns in order, each with
    /// its length before it, so that nothing can move from one into the next.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = FORM.to_vec();
        let mut add = |field: Option<&[u8]>| match field {
            Some(field) => {
                bytes.push(1);
                bytes.extend(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
                bytes.extend(field);
            }
            None => bytes.push(0),
        };
        fn id(id: &Option<Uuid>) -> Option<&[u8]> {
            id.as_ref().map(|id| id.as_bytes().as_slice())
        }
        fn text(text: &Option<String>) -> Option<&[u8]> {
            text.as_ref().map(String::as_bytes)
        }
        add(Some(&self.audit.to_be_bytes()));
        add(id(&self.organisation));
        add(Some(&self.at.as_microsecond().to_be_bytes()));
        add(text(&self.actor));
        add(id(&self.staff));
        add(id(&self.employer));
        add(id(&self.device));
        add(text(&self.operator));
        add(text(&self.address));
        add(id(&self.patient));
        add(Some(self.what.as_bytes()));
        add(text(&self.why));
        add(Some(sorted(&self.detail).to_string().as_bytes()));
        bytes
    }
}

/// With the keys of every object in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> AuditRow {
        AuditRow {
            audit: 7,
            organisation: Some(Uuid::from_u128(1)),
            at: "2026-11-26T01:02:03.000004Z".parse().expect("a timestamp"),
            actor: Some("staff".into()),
            staff: Some(Uuid::from_u128(2)),
            employer: Some(Uuid::from_u128(1)),
            device: None,
            operator: None,
            address: Some("192.0.2.1/32".into()),
            patient: Some(Uuid::from_u128(3)),
            what: "record.read".into(),
            why: None,
            detail: json!({ "b": [1, { "d": 1, "c": "x" }], "a": null }),
        }
    }

    #[test]
    fn the_order_of_keys_is_nothing_and_every_column_counts() {
        let other_order = json!({ "a": null, "b": [1, { "c": "x", "d": 1 }] });
        assert_eq!(AuditRow { detail: other_order, ..row() }.bytes(), row().bytes());
        let changed = [
            AuditRow { audit: 8, ..row() },
            AuditRow { organisation: None, ..row() },
            AuditRow { at: "2026-11-26T01:02:03.000005Z".parse().expect("a timestamp"), ..row() },
            AuditRow { actor: None, ..row() },
            AuditRow { staff: None, ..row() },
            AuditRow { employer: None, ..row() },
            // Moved into the next column.
            AuditRow { staff: None, employer: row().staff, ..row() },
            AuditRow { device: Some(Uuid::from_u128(9)), ..row() },
            AuditRow { operator: Some("staff".into()), ..row() },
            AuditRow { address: Some("192.0.2.1/31".into()), ..row() },
            AuditRow { patient: None, ..row() },
            AuditRow { what: "record.rea".into(), ..row() },
            AuditRow { why: Some(String::new()), ..row() },
            AuditRow { detail: json!({ "b": [{ "c": "x", "d": 1 }, 1], "a": null }), ..row() },
        ];
        for other in changed {
            assert_ne!(other.bytes(), row().bytes(), "{other:?}");
        }
    }

    /// Whoever changes this form breaks every chain there is.
    #[test]
    fn the_bytes_stay_as_they_are() {
        use sha2::{Digest, Sha256};
        let hash: [u8; 32] = Sha256::digest(row().bytes()).into();
        assert_eq!(hash[..4], [182, 29, 84, 124]);
    }
}
