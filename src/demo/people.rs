//! The recordings as people to replay in a backtest: every row goes through `accept`, as it does when a phone sends it, and
//! what that refuses is not judged.

use alert_rules::backtest::{Arrival, Person, Phone, Watched};
use alert_rules::scenario::Submitted;
use alert_rules::{History, Rulebook, Vital};
use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mobile_api::decode;
use serde_json::json;
use uuid::Uuid;

use super::cast::Cast;
use super::timeline::{Sending, Timeline};
use super::{AFTERMATH, LAST_DAY, in_order_of, recordings, setup};
use crate::ingest::accept::{self, Accepted, Asked, Sender, accept};
use crate::simulate;
use crate::store::submission::Submission;

/// Everybody of the cast, with what was recorded of them. It ends on the demo's last day, whatever day it is.
pub fn recorded() -> anyhow::Result<Vec<Person>> {
    let cast = Cast::read()?;
    let zone = TimeZone::get(&cast.organisation.time_zone).context("the time zone of the cast")?;
    let recordings = in_order_of(&cast, recordings::all())?;
    let timeline = Timeline::new(&recordings, LAST_DAY, &zone)?;
    let rulebook = Rulebook::built_in();
    let mut people = Vec::new();
    for (index, (member, since)) in cast.person.iter().zip(&timeline.begins).enumerate() {
        let facts = setup::plan_of(&cast, member, *since, &zone)?;
        let sendings = timeline.windows.iter().flat_map(|window| &window.sendings);
        let mut arrivals = Vec::new();
        for sending in sendings.filter(|sending| sending.person == index) {
            arrivals.extend(arrival(sending, &rulebook)?);
        }
        arrivals.sort_by_key(|arrival| arrival.came);
        let last = arrivals.last().map_or(*since, |arrival| arrival.came);
        let measures = facts.plan.slots.iter().filter_map(|slot| match &slot.due {
            alert_rules::facts::Due::Vital(vital) => Some(*vital),
            alert_rules::facts::Due::Questionnaire(_) => None,
        });
        let mut measures: Vec<Vital> = measures.collect();
        measures.dedup();
        people.push(Person {
            name: member.recording.clone(),
            watched: Watched::ByWhatFits,
            from: *since,
            measures,
            facts,
            arrivals,
            until: last.checked_add(AFTERMATH)?,
            phone: Phone::Recorded,
            labels: Vec::new(),
        });
    }
    Ok(people)
}

/// None: `accept` refuses it.
fn arrival(sending: &Sending, rulebook: &Rulebook) -> anyhow::Result<Option<Arrival>> {
    let text = json!({ "phone_time": sending.at, "items": [sending.item] }).to_string();
    let Ok((_, items)) = decode::submissions(&text) else { bail!("an item of ours cannot be read") };
    let sender = sender(sending.at);
    let questionnaires = || rulebook.packs().iter().flat_map(|pack| &pack.questionnaires);
    let asked = |reference: &str| Asked::among(questionnaires(), reference);
    let Some(Accepted::Submission(submission)) = items.first().map(|item| accept(item, &sender, asked)) else {
        return Ok(None);
    };
    Ok(judged(&submission).map(|what| Arrival { came: sending.at, what }))
}

fn sender(received_at: Timestamp) -> Sender {
    let nobody = Uuid::nil();
    Sender {
        organisation: nobody,
        device: None,
        entered_by: None,
        own: Some(nobody),
        people: vec![accept::Person { handle: "p1".into(), patient: nobody, organisation: nobody, ended: false }],
        skew: SignedDuration::ZERO,
        received_at,
        numbers: Vec::new(),
    }
}

/// As the rules see it. None: a correction, which no recording has.
fn judged(submission: &Submission) -> Option<Submitted> {
    let mut history = History::default();
    simulate::as_judged(submission, &mut history);
    let History { mut readings, mut answers, mut events, .. } = history;
    let reading = readings.pop().map(Submitted::Reading);
    reading.or(answers.pop().map(Submitted::Answers)).or(events.pop().map(Submitted::Event))
}
