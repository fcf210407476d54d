//! Rows into the tables of `0003_submissions.sql`: a batch becomes one array a column, so that a thousand rows cost one statement a
//! table.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgTransaction;

use super::submission::{Answers, Body, Correction, Event, Reading, Refusal, Submission};
use crate::random;

/// Longest text of a refused item that is kept.
const AS_SENT_CHARS: usize = 4096;
/// The component of a reading that could not be taken.
const ABSENT: &str = "absent";

/// A submission that is new, with its place in the patient's sequence.
#[derive(Debug)]
pub struct Numbered<'a> {
    pub submission: &'a Submission,
    pub seq: i64,
    pub effective_at: Timestamp,
    pub corrects_seq: Option<i64>,
}

pub async fn insert(transaction: &mut PgTransaction<'_>, new: &[Numbered<'_>]) -> sqlx::Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    insert_submissions(transaction, new).await?;
    let readings: Vec<_> = of(new, |body| if let Body::Reading(reading) = body { Some(reading) } else { None });
    let answers: Vec<_> = of(new, |body| if let Body::Answers(answers) = body { Some(answers) } else { None });
    let events: Vec<_> = of(new, |body| if let Body::Event(event) = body { Some(event) } else { None });
    let corrections: Vec<_> =
        of(new, |body| if let Body::Correction(correction) = body { Some(correction) } else { None });
    insert_readings(transaction, &readings).await?;
    insert_answers(transaction, &answers).await?;
    insert_events(transaction, &events).await?;
    insert_corrections(transaction, &corrections).await
}

type Rows<'a, T> = [(&'a Numbered<'a>, &'a T)];

fn of<'a, T>(new: &'a [Numbered<'a>], pick: impl Fn(&'a Body) -> Option<&'a T>) -> Vec<(&'a Numbered<'a>, &'a T)> {
    new.iter().filter_map(|numbered| Some((numbered, pick(&numbered.submission.body)?))).collect()
}

/// One column of the batch.
fn each<'a, R, T>(rows: &'a [R], column: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(column).collect()
}

/// The ledger, the queue to the monitor and the heads take the same columns: one statement. The queue gets one arrival for each
/// patient.
async fn insert_submissions(transaction: &mut PgTransaction<'_>, new: &[Numbered<'_>]) -> sqlx::Result<()> {
    sqlx::query(
        "WITH new AS (
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bytea[], $6::text[], $7::timestamptz[],
                                  $8::timestamptz[], $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::smallint[])
                 AS new(patient, client_id, organisation, seq, content_hash, kind, effective_at, received_at, device, entered_by,
                        flags, note, rank)
         ), stored AS (
             INSERT INTO submission (patient, client_id, organisation, seq, content_hash, kind, effective_at, received_at, device,
                                     entered_by, flags, note)
             SELECT patient, client_id, organisation, seq, content_hash, kind, effective_at, received_at, device,
                    entered_by, string_to_array(flags, ','), note FROM new
         ), queued AS (
             INSERT INTO arrival (patient, first_seq, seq, cause, earliest, rank, received_at)
             SELECT patient, min(seq), max(seq), min(kind), min(effective_at), min(rank), max(received_at)
             FROM new GROUP BY patient
         )
         UPDATE patient_head SET last_seq = last.seq
         FROM (SELECT patient, max(seq) AS seq FROM new GROUP BY patient) AS last
         WHERE patient_head.patient = last.patient",
    )
    .bind(each(new, |n| n.submission.patient))
    .bind(each(new, |n| n.submission.client_id))
    .bind(each(new, |n| n.submission.organisation))
    .bind(each(new, |n| n.seq))
    .bind(each(new, |n| n.submission.content_hash.as_slice()))
    .bind(each(new, |n| n.submission.body.kind()))
    .bind(effective_at(new.iter()))
    .bind(received_at(new.iter()))
    .bind(each(new, |n| n.submission.device))
    .bind(each(new, |n| n.submission.entered_by))
    .bind(each(new, |n| n.submission.flags.join(",")))
    .bind(each(new, |n| n.submission.note.as_deref()))
    .bind(each(new, |n| n.submission.rank()))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// One row of `reading`: a component, or what stands for a reading without any.
struct ComponentRow<'a> {
    numbered: &'a Numbered<'a>,
    reading: &'a Reading,
    component: &'a str,
    value_given: Option<&'a str>,
    unit_given: Option<&'a str>,
    value: Option<f64>,
    comparator: Option<&'a str>,
}

impl<'a> ComponentRow<'a> {
    fn rows(numbered: &'a Numbered<'a>, reading: &'a Reading) -> Vec<Self> {
        if reading.components.is_empty() {
            return vec![Self {
                numbered,
                reading,
                component: ABSENT,
                value_given: None,
                unit_given: None,
                value: None,
                comparator: None,
            }];
        }
        reading
            .components
            .iter()
            .map(|component| Self {
                numbered,
                reading,
                component: &component.component,
                value_given: component.value_given.as_deref(),
                unit_given: component.unit_given.as_deref(),
                value: component.value,
                comparator: component.comparator.as_deref(),
            })
            .collect()
    }
}

async fn insert_readings(transaction: &mut PgTransaction<'_>, readings: &Rows<'_, Reading>) -> sqlx::Result<()> {
    let rows: Vec<ComponentRow<'_>> =
        readings.iter().flat_map(|(numbered, reading)| ComponentRow::rows(numbered, reading)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO reading (organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value, comparator,
                              absent, offset_minutes, received_at, flags, method, context)
         SELECT organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value, comparator,
                absent, offset_minutes, received_at, string_to_array(flags, ','), method, context
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::text[]::numeric[], $8::text[],
                     $9::float8[], $10::text[], $11::text[], $12::smallint[], $13::timestamptz[], $14::text[], $15::text[], $16::jsonb[])
             AS new(organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value, comparator,
                    absent, offset_minutes, received_at, flags, method, context)",
    )
    .bind(each(&rows, |r| r.numbered.submission.organisation))
    .bind(each(&rows, |r| r.numbered.submission.patient))
    .bind(each(&rows, |r| r.numbered.seq))
    .bind(each(&rows, |r| r.component))
    .bind(effective_at(rows.iter().map(|r| r.numbered)))
    .bind(each(&rows, |r| r.reading.vital.as_str()))
    .bind(each(&rows, |r| r.value_given))
    .bind(each(&rows, |r| r.unit_given))
    .bind(each(&rows, |r| r.value))
    .bind(each(&rows, |r| r.comparator))
    .bind(each(&rows, |r| r.reading.absent.as_deref()))
    .bind(each(&rows, |r| r.reading.offset_minutes))
    .bind(received_at(rows.iter().map(|r| r.numbered)))
    .bind(each(&rows, |r| r.numbered.submission.flags.join(",")))
    .bind(each(&rows, |r| r.reading.method.as_deref()))
    .bind(each(&rows, |r| r.reading.context.as_ref()))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn insert_answers(transaction: &mut PgTransaction<'_>, rows: &Rows<'_, Answers>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO answers (patient, seq, organisation, effective_at, received_at, questionnaire, partial, answers)
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::boolean[],
                              $8::jsonb[])",
    )
    .bind(each(rows, |(n, _)| n.submission.patient))
    .bind(each(rows, |(n, _)| n.seq))
    .bind(each(rows, |(n, _)| n.submission.organisation))
    .bind(effective_at(rows.iter().map(|(n, _)| *n)))
    .bind(received_at(rows.iter().map(|(n, _)| *n)))
    .bind(each(rows, |(_, answers)| answers.questionnaire.as_str()))
    .bind(each(rows, |(_, answers)| answers.partial))
    .bind(each(rows, |(_, answers)| &answers.answers))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn insert_events(transaction: &mut PgTransaction<'_>, rows: &Rows<'_, Event>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO event (patient, seq, organisation, effective_at, received_at, event, quantity, value_given, unit_given, value, context)
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[],
                              $8::text[]::numeric[], $9::text[], $10::float8[], $11::jsonb[])",
    )
    .bind(each(rows, |(n, _)| n.submission.patient))
    .bind(each(rows, |(n, _)| n.seq))
    .bind(each(rows, |(n, _)| n.submission.organisation))
    .bind(effective_at(rows.iter().map(|(n, _)| *n)))
    .bind(received_at(rows.iter().map(|(n, _)| *n)))
    .bind(each(rows, |(_, event)| event.event.as_str()))
    .bind(each(rows, |(_, event)| event.quantity.as_deref()))
    .bind(each(rows, |(_, event)| event.value_given.as_deref()))
    .bind(each(rows, |(_, event)| event.unit_given.as_deref()))
    .bind(each(rows, |(_, event)| event.value))
    .bind(each(rows, |(_, event)| event.context.as_ref()))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn insert_corrections(transaction: &mut PgTransaction<'_>, rows: &Rows<'_, Correction>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO correction (patient, seq, organisation, corrects, corrects_seq, effective_at, received_at, reason, \"values\")
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::timestamptz[], $7::timestamptz[],
                              $8::text[], $9::jsonb[])",
    )
    .bind(each(rows, |(n, _)| n.submission.patient))
    .bind(each(rows, |(n, _)| n.seq))
    .bind(each(rows, |(n, _)| n.submission.organisation))
    .bind(each(rows, |(_, correction)| correction.corrects))
    .bind(each(rows, |(n, _)| n.corrects_seq))
    .bind(effective_at(rows.iter().map(|(n, _)| *n)))
    .bind(received_at(rows.iter().map(|(n, _)| *n)))
    .bind(each(rows, |(_, correction)| correction.reason.as_str()))
    .bind(each(rows, |(_, correction)| correction.values.as_ref()))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Each client id is on record once for each reason.
pub async fn insert_refusals(transaction: &mut PgTransaction<'_>, refusals: &[Refusal]) -> sqlx::Result<()> {
    if refusals.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO refusal (refusal, organisation, device, patient, client_id, reason, detail, as_sent, received_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                              $9::timestamptz[])
         ON CONFLICT DO NOTHING",
    )
    .bind(each(refusals, |_| random::new_id()))
    .bind(each(refusals, |refusal| refusal.organisation))
    .bind(each(refusals, |refusal| refusal.device))
    .bind(each(refusals, |refusal| refusal.patient))
    .bind(each(refusals, |refusal| refusal.client_id.as_deref().map(storable)))
    .bind(each(refusals, |refusal| refusal.reason.as_str()))
    .bind(each(refusals, |refusal| storable(&refusal.detail)))
    .bind(each(refusals, |refusal| storable(&refusal.as_sent)))
    .bind(each(refusals, |refusal| refusal.received_at.to_sqlx()))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// A record of what could not be stored must itself be storable.
fn storable(text: &str) -> String {
    text.chars()
        .take(AS_SENT_CHARS)
        .map(|letter| if letter == '\0' { char::REPLACEMENT_CHARACTER } else { letter })
        .collect()
}

fn effective_at<'a>(rows: impl Iterator<Item = &'a Numbered<'a>>) -> Vec<SqlTimestamp> {
    rows.map(|numbered| numbered.effective_at.to_sqlx()).collect()
}

fn received_at<'a>(rows: impl Iterator<Item = &'a Numbered<'a>>) -> Vec<SqlTimestamp> {
    rows.map(|numbered| numbered.submission.received_at.to_sqlx()).collect()
}
