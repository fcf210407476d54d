//! A page by e-mail.

use crate::mail::{self, Letter, Mailer};
use crate::notify::channel::{NotSent, SEND_LIMIT};
use crate::store::page::Taken;

pub async fn send(mailer: &Mailer, page: &Taken) -> Result<String, NotSent> {
    let letter = Letter {
        id: page.page,
        to: page.address.expose(),
        subject: &page.subject,
        body: &page.body,
        important: page.priority == "high",
        of_page: !page.to_operator && (!page.alerts.is_empty() || page.answers.is_some()),
        answers: page.answers,
    };
    mailer.send(&letter, SEND_LIMIT).await.map_err(|problem| match problem {
        mail::NotSent::Down(error) => NotSent::down(error),
        mail::NotSent::Later(error) => NotSent::later(error),
        mail::NotSent::Never(error) => NotSent::never(error),
    })
}
