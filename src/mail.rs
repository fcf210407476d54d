//! E-mail over SMTP, or into a folder for trying out. The Message-ID is the letter's id, so one that had to be sent
//! again can be recognised.

use std::time::Duration;

use anyhow::{Context, bail};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use uuid::Uuid;

use crate::config::Config;

const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// What goes to one person. It names no patient.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    pub id: Uuid,
    pub to: &'a str,
    pub subject: &'a str,
    pub body: &'a str,
    pub important: bool,
}

/// Why a letter did not go out. Names servers and codes.
#[derive(Debug)]
pub enum NotSent {
    /// A later try may succeed.
    Passing(String),
    /// This address or letter will never be taken.
    Permanent(String),
}

impl NotSent {
    fn passing(error: impl ToString) -> Self {
        Self::Passing(error.to_string())
    }

    fn permanent(error: impl ToString) -> Self {
        Self::Permanent(error.to_string())
    }
}

#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    /// Right side of the Message-ID.
    host: String,
    transport: Transport,
}

#[derive(Debug)]
enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(AsyncFileTransport<Tokio1Executor>),
}

impl Mailer {
    pub fn open(config: &Config, origin: &str) -> anyhow::Result<Self> {
        let url = config.smtp_url.as_ref().context("no mail server is set; set DERWENT_SMTP_URL")?.expose();
        let from = config.mail_from.parse().with_context(|| {
            format!("the sender {:?} is no mail address; correct DERWENT_MAIL_FROM", config.mail_from)
        })?;
        let transport = if let Some(folder) = url.strip_prefix("file:") {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("mails cannot be put into {folder}; correct DERWENT_SMTP_URL"))?;
            Transport::Folder(AsyncFileTransport::new(folder))
        } else {
            let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).context(
                "DERWENT_SMTP_URL cannot be read; give it as smtp://host:25, smtps://user:password@host or file:FOLDER",
            )?;
            Transport::Smtp(builder.build())
        };
        let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
        let host = host.split(':').next().unwrap_or(host).to_owned();
        Ok(Self { from, host, transport })
    }

    /// Whether the server would take a mail now.
    pub async fn answers(&self) -> anyhow::Result<()> {
        match &self.transport {
            Transport::Smtp(smtp) => {
                let asked = tokio::time::timeout(ANSWER_LIMIT, smtp.test_connection()).await;
                let answers = asked.context("the mail server did not answer in time")?;
                if !answers.context("the mail server cannot be reached")? {
                    bail!("the mail server answers, and refuses to talk");
                }
                Ok(())
            }
            // Opening has made the folder.
            Transport::Folder(_) => Ok(()),
        }
    }

    /// Whoever calls it bounds how long it may take.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<(), NotSent> {
        let message = self.message(letter)?;
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(message).await.map(drop).map_err(|error| {
                // 550 and its kin speak of this recipient; other refusals (a full disk, a rejected password) can pass.
                let of_recipient = error.status().is_some_and(|code| {
                    code.severity == Severity::PermanentNegativeCompletion && code.category == Category::MailSystem
                });
                if of_recipient { NotSent::permanent(error) } else { NotSent::passing(error) }
            }),
            Transport::Folder(folder) => folder.send(message).await.map(drop).map_err(NotSent::passing),
        }
    }

    fn message(&self, letter: &Letter<'_>) -> Result<Message, NotSent> {
        let to: Mailbox = letter.to.parse().map_err(|_| NotSent::permanent("the address is no mail address"))?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(format!("<{}@{}>", letter.id, self.host)))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
            .header(ContentType::TEXT_PLAIN);
        if letter.important {
            message = message.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Importance"), "high".into()));
        }
        message.body(letter.body.to_owned()).map_err(NotSent::permanent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn message(address: &str, subject: &str) -> Result<String, NotSent> {
        let mailer = Mailer {
            from: "Derwent <derwent@example.org>".parse().expect("an address"),
            host: "derwent.example".into(),
            transport: Transport::Folder(AsyncFileTransport::new("/nowhere")),
        };
        let letter = Letter { id: random::new_id(), to: address, subject, body: "It waits.", important: true };
        mailer.message(&letter).map(|message| String::from_utf8(message.formatted()).expect("text"))
    }

    #[test]
    fn nothing_that_is_put_in_adds_a_header() {
        const EVIL: &str = "Bcc: everybody@example.com";
        for end in ["\r\n", "\n", "\r", "\u{2028}", "\r\n\r\n"] {
            let text = message("ida@example.org", &format!("HIGH A7{end}{EVIL}")).expect("a mail");
            let head = text.split("\r\n\r\n").next().expect("a head");
            assert!(
                !head.lines().any(|line| line.starts_with("Bcc")) && head.contains("\r\nTo: ida@example.org"),
                "{text}"
            );
            for address in [format!("ida@example.org{end}{EVIL}"), format!("Ida{end}{EVIL}{end}X: <ida@example.org>")] {
                let head = message(&address, "HIGH A7").map(|text| text.replace("\r\n ", " ")).unwrap_or_default();
                assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
            }
        }
    }
}
