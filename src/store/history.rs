//! What is stored about patients in a stretch of time, as `alert_rules` sees it: readings, answers, events, corrections.
//! A row that cannot be understood fails its own patient only.
//!
//! Who knows a part of it already asks for what came after: numbers only grow, and what has one never changes.
//!
//! Nothing is judged as taken after it was received: a phone's clock that runs a little ahead must not put a reading into
//! the future of the fold.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use alert_rules::reading::{Absent, Answer, Circumstances, Comparator, Flags, Measured};
use alert_rules::{Answers, Component, Correction, Event, History, Reading, Vital};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Of each patient: the history, or why it cannot be read.
pub type Histories = BTreeMap<Uuid, Result<History, String>>;

/// Whose history is wanted, from which effective time on, and of that only what is numbered after `after`.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub patient: Uuid,
    pub since: Timestamp,
    pub after: i64,
}

/// Where readings are read: who may see everybody's reads the table, staff what row security shows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readings {
    All,
    Seen,
}

/// What of these histories has a number; in a transaction. `latest` bounds effective time from above.
pub async fn numbered(
    db: &mut PgConnection,
    wanted: &[Wanted],
    latest: Timestamp,
    readings: Readings,
) -> Result<Histories, sqlx::Error> {
    let mut histories: Histories = wanted
        .iter()
        .map(|wanted| (wanted.patient, Ok(History { patient: wanted.patient, ..History::default() })))
        .collect();
    let Some(earliest) = wanted.iter().map(|wanted| wanted.since).min() else { return Ok(histories) };
    let patients: Vec<Uuid> = wanted.iter().map(|wanted| wanted.patient).collect();
    let since: Vec<jiff_sqlx::Timestamp> = wanted.iter().map(|wanted| wanted.since.to_sqlx()).collect();
    let after: Vec<i64> = wanted.iter().map(|wanted| wanted.after).collect();

    let rows = sqlx::query(
        "SELECT answers.patient, answers.seq, least(answers.effective_at, answers.received_at) AS effective_at,
                answers.received_at, answers.questionnaire, answers.partial, answers.answers
         FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS wanted (patient, since, after) JOIN answers USING (patient)
         WHERE answers.effective_at >= wanted.since AND answers.seq > wanted.after",
    )
    .bind(&patients)
    .bind(&since)
    .bind(&after)
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        #[derive(Deserialize)]
        struct Given {
            link_id: String,
            value: Value,
        }
        let patient = row.try_get("patient")?;
        let given = serde_json::from_value::<Vec<Given>>(row.try_get("answers")?);
        let Ok(given) = given else {
            histories.insert(patient, Err(format!("answers {} cannot be read", row.try_get::<i64, _>("seq")?)));
            continue;
        };
        let answers = Answers {
            seq: row.try_get("seq")?,
            effective_at: at(&row, "effective_at")?,
            received_at: at(&row, "received_at")?,
            questionnaire: row.try_get("questionnaire")?,
            partial: row.try_get("partial")?,
            answers: given.into_iter().filter_map(|given| Some((given.link_id, Answer::sent(&given.value)?))).collect(),
        };
        add(&mut histories, patient, |history| history.answers.push(answers));
    }

    let rows = sqlx::query(
        "SELECT event.patient, event.seq, least(event.effective_at, event.received_at) AS effective_at, event.received_at,
                event.event, event.quantity, event.value
         FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS wanted (patient, since, after) JOIN event USING (patient)
         WHERE event.effective_at >= wanted.since AND event.seq > wanted.after",
    )
    .bind(&patients)
    .bind(&since)
    .bind(&after)
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let quantity: Option<String> = row.try_get("quantity")?;
        let value: Option<f64> = row.try_get("value")?;
        let event = Event {
            seq: row.try_get("seq")?,
            effective_at: at(&row, "effective_at")?,
            received_at: at(&row, "received_at")?,
            event: row.try_get("event")?,
            quantity: quantity.as_deref().and_then(Component::named).zip(value),
        };
        add(&mut histories, row.try_get("patient")?, |history| history.events.push(event));
    }

    let rows = sqlx::query(
        "SELECT correction.patient, correction.seq, correction.corrects_seq, correction.reason, correction.\"values\" AS replacing
         FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS wanted (patient, since, after) JOIN correction USING (patient)
         WHERE correction.effective_at >= wanted.since AND correction.seq > wanted.after",
    )
    .bind(&patients)
    .bind(&since)
    .bind(&after)
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let patient = row.try_get("patient")?;
        let replacing: Option<Json<serde_json::Value>> = row.try_get("replacing")?;
        let Ok(values) = replacing.map(|Json(values)| replacing_values(values)).transpose() else {
            histories.insert(patient, Err(format!("correction {} cannot be read", row.try_get::<i64, _>("seq")?)));
            continue;
        };
        let correction = Correction {
            seq: row.try_get("seq")?,
            corrects_seq: row.try_get("corrects_seq")?,
            reason: row.try_get("reason")?,
            values,
        };
        add(&mut histories, patient, |history| history.corrections.push(correction));
    }

    // The two plain bounds let the planner leave out chunks, if it plans anew; the join alone would not.
    sqlx::raw_sql("SET LOCAL plan_cache_mode = force_custom_plan").execute(&mut *db).await?;
    let table = match readings {
        Readings::All => "reading",
        Readings::Seen => "reading_seen",
    };
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT reading.patient, reading.seq, reading.vital, reading.component,
                least(reading.effective_at, reading.received_at) AS effective_at, reading.received_at, reading.value,
                reading.comparator, reading.absent, reading.flags,
                CASE WHEN reading.vital = 'blood_pressure' THEN reading.context END
         FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS wanted (patient, since, after) JOIN {table} AS reading USING (patient)
         WHERE reading.effective_at >= wanted.since AND reading.seq > wanted.after
               AND reading.effective_at >= $4 AND reading.effective_at <= $5 AND NOT 'not_theirs' = ANY(reading.flags)"
    )))
    .bind(&patients)
    .bind(&since)
    .bind(&after)
    .bind(earliest.to_sqlx())
    .bind(latest.to_sqlx())
    .fetch_all(db)
    .await?;
    let mut readings: BTreeMap<(Uuid, i64), Reading> = BTreeMap::new();
    for row in &rows {
        let patient: Uuid = row.try_get(0)?;
        if let Err(problem) = add_component(&mut readings, patient, row)? {
            histories.insert(patient, Err(problem));
        }
    }
    for ((patient, _), reading) in readings {
        add(&mut histories, patient, |history| history.readings.push(reading));
    }
    Ok(histories)
}

fn add(histories: &mut Histories, patient: Uuid, item: impl FnOnce(&mut History)) {
    if let Some(Ok(history)) = histories.get_mut(&patient) {
        item(history);
    }
}

fn at(row: &PgRow, name: &str) -> Result<Timestamp, sqlx::Error> {
    Ok(row.try_get::<jiff_sqlx::Timestamp, _>(name)?.to_jiff())
}

/// One row is one component; rows of one number are one act of measuring. Columns are taken by place, as most of the monitor's
/// reading is done here.
fn add_component(
    readings: &mut BTreeMap<(Uuid, i64), Reading>,
    patient: Uuid,
    row: &PgRow,
) -> Result<Result<(), String>, sqlx::Error> {
    let seq: i64 = row.try_get(1)?;
    let reading = match readings.entry((patient, seq)) {
        Entry::Occupied(there) => there.into_mut(),
        Entry::Vacant(new) => {
            let name: &str = row.try_get(2)?;
            let Some(vital) = Vital::named(name) else {
                return Ok(Err(format!("reading {seq} is of unknown kind {name}")));
            };
            let flags: Vec<String> = row.try_get(9)?;
            let absent: Option<&str> = row.try_get(8)?;
            let context: Option<Value> = row.try_get(10)?;
            new.insert(Reading {
                seq,
                vital,
                effective_at: row.try_get::<jiff_sqlx::Timestamp, _>(4)?.to_jiff(),
                received_at: row.try_get::<jiff_sqlx::Timestamp, _>(5)?.to_jiff(),
                components: Vec::new(),
                absent: absent.map(|_| Absent::CouldNotMeasure),
                flags: Flags::from_names(flags.iter().map(String::as_str)),
                circumstances: context.as_ref().map(Circumstances::of_context).unwrap_or_default(),
            })
        }
    };
    if reading.absent.is_none() {
        let name: &str = row.try_get(3)?;
        let Some(component) = Component::named(name) else {
            return Ok(Err(format!("reading {seq} has unknown component {name}")));
        };
        let comparator: Option<&str> = row.try_get(7)?;
        let comparator = comparator.map(|side| if side == "high" { Comparator::High } else { Comparator::Low });
        reading.components.push((component, Measured { value: row.try_get(6)?, comparator }));
    }
    Ok(Ok(()))
}

/// A value as a correction and an acceptance hold it.
#[derive(Serialize, Deserialize)]
pub(super) struct Valued {
    component: Component,
    value: Option<f64>,
    comparator: Option<Comparator>,
}

impl Valued {
    pub(super) fn pair(self) -> (Component, Measured) {
        (self.component, Measured { value: self.value, comparator: self.comparator })
    }
}

impl From<(Component, Measured)> for Valued {
    fn from((component, Measured { value, comparator }): (Component, Measured)) -> Self {
        Self { component, value, comparator }
    }
}

fn replacing_values(values: serde_json::Value) -> Result<Vec<(Component, Measured)>, serde_json::Error> {
    let values: Vec<Valued> = serde_json::from_value(values)?;
    Ok(values.into_iter().map(Valued::pair).collect())
}
