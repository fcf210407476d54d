//! E-mail over SMTP, or into a folder for trying out. The Message-ID is the letter's id, so one that had to be sent
//! again can be recognised.

mod server;
mod wrapped;

use std::time::Duration;

use anyhow::{Context, bail};
use askama::Template;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::{AsyncFileTransport, AsyncTransport, Tokio1Executor};
use reqwest::Url;
use uuid::Uuid;

use self::server::Server;
use crate::config::Config;

const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// What goes to one person. It names no patient.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    pub id: Uuid,
    pub to: &'a str,
    pub subject: &'a str,
    /// Paragraphs between empty lines; an address that stands alone on its line is a link.
    pub body: &'a str,
    pub important: bool,
    /// Whoever answers it answers a page.
    pub of_page: bool,
    /// The letter whose answer this one answers.
    pub answers: Option<Uuid>,
}

/// Why a letter did not go out. Names servers and codes.
#[derive(Debug)]
pub enum NotSent {
    /// A later try may succeed; the server does not work just now.
    Down(String),
    /// A later try may succeed; the server works.
    Later(String),
    /// This address or letter will never be taken.
    Never(String),
}

impl NotSent {
    fn never(error: impl ToString) -> Self {
        Self::Never(error.to_string())
    }
}

#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    /// Where answers to pages go.
    reply_to: Option<Mailbox>,
    /// Right side of the Message-ID.
    host: String,
    transport: Transport,
}

#[derive(Debug)]
enum Transport {
    Smtp(Box<Server>),
    Folder(AsyncFileTransport<Tokio1Executor>),
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    subject: &'a str,
    paragraphs: Vec<Vec<Line<'a>>>,
}

enum Line<'a> {
    Text(&'a str),
    Link(&'a str),
}

impl Mailer {
    pub fn open(config: &Config, origin: &str) -> anyhow::Result<Self> {
        let url = config.smtp_url.as_ref().context("no mail server is set; set DERWENT_SMTP_URL")?.expose();
        let from = config.mail_from.parse().with_context(|| {
            format!("the sender {:?} is no mail address; correct DERWENT_MAIL_FROM", config.mail_from)
        })?;
        let reply_to = config.reply_to.as_ref().map(|address| address.parse()).transpose();
        let reply_to = reply_to.context("where answers go is no mail address; correct DERWENT_REPLY_TO")?;
        let transport = if let Some(folder) = url.strip_prefix("file:") {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("mails cannot be put into {folder}; correct DERWENT_SMTP_URL"))?;
            Transport::Folder(AsyncFileTransport::new(folder))
        } else {
            let server = Server::read(url)
                .context("DERWENT_SMTP_URL cannot be read; give it as smtp://user:password@host:587?tls=required, smtps://…, smtp://host:25 or file:FOLDER")?;
            Transport::Smtp(Box::new(server))
        };
        let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
        let host = host.split(':').next().unwrap_or(host).to_owned();
        Ok(Self { from, reply_to, host, transport })
    }

    /// Whether the server would take a mail now.
    pub async fn answers(&self) -> anyhow::Result<()> {
        match &self.transport {
            Transport::Smtp(server) => match tokio::time::timeout(ANSWER_LIMIT, server.answers()).await {
                Err(_) => bail!("the mail server did not answer in time"),
                Ok(Err(NotSent::Down(error))) => bail!("the mail server cannot be reached: {error}"),
                Ok(Err(NotSent::Later(error) | NotSent::Never(error))) => {
                    bail!("the mail server answers, and refuses to talk: {error}")
                }
                Ok(Ok(())) => Ok(()),
            },
            // Opening has made the folder.
            Transport::Folder(_) => Ok(()),
        }
    }

    /// What the server said when it took it. It ends within `limit`.
    pub async fn send(&self, letter: &Letter<'_>, limit: Duration) -> Result<String, NotSent> {
        let message = self.message(letter)?;
        match &self.transport {
            Transport::Smtp(server) => match tokio::time::timeout(limit, server.send(&message)).await {
                Ok(sent) => sent,
                Err(_) => Err(NotSent::Down(format!("no answer within {} s", limit.as_secs()))),
            },
            Transport::Folder(folder) => {
                let written = folder.send(message).await.map_err(|error| NotSent::Down(error.to_string()))?;
                Ok(format!("written into the folder as {written}.eml"))
            }
        }
    }

    fn message(&self, letter: &Letter<'_>) -> Result<Message, NotSent> {
        let to: Mailbox = letter.to.parse().map_err(|_| NotSent::never("the address is no mail address"))?;
        let header =
            |name: &'static str, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(format!("<{}@{}>", letter.id, self.host)))
            // No program answers it: neither by RFC 3834 nor by Exchange's own word for it. And no `Precedence`: some servers put
            // what is not marked urgent behind everything, and there is no word for a page.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        if letter.important {
            message = message.raw_header(header("Importance", "high")).raw_header(header("X-Priority", "1"));
        }
        if let Some(to) = self.reply_to.as_ref().filter(|_| letter.of_page) {
            message = message.reply_to(to.clone());
        }
        if let Some(answered) = letter.answers {
            let id = format!("<{answered}@{}>", self.host);
            message = message.in_reply_to(id.clone()).references(id);
        }
        let html = Html { subject: letter.subject, paragraphs: paragraphs(letter.body) };
        let html = html.render().map_err(NotSent::never)?;
        message.multipart(MultiPart::alternative_plain_html(letter.body.to_owned(), html)).map_err(NotSent::never)
    }
}

fn paragraphs(body: &str) -> Vec<Vec<Line<'_>>> {
    body.split("\n\n")
        .map(|paragraph| paragraph.lines().map(str::trim).filter(|line| !line.is_empty()).map(of_line).collect())
        .filter(|lines: &Vec<_>| !lines.is_empty())
        .collect()
}

fn of_line(line: &str) -> Line<'_> {
    let is_link = !line.contains(char::is_whitespace)
        && Url::parse(line).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_link { Line::Link(line) } else { Line::Text(line) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn message(address: &str, subject: &str) -> Result<String, NotSent> {
        let mailer = Mailer {
            from: "Derwent <derwent@example.org>".parse().expect("an address"),
            reply_to: None,
            host: "derwent.example".into(),
            transport: Transport::Folder(AsyncFileTransport::new("/nowhere")),
        };
        let letter = Letter {
            id: random::new_id(),
            to: address,
            subject,
            body: "It waits.",
            important: true,
            of_page: true,
            answers: None,
        };
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
