//! Taking an alert by answering its page, by mail (`derwent reply`) or by text message (`web/text_messages.rs`).
//!
//! An answer counts for what a proven contact point of one person says of an alert that they were paged about there, and of no more of it
//! than that page told. It is done in a transaction that sees what they see, so what they could not do signed in they cannot do so.
//! Auditors, who may take no alert, see none. Whoever answers is told what came of it, where they answered from.

pub mod mail;
pub mod words;

use alert_rules::escalation::act::{By, Refused};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::Clock;
use crate::roster::ContactPoint;
use crate::signal::{Signal, Signals};
use crate::store::alert::{self, Acted};
use crate::store::audit::{self, Act, Actor, Entry};
use crate::store::page::{self, NewPage};
use crate::store::reply::{self as store, Paged, Sender};
use crate::store::{Store, alert_seen, patient};
use mail::Answer;
use words::Asks;

/// Each is answered; whoever sends more in an hour is a program that did not say so.
const MOST_AN_HOUR: i64 = 10;

const NOT_UNDERSTOOD: &str =
    "Nothing was done. To take an alert, let your first line be ACK and its reference, as in ACK A1042. Or sign in.";
const NAME_IT: &str = "Nothing was done. Name an alert that you were paged about here, as in ACK A1042. Or sign in.";
const SHARED: &str =
    "Nothing was done: you are not the only one who is paged here, so this does not say who you are. Sign in.";

/// What somebody wants.
#[derive(Debug)]
enum Wish {
    Take(Vec<Paged>),
    /// This sentence says why it is none.
    None(&'static str),
}

/// What came of an answer: patients whose alerts were taken, with their organisations.
#[derive(Debug, Default)]
pub struct Taken(Vec<(Uuid, Uuid)>);

impl Taken {
    /// Call it after the commit, which is when it is had.
    pub fn tell(&self, signals: &Signals) {
        for (patient, organisation) in &self.0 {
            signals.send(Signal::Alerts { organisation: *organisation });
            signals.send(Signal::Work { patient: *patient });
        }
        // What is answered to them.
        signals.send(Signal::Pages);
    }
}

/// Somebody answered a page by mail. None: it is nobody's we know, and nothing is said to them.
pub async fn by_mail(store: &Store, clock: &Clock, answer: &Answer) -> Result<Option<Taken>, sqlx::Error> {
    let mut db = store.monitor.acquire().await?;
    let Some((page, sender)) = sender(&mut db, answer).await? else { return Ok(None) };
    let told = store::told_by(&mut db, page).await?;
    drop(db);
    let wish = wish(answer, told);
    settle(store, clock, &answer.key, &sender, wish, Some(page)).await.map(Some)
}

/// A program answered a page in somebody's name, who may be away. It takes nothing and is not answered; that it came is noted.
pub async fn by_program(store: &Store, clock: &Clock, answer: &Answer) -> Result<(), sqlx::Error> {
    let known = sender(&mut *store.monitor.acquire().await?, answer).await?;
    let Some((_, Sender { staff, .. })) = known else { return Ok(()) };
    let now = clock.machine_now();
    let mut db = store.web_tx(staff, now).await?;
    store::note(&mut db, &answer.key, staff, true, now).await?;
    db.commit().await
}

/// Of what it could answer the first page that went to where it comes from.
async fn sender(db: &mut PgConnection, answer: &Answer) -> Result<Option<(Uuid, Sender)>, sqlx::Error> {
    for page in &answer.pages {
        let found = store::of_page(db, *page).await?;
        if let Some(sender) = found.filter(|sender| sender.address.expose().eq_ignore_ascii_case(&answer.from)) {
            return Ok(Some((*page, sender)));
        }
    }
    Ok(None)
}

/// Of an only alert the reference may stand in the subject or be quoted; of several each must be named.
fn wish(answer: &Answer, told: Vec<Paged>) -> Wish {
    let Asks::ToTake(named) = words::asks(&answer.text) else { return Wish::None(NOT_UNDERSTOOD) };
    let taken = match (named.as_slice(), told.as_slice()) {
        ([], [only]) if [&answer.subject, &answer.text].iter().any(|text| words::names(text, only.reference)) => told,
        _ => told.into_iter().filter(|paged| named.contains(&paged.reference)).collect(),
    };
    if taken.is_empty() { Wish::None(NAME_IT) } else { Wish::Take(taken) }
}

/// Somebody answered by text message; `number` as contact points are kept. None: it is nobody's we know.
pub async fn by_text_message(
    store: &Store,
    clock: &Clock,
    key: &[u8],
    number: &str,
    text: &str,
) -> Result<Option<Taken>, sqlx::Error> {
    let mut db = store.monitor.acquire().await?;
    let Some(sender) = store::of_number(&mut db, number).await? else { return Ok(None) };
    let wish = match words::asks(text) {
        Asks::Nothing => Wish::None(NOT_UNDERSTOOD),
        Asks::ToTake(named) => {
            let told = store::told_over(&mut db, sender.contact_point, &named).await?;
            if told.is_empty() { Wish::None(NAME_IT) } else { Wish::Take(told) }
        }
    };
    drop(db);
    settle(store, clock, key, &sender, wish, None).await.map(Some)
}

/// Does it as this member of staff, says what came of it, and commits; nothing if it was brought before.
async fn settle(
    store: &Store,
    clock: &Clock,
    key: &[u8],
    sender: &Sender,
    wish: Wish,
    answers: Option<Uuid>,
) -> Result<Taken, sqlx::Error> {
    let (now, care_now) = (clock.machine_now(), clock.care_now());
    let mut db = store.web_tx(sender.staff, now).await?;
    if !store::note(&mut db, key, sender.staff, false, now).await? {
        return Ok(Taken::default());
    }
    let mut taken = Taken::default();
    let sentences = match wish {
        _ if sender.shared => vec![SHARED.to_owned()],
        Wish::None(sentence) => vec![sentence.to_owned()],
        Wish::Take(alerts) => {
            let mut sentences = Vec::new();
            for paged in alerts {
                sentences.push(take(&mut db, sender, paged, now, care_now, &mut taken).await?);
            }
            sentences
        }
    };
    if store::since(&mut db, sender.staff, now - SignedDuration::from_hours(1)).await? <= MOST_AN_HOUR {
        let Sender { organisation, staff, channel, address, .. } = sender;
        let to =
            ContactPoint { contact_point: Some(sender.contact_point), channel: *channel, address: address.clone() };
        let subject = "What came of your answer".to_owned();
        let told = NewPage::of_no_alert(*organisation, *staff, to, subject, sentences.join("\n"));
        let page = NewPage { answers, ..told };
        page::insert(&mut db, &[page], care_now, now).await?;
    }
    db.commit().await?;
    Ok(taken)
}

/// Takes one alert; the sentence says what came of it.
async fn take(
    db: &mut PgConnection,
    sender: &Sender,
    paged: Paged,
    now: Timestamp,
    care_now: Timestamp,
    taken: &mut Taken,
) -> Result<String, sqlx::Error> {
    let reference = format!("A{}", paged.reference);
    let did = |act: Act| {
        let actor = Actor::Staff { staff: sender.staff, employer: sender.organisation };
        Entry::new(actor, act, now).detail(json!({ "alert": paged.alert, "over": sender.channel.name() }))
    };
    let of = match alert_seen::get(db, paged.alert).await? {
        Some((found, _)) => patient::within_reach(db, found.patient, sender.staff).await?,
        None => None,
    };
    let Some(of) = of else {
        audit::write_look(db, &did(Act::RecordRefused)).await?;
        return Ok(format!("{reference}: this cannot be done by answering. Sign in."));
    };
    let by = By { staff: sender.staff, saw: paged.saw, at: care_now };
    let acted = alert::act(db, paged.alert, by, &alert::Act::Acknowledge).await?;
    let act = if acted == Acted::Done { Act::AlertAcknowledged } else { Act::ChangeRefused };
    audit::write(db, &did(act).about(of.patient, of.organisation)).await?;
    Ok(match acted {
        Acted::Done => {
            taken.0.push((of.patient, of.organisation));
            let act_by = alert_seen::get(db, paged.alert).await?.map_or(care_now, |(alert, _)| alert.act_by);
            let zone = store::zone(db, sender.organisation).await?;
            format!("{reference} is yours. It comes back if it is not closed by {}.", clock_of(act_by, &zone))
        }
        Acted::Theirs(name) => format!("{reference}: {name} has it already."),
        Acted::Refused(Refused::Stale) => {
            format!("{reference}: something new came in since that page. Sign in and read it, then act.")
        }
        Acted::Refused(Refused::Closed) => format!("{reference} is closed already."),
        Acted::Refused(_) | Acted::Missing => format!("{reference}: this cannot be done by answering. Sign in."),
    })
}

/// The hour and the day, in a zone that is named.
fn clock_of(at: Timestamp, zone: &str) -> String {
    let tz = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let named = tz.iana_name().unwrap_or("UTC").replace('_', " ");
    format!("{} ({named} time)", at.to_zoned(tz).strftime("%H:%M on %a %-d %b"))
}
