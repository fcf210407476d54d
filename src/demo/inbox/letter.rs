//! From the text of a mail to what a person reads: the headers that matter, and the body decoded.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

use super::{Channel, Message};

pub fn read(text: &str, to: &str, at: Timestamp) -> Message {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let header = |name: &str| header(head, name).unwrap_or_default();
    let id = header("message-id");
    // The page's id is the left side of the Message-ID.
    let id = id.trim_matches(['<', '>']).split('@').next().unwrap_or_default().to_owned();
    let subject = header("subject");
    let body = decoded(head, body);
    let priority = priority(&subject);
    Message { id, at, channel: Channel::Email, to: to.to_owned(), priority, subject, body: body.replace("\r\n", "\n") }
}

/// Of several parts the first: the plainest.
fn decoded(head: &str, body: &str) -> String {
    let header = |name: &str| header(head, name).unwrap_or_default();
    let kind = header("content-type");
    if kind.starts_with("multipart/")
        && let Some((_, rest)) = kind.split_once("boundary=")
        && let Some(boundary) = rest.trim_start_matches('"').split(['"', ';']).next()
        && let Some(part) = body.split(&format!("--{boundary}\n")).nth(1)
    {
        let part = part.split(&format!("\n--{boundary}")).next().unwrap_or(part);
        let (head, body) = part.split_once("\n\n").unwrap_or((part, ""));
        return decoded(head, body);
    }
    match header("content-transfer-encoding").to_ascii_lowercase().as_str() {
        "quoted-printable" => quoted_printable(body),
        "base64" => {
            let packed: String = body.split_whitespace().collect();
            BASE64_STANDARD
                .decode(packed)
                .map_or_else(|_| body.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => body.to_owned(),
    }
}

/// The service puts the priority into the subject of each page.
pub fn priority(subject: &str) -> Option<&'static str> {
    let subject = subject.to_ascii_lowercase();
    ["high", "medium", "low"]
        .into_iter()
        .find(|priority| subject.split(|c: char| !c.is_alphanumeric()).any(|word| word == *priority))
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines();
    let first = lines.by_ref().find_map(|line| {
        let (given, value) = line.split_once(':')?;
        given.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })?;
    // A long header goes on in lines that begin with a space.
    Some(
        lines
            .take_while(|line| line.starts_with([' ', '\t']))
            .fold(first, |value, line| format!("{value} {}", line.trim())),
    )
}

fn quoted_printable(body: &str) -> String {
    let mut bytes = Vec::with_capacity(body.len());
    for line in body.lines() {
        let (line, goes_on) = match line.strip_suffix('=') {
            Some(line) => (line, true),
            None => (line, false),
        };
        let mut rest = line.as_bytes();
        while let [first, tail @ ..] = rest {
            let coded = match tail {
                [high, low, ..] if *first == b'=' => {
                    std::str::from_utf8(&[*high, *low]).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
                }
                _ => None,
            };
            bytes.push(coded.unwrap_or(*first));
            rest = if coded.is_some() { &tail[2..] } else { tail };
        }
        if !goes_on {
            bytes.push(b'\n');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
