//! What is stored about a patient, as the rules see it: the model of `store/history.rs` and `store/intake.rs`.

use alert_rules::reading::{Absent, Answer, Circumstances, Comparator, Flags, Measured};
use alert_rules::{Answers, Component, Correction, Event, History, REACH, Reading, Shown, Vital};
use jiff::Timestamp;
use serde::Deserialize;

use super::database::{Arrival, Patient, Row};
use crate::store::arrival::Waiting;
use crate::store::intake::Intake;
use crate::store::submission::{Body, Submission};

impl Patient {
    /// What has a number after `after`. `latest` bounds the effective time of readings.
    pub fn numbered(&self, since: Timestamp, after: i64, latest: Timestamp) -> History {
        let mut history = History { patient: self.person.patient, ..History::default() };
        for row in self.ledger.values().filter(|row| row.effective_at >= since && row.seq > after) {
            row.put(latest, &mut history);
        }
        history
    }

    pub fn shown_since(&self, since: Timestamp) -> Vec<Shown> {
        self.shown.iter().copied().filter(|shown| shown.at >= since).collect()
    }

    /// What lies in the queue.
    pub fn waiting(&self) -> Option<Waiting> {
        let earliest = |arrival: &Arrival| arrival.earliest.min(arrival.received_at);
        let numbered = self.arrivals.values().filter(|arrival| arrival.numbered);
        Some(Waiting {
            patient: self.person.patient,
            arrivals: self.arrivals.keys().map(|arrival| i64::try_from(*arrival).unwrap_or(i64::MAX)).collect(),
            earliest: self.arrivals.values().map(earliest).min()?,
            earliest_numbered: numbered.map(earliest).min(),
            received_at: self.arrivals.values().map(|arrival| arrival.received_at).max()?,
            cause: self.arrivals.values().map(|arrival| arrival.cause.clone()).min()?,
            phone_gone: false,
        })
    }

    pub fn intake(&self, range: Option<(i64, i64)>) -> Intake {
        let Some((from, to)) = range else { return Intake::default() };
        let mut rows: Vec<&Row> = self.ledger.values().filter(|row| (from..=to).contains(&row.seq)).collect();
        rows.sort_unstable_by_key(|row| row.seq);
        let is_reading = |row: &Row| matches!(row.submission.body, Body::Reading(_));
        let too_old = |row: &&&Row| is_reading(row) && row.effective_at < row.submission.received_at - REACH;
        Intake {
            notes: rows.iter().filter_map(|row| row.submission.note.clone()).collect(),
            too_old: i64::try_from(rows.iter().filter(too_old).count()).unwrap_or(i64::MAX),
            not_theirs: 0,
            measured: rows.iter().any(|row| is_reading(row) && row.submission.device.is_some()),
        }
    }
}

impl Row {
    fn put(&self, latest: Timestamp, history: &mut History) {
        if matches!(self.submission.body, Body::Reading(_)) && self.effective_at > latest {
            return;
        }
        put(&self.submission, self.effective_at, self.seq, self.corrects_seq, history);
    }
}

/// What was accepted, as the rules see it, without a number. A correction says nothing without the number of what it corrects.
pub fn as_judged(submission: &Submission, history: &mut History) {
    put(submission, submission.effective_at, 0, None, history);
}

fn put(submission: &Submission, effective_at: Timestamp, seq: i64, corrects_seq: Option<i64>, history: &mut History) {
    let received_at = submission.received_at;
    let effective_at = effective_at.min(received_at);
    match &submission.body {
        Body::Reading(reading) => history.readings.push(Reading {
            seq,
            vital: Vital::named(&reading.vital).expect("accepted by name"),
            effective_at,
            received_at,
            components: reading
                .components
                .iter()
                .map(|kept| {
                    let side = |side: &String| if side == "high" { Comparator::High } else { Comparator::Low };
                    let measured = Measured { value: kept.value, comparator: kept.comparator.as_ref().map(side) };
                    (Component::named(&kept.component).expect("accepted by name"), measured)
                })
                .collect(),
            absent: reading.absent.as_ref().map(|_| Absent::CouldNotMeasure),
            flags: Flags::from_names(submission.flags.iter().map(String::as_str)),
            circumstances: reading.context.as_ref().map(Circumstances::of_context).unwrap_or_default(),
        }),
        Body::Answers(answers) => {
            #[derive(Deserialize)]
            struct Given {
                link_id: String,
                value: Answer,
            }
            let given: Vec<Given> = serde_json::from_value(answers.answers.clone()).unwrap_or_default();
            history.answers.push(Answers {
                seq,
                effective_at,
                received_at,
                questionnaire: answers.questionnaire.clone(),
                partial: answers.partial,
                answers: given.into_iter().map(|given| (given.link_id, given.value)).collect(),
            });
        }
        Body::Event(event) => history.events.push(Event {
            seq,
            effective_at,
            received_at,
            event: event.event.clone(),
            quantity: event.quantity.as_deref().and_then(Component::named).zip(event.value),
        }),
        Body::Correction(correction) => {
            let Some(corrects_seq) = corrects_seq else { return };
            #[derive(Deserialize)]
            struct Replacing {
                component: Component,
                value: Option<f64>,
                comparator: Option<Comparator>,
            }
            let values = correction.values.clone().map(|values| {
                let values: Vec<Replacing> = serde_json::from_value(values).expect("written by accept");
                let measured = |new: &Replacing| Measured { value: new.value, comparator: new.comparator };
                values.iter().map(|new| (new.component, measured(new))).collect()
            });
            history.corrections.push(Correction { seq, corrects_seq, reason: correction.reason.clone(), values });
        }
    }
}
