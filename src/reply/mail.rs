//! One mail, read: what of it counts, and whether a person wrote it. Nobody says who wrote a mail; what is believed is the id of the page
//! that it answers, which only its recipient was sent.

use mail_parser::{Message, MessageParser, MimeHeaders};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A thread that is longer is nobody's answer to a page.
const MOST_IDS: usize = 50;

#[derive(Debug)]
pub enum Heard {
    Answer(Answer),
    /// A program wrote it: which mark says so, and what it would be had a person written it.
    Automatic(&'static str, Option<Answer>),
    /// It answers nothing, or says not from whom.
    Nothing,
}

#[derive(Debug)]
pub struct Answer {
    /// The same however often it is brought.
    pub key: Vec<u8>,
    pub from: String,
    /// What it could answer, the most likely first.
    pub pages: Vec<Uuid>,
    pub subject: String,
    pub text: String,
}

pub fn read(raw: &[u8]) -> Heard {
    let Some(message) = MessageParser::default().parse(raw) else { return Heard::Nothing };
    match automatic(&message) {
        Some(mark) => Heard::Automatic(mark, answer(raw, &message, "automatic:")),
        None => answer(raw, &message, "mail:").map_or(Heard::Nothing, Heard::Answer),
    }
}

/// `kind` keeps what a program wrote from being taken for the same mail, brought again.
fn answer(raw: &[u8], message: &Message<'_>, kind: &str) -> Option<Answer> {
    let from: Vec<&str> =
        message.from().into_iter().flat_map(|from| from.iter()).filter_map(|one| one.address()).collect();
    let ([from], 1) = (from.as_slice(), values(message, "from").count()) else { return None };
    let mut pages = ids(message, "in-reply-to");
    let mut before = ids(message, "references");
    before.reverse();
    pages.append(&mut before);
    pages.truncate(MOST_IDS);
    if pages.is_empty() {
        return None;
    }
    let id = message.message_id().map_or(raw, str::as_bytes);
    Some(Answer {
        key: Sha256::new().chain_update(kind).chain_update(id).finalize().to_vec(),
        from: (*from).to_owned(),
        pages,
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
    })
}

/// RFC 3834, and what programs said before it.
fn automatic(message: &Message<'_>) -> Option<&'static str> {
    let any = |name: &str, is: fn(&str) -> bool| values(message, name).any(|value| is(value.trim()));
    let first_word = |value: &str| value.split([';', ' ', '(']).next().unwrap_or_default().to_lowercase();
    if values(message, "auto-submitted").any(|value| first_word(value.trim()) != "no") {
        return Some("Auto-Submitted");
    }
    let bulk = ["bulk", "junk", "list", "auto_reply"];
    if values(message, "precedence").any(|value| bulk.contains(&first_word(value.trim()).as_str())) {
        return Some("Precedence");
    }
    for name in ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "List-Id"] {
        if any(name, |_| true) {
            return Some(name);
        }
    }
    // A report of a mail server's comes from nobody.
    if any("return-path", |value| value == "<>" || value.is_empty()) {
        return Some("Return-Path");
    }
    let is_report = message.content_type().is_some_and(|of| {
        of.c_type.eq_ignore_ascii_case("multipart")
            && of.subtype().is_some_and(|sub| sub.eq_ignore_ascii_case("report"))
    });
    if is_report {
        return Some("multipart/report");
    }
    let mut senders = message.from().into_iter().flat_map(|from| from.iter()).filter_map(|one| one.address());
    let robot = |address: &str| {
        let name = address.split('@').next().unwrap_or_default();
        name.eq_ignore_ascii_case("mailer-daemon") || name.eq_ignore_ascii_case("postmaster")
    };
    senders.any(robot).then_some("From")
}

fn values<'a>(message: &'a Message<'_>, name: &'a str) -> impl Iterator<Item = &'a str> {
    message.headers_raw().filter(move |(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// What could be pages, of the ids in this header.
fn ids(message: &Message<'_>, header: &str) -> Vec<Uuid> {
    let between = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',');
    let parts = values(message, header).flat_map(|value| value.split(between)).filter(|part| !part.is_empty());
    parts.filter_map(|id| id.split_once('@')?.0.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "019ab000-0000-7000-8000-000000000001";

    fn mail(headers: &str, text: &str) -> Heard {
        let mail = format!(
            "From: Ida Shaw <ida@example.org>\r\nTo: reply@derwent.example\r\nSubject: Re: HIGH A7\r\n{headers}\r\n\r\n{text}\r\n"
        );
        read(mail.as_bytes())
    }

    #[test]
    fn what_a_person_answers_is_read_as_mail_programs_write_it() {
        for (headers, text) in [
            (format!("In-Reply-To: <{PAGE}@derwent.example>"), "ACK A7"),
            (format!("References: <1@other.example>\r\n <{PAGE}@derwent.example>\r\nAuto-Submitted: no"), "ACK A7"),
            (
                format!(
                    "In-Reply-To: <{PAGE}@derwent.example>\r\nReturn-Path: <ida@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: \
                     text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
                ),
                "<p>ACK=20A7</p>",
            ),
        ] {
            let Heard::Answer(answer) = mail(&headers, text) else { panic!("{headers}") };
            assert_eq!(answer.pages, [PAGE.parse::<Uuid>().expect("an id")], "{headers}");
            assert_eq!(answer.text.trim(), "ACK A7");
            assert_eq!((answer.from.as_str(), answer.subject.as_str()), ("ida@example.org", "Re: HIGH A7"));
        }
    }

    #[test]
    fn what_a_program_wrote_says_so_in_one_way_or_another() {
        for headers in [
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: no\r\nauto-submitted: auto-generated; owner=x",
            "Precedence: bulk",
            "Precedence: auto_reply",
            "X-Autoreply: yes",
            "X-Autorespond: vacation",
            "X-Auto-Response-Suppress: All",
            "List-Id: <all.example.org>",
            "Return-Path: <>",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
            "MIME-Version: 1.0\r\nContent-Type: Multipart/Report; boundary=b",
        ] {
            let headers = format!("In-Reply-To: <{PAGE}@derwent.example>\r\n{headers}");
            assert!(matches!(mail(&headers, "ACK A7"), Heard::Automatic(_, Some(_))), "{headers}");
        }
        for from in ["MAILER-DAEMON@example.org", "Postmaster <postmaster@example.org>"] {
            let mail = format!("From: {from}\r\nIn-Reply-To: <{PAGE}@derwent.example>\r\n\r\nACK A7\r\n");
            assert!(matches!(read(mail.as_bytes()), Heard::Automatic("From", Some(_))), "{from}");
        }
    }

    #[test]
    fn what_answers_nothing_or_comes_from_two_is_nothing() {
        assert!(matches!(mail("X-Other: 1", "ACK A7"), Heard::Nothing));
        assert!(matches!(mail("Auto-Submitted: auto-generated", "ACK A7"), Heard::Automatic(_, None)));
        assert!(matches!(mail("In-Reply-To: <no-page@derwent.example>", "ACK A7"), Heard::Nothing));
        for from in ["", "From: a@example.org, ida@example.org\r\n", "From: a@example.org\r\nFrom: ida@example.org\r\n"]
        {
            let mail = format!("{from}In-Reply-To: <{PAGE}@derwent.example>\r\n\r\nACK A7\r\n");
            assert!(matches!(read(mail.as_bytes()), Heard::Nothing), "{from}");
        }
        assert!(matches!(read(b""), Heard::Nothing));
        assert!(matches!(read(&[0xff; 4096]), Heard::Nothing));
    }
}
