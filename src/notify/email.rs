//! A page by e-mail.

use crate::mail::{self, Letter, Mailer};
use crate::notify::channel::NotSent;
use crate::store::page::Taken;

pub async fn send(mailer: &Mailer, page: &Taken) -> Result<(), NotSent> {
    let letter = Letter {
        id: page.page,
        to: page.address.expose(),
        subject: &page.subject,
        body: &page.body,
        important: page.priority == "high",
    };
    mailer.send(&letter).await.map_err(|problem| match problem {
        mail::NotSent::Passing(error) => NotSent::passing(error),
        mail::NotSent::Permanent(error) => NotSent::permanent(error),
    })
}
