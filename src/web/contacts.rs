//! Where one is paged oneself. A contact point counts once a code that was sent to it has been typed in by its owner, who is signed in;
//! the code goes out as a page of its own, over the very way that pages will take.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Web;
use super::api::{BrowserKeys, CodeSent, Contact, ContactAdded, ContactCode, ContactKind, ContactList, NewContact};
use super::extract::{Body, Path};
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use crate::browser::Browser;
use crate::random;
use crate::reach::{Network, Reach};
use crate::roster::ContactPoint;
use crate::secret::Secret;
use crate::signal::Signal;
use crate::store::audit::{self, Act};
use crate::store::contact_point::{self, Listed};
use crate::store::page::{self, Channel, NewPage};
use crate::store::{contact_code, push_key, staff};

const MOST_CONTACTS: usize = 10;
/// To all contact points of one person: whoever sits at somebody's screen rings nobody out of bed with them.
const MOST_CODES_AN_HOUR: i64 = 6;
/// Browsers' push services give out long ones.
const LONGEST_ADDRESS_CHARS: usize = 1000;

pub async fn list(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<ContactList>> {
    let mut db = web.transaction(&who).await?;
    let listed = contact_point::list(&mut db, who.staff, web.parts.clock.machine_now()).await?;
    let push_key = push_key::public(&mut db).await?;
    db.commit().await?;
    let kinds: Vec<ContactKind> = web.parts.config.channels().into_iter().map(kind).collect();
    let push_key = push_key.filter(|_| kinds.contains(&ContactKind::WebPush));
    let push_key = push_key.map(|key| BASE64_URL_SAFE_NO_PAD.encode(key));
    Ok(Json(ContactList { contacts: listed.into_iter().map(shown).collect(), kinds, push_key }))
}

pub async fn add(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<NewContact>,
) -> Answer<Json<ContactAdded>> {
    let now = web.parts.clock.machine_now();
    who.must_be_fresh(now)?;
    let channel = channel(asked.kind);
    let address: Secret = address(&web, channel, asked.address.trim()).map_err(Failure::bad_request)?.into();
    let made = (channel == Channel::Webhook).then(random::webhook_secret);
    let secret = match channel {
        Channel::WebPush => Some(browser(asked.keys.as_ref()).map_err(Failure::bad_request)?),
        _ => made.clone(),
    };
    let mut db = web.transaction(&who).await?;
    if contact_point::list(&mut db, who.staff, now).await?.len() >= MOST_CONTACTS {
        return Err(conflict(
            "too_many",
            format!("There are {MOST_CONTACTS} already. Remove one that you no longer use."),
        ));
    }
    let new = contact_point::New {
        staff: who.staff,
        channel,
        address: &address,
        secret: secret.as_ref(),
        made_at: now,
        verified_at: None,
    };
    let Some(contact) = contact_point::insert(&mut db, &new).await? else {
        return Err(conflict("there_already", "This is in your list already. Send a code to it from there."));
    };
    send_code(&web, &mut db, &who, contact, channel, address).await?;
    audit::write(&mut db, &who.did(Act::ContactAdded, now).detail(json!({ "kind": channel.name() }))).await?;
    db.commit().await?;
    web.parts.signals.send(Signal::Pages);
    Ok(Json(ContactAdded { contact, secret: made.map(|secret| secret.expose().to_owned()) }))
}

/// The one before counts no more.
pub async fn send_again(State(web): State<Arc<Web>>, who: SignedIn, Path(contact): Path<Uuid>) -> Answer<StatusCode> {
    let mut db = web.transaction(&who).await?;
    let own = own(&mut db, &who, contact, web.parts.clock.machine_now()).await?;
    send_code(&web, &mut db, &who, contact, own.channel, own.address).await?;
    db.commit().await?;
    web.parts.signals.send(Signal::Pages);
    Ok(StatusCode::NO_CONTENT)
}

pub async fn confirm(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(contact): Path<Uuid>,
    Body(asked): Body<ContactCode>,
) -> Answer<StatusCode> {
    let now = web.parts.clock.machine_now();
    let code: String = asked.code.chars().filter(char::is_ascii_digit).collect();
    let mut db = web.transaction(&who).await?;
    let own = own(&mut db, &who, contact, now).await?;
    let right = contact_code::answer(&mut db, contact, &hash(contact, &code), now).await?;
    if right {
        contact_point::verify(&mut db, who.staff, contact, now).await?;
        let detail = json!({ "kind": own.channel.name() });
        audit::write(&mut db, &who.did(Act::ContactProven, now).detail(detail)).await?;
    }
    // A wrong answer is counted.
    db.commit().await?;
    if right {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(conflict(
        "wrong_code",
        "This is not the last code that was sent there, or it no longer counts. Look again, or send another.",
    ))
}

/// Whoever takes away the last that counts could not be told of anything.
pub async fn remove(State(web): State<Arc<Web>>, who: SignedIn, Path(contact): Path<Uuid>) -> Answer<StatusCode> {
    let now = web.parts.clock.machine_now();
    who.must_be_fresh(now)?;
    let mut db = web.transaction(&who).await?;
    let own = own(&mut db, &who, contact, now).await?;
    let proven = contact_point::list(&mut db, who.staff, now).await?;
    let another = proven.iter().any(|other| other.verified_at.is_some() && other.contact_point != contact);
    if own.verified_at.is_some() && !another {
        return Err(conflict(
            "last",
            "This is the only way to page you. Add another and confirm it, then remove this one.",
        ));
    }
    contact_point::remove(&mut db, who.staff, contact).await?;
    let detail = json!({ "kind": own.channel.name() });
    audit::write(&mut db, &who.did(Act::ContactRemoved, now).detail(detail)).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn own(db: &mut PgConnection, who: &SignedIn, contact: Uuid, now: Timestamp) -> Answer<Listed> {
    let listed = contact_point::list(db, who.staff, now).await?;
    listed.into_iter().find(|point| point.contact_point == contact).ok_or_else(Failure::not_found)
}

async fn send_code(
    web: &Web,
    db: &mut PgConnection,
    who: &SignedIn,
    contact: Uuid,
    channel: Channel,
    address: Secret,
) -> Answer<()> {
    let (now, care_now) = (web.parts.clock.machine_now(), web.parts.clock.care_now());
    staff::lock(db, who.staff).await?;
    if contact_code::sent_since(db, who.staff, now - SignedDuration::from_hours(1)).await? >= MOST_CODES_AN_HOUR {
        return Err(Failure::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_codes",
            format!("{MOST_CODES_AN_HOUR} codes an hour are sent, and you have had them. Try again in an hour."),
        ));
    }
    let code = random::digits(6);
    let to = ContactPoint { contact_point: Some(contact), channel, address };
    let subject = format!("{code} is your code for Derwent");
    let body = format!(
        "{code} is your code for Derwent. Type it in on your account page, within {} minutes. If you did not ask for it, do nothing, and \
         tell your administrator.",
        contact_code::LASTS.as_mins()
    );
    let page = NewPage::of_no_alert(who.organisation, who.staff, to, subject, body);
    let new = contact_code::New {
        contact_point: contact,
        staff: who.staff,
        page: page.page,
        code_hash: &hash(contact, &code),
        sent_at: now,
    };
    contact_code::insert(db, &new).await?;
    Ok(page::insert(db, &[page], care_now, now).await?)
}

fn hash(contact: Uuid, code: &str) -> Vec<u8> {
    Sha256::new().chain_update(contact.as_bytes()).chain_update(code).finalize().to_vec()
}

/// As it is kept.
///
/// # Errors
/// What is wrong with it, for whoever typed it.
fn address(web: &Web, channel: Channel, text: &str) -> Result<String, String> {
    if !web.parts.config.channels().contains(&channel) {
        return Err(format!("This service sends no pages over {}. Choose another way.", channel.words()));
    }
    if text.chars().count() > LONGEST_ADDRESS_CHARS || text.chars().any(char::is_control) {
        return Err(format!("An address has at most {LONGEST_ADDRESS_CHARS} characters, on one line."));
    }
    match channel {
        Channel::Email => {
            let email = text.to_lowercase();
            let is_one = email.parse::<lettre::Address>().is_ok();
            is_one.then_some(email).ok_or_else(|| "This is no e-mail address. Write it as ida@example.org.".to_owned())
        }
        Channel::Pager => {
            let is_one = text.len() == 32 && text.chars().all(|c| c.is_ascii_alphanumeric());
            is_one
                .then(|| text.to_owned())
                .ok_or_else(|| "An integration key (Events API v2) has 32 letters and digits. Copy it whole.".to_owned())
        }
        Channel::Sms => number(text).ok_or_else(|| {
            "This is no number of a mobile phone. Write it as 07700 900123, or with its country as +353 85 012 3456.".to_owned()
        }),
        Channel::Webhook => on_the_web(text, &web.parts.config.webhook_networks),
        Channel::WebPush => on_the_web(text, &web.parts.config.push_networks),
    }
}

fn on_the_web(text: &str, networks: &[Network]) -> Result<String, String> {
    let url = Url::parse(text).map_err(|_| "This is no address. Write it as https://host/path.".to_owned())?;
    Reach::of(networks).check(&url)?;
    Ok(url.to_string())
}

/// What a browser reads with, as it is kept.
fn browser(keys: Option<&BrowserKeys>) -> Result<Secret, String> {
    let keys = keys.map(|BrowserKeys { p256dh, auth }| format!("{p256dh}.{auth}"));
    let keys = keys.filter(|keys| Browser::of(keys).is_some());
    keys.map(Secret::from).ok_or_else(|| {
        "These are not the keys of a browser's subscription. Add the browser on its own account page.".to_owned()
    })
}

/// As in +447700900123; without a country it is a British one.
pub(super) fn number(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let abroad = plain.strip_prefix('+').or_else(|| plain.strip_prefix("00")).map(str::to_owned);
    let digits = abroad.or_else(|| plain.strip_prefix("07").map(|rest| format!("447{rest}")))?;
    let is_one = (8..=15).contains(&digits.len())
        && digits.chars().all(|c| c.is_ascii_digit())
        && !digits.starts_with('0')
        && (!digits.starts_with("44") || digits.len() == 12 && digits.starts_with("447"));
    is_one.then(|| format!("+{digits}"))
}

fn shown(of: Listed) -> Contact {
    let address = of.address.expose();
    let address = match of.channel {
        Channel::Pager => format!("…{}", last(address, 4)),
        // Whoever has it whole may write to the browser's push service.
        Channel::WebPush => {
            let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
            format!("{host} …{}", last(address, 6))
        }
        _ => address.to_owned(),
    };
    let code = of.code.filter(|_| of.verified_at.is_none()).map(|state| match state.as_str() {
        "sent" => CodeSent::Sent,
        "given_up" => CodeSent::Refused,
        _ => CodeSent::OnItsWay,
    });
    Contact {
        contact: of.contact_point,
        kind: kind(of.channel),
        address,
        made_at: of.made_at,
        verified_at: of.verified_at,
        code,
    }
}

fn last(text: &str, chars: usize) -> String {
    text.chars().skip(text.chars().count().saturating_sub(chars)).collect()
}

pub(super) fn kind(channel: Channel) -> ContactKind {
    match channel {
        Channel::Email => ContactKind::Email,
        Channel::Pager => ContactKind::Pager,
        Channel::Sms => ContactKind::Sms,
        Channel::Webhook => ContactKind::Webhook,
        Channel::WebPush => ContactKind::WebPush,
    }
}

fn channel(kind: ContactKind) -> Channel {
    match kind {
        ContactKind::Email => Channel::Email,
        ContactKind::Pager => Channel::Pager,
        ContactKind::Sms => Channel::Sms,
        ContactKind::Webhook => Channel::Webhook,
        ContactKind::WebPush => Channel::WebPush,
    }
}

fn conflict(code: &'static str, message: impl Into<String>) -> Failure {
    Failure::new(StatusCode::CONFLICT, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_with_its_country() {
        for (typed, kept) in [
            ("07700 900123", "+447700900123"),
            ("+44 7700 900123", "+447700900123"),
            ("0044 7700-900123", "+447700900123"),
            ("+353 85 012 3456", "+353850123456"),
        ] {
            assert_eq!(number(typed).as_deref(), Some(kept), "{typed}");
        }
        for wrong in [
            "",
            "7700900123",
            "01773 000000",
            "+44 1773 000000",
            "07700 90012",
            "0x7700900123",
            "+0447700900123",
            "+44 7700 9001234",
        ] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
