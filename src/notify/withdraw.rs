//! A receiver that says it takes nothing any more, now or ever, is no contact point: it is taken away, and whose it was is told where they
//! still can be.

use serde_json::json;
use sqlx::PgConnection;

use crate::notify::form::{OTHERS_FIRST, nobody_proven};
use crate::parts::Parts;
use crate::roster::ContactPoint;
use crate::store::audit::{self, Act, Actor, Entry};
use crate::store::page::{self, Channel, NewPage, Taken};
use crate::store::{alert, contact_point};

/// `gone`: the page that it refused, and the channel that it went over.
pub async fn withdraw(db: &mut PgConnection, parts: &Parts, channel: Channel, gone: &Taken) -> Result<(), sqlx::Error> {
    let Some(whose) = contact_point::withdraw(db, gone.page, &OTHERS_FIRST).await? else { return Ok(()) };
    let (now, care_now) = (parts.clock.machine_now(), parts.clock.care_now());
    tracing::warn!(page = %gone.page, channel = channel.name(), "a contact point takes nothing any more; it was taken away");
    let entry = Entry::new(Actor::Service, Act::ContactRemoved, now)
        .at_organisation(whose.organisation)
        .detail(json!({ "kind": channel.name(), "staff": whose.staff }));
    audit::write(db, &entry).await?;
    let to = whose.instead.unwrap_or_else(|| ContactPoint {
        contact_point: None,
        channel: Channel::Email,
        address: whose.email.into(),
    });
    if to.contact_point.is_none() {
        let (problem, sentence) = nobody_proven(&whose.name);
        alert::open_operator(db, &problem, &sentence, care_now).await?;
    }
    let words = channel.words();
    let subject = format!("You are not paged by {words} any more");
    let body = format!(
        "One of your contact points, a {words}, takes nothing any more and was taken from your list. Look at your account page where you \
         are paged, and add it again or another: {}/staff/account",
        parts.config.origin()
    );
    let news = NewPage::of_no_alert(whose.organisation, whose.staff, to, subject, body);
    page::insert(db, &[news], care_now, now).await
}
