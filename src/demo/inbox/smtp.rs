//! Enough of SMTP (RFC 5321) to be handed mails by a real client.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Inbox, letter};

/// A page is a few hundred bytes; a client that sends much more is not the service.
const LONGEST_MAIL_BYTES: usize = 1024 * 1024;

pub async fn serve(listener: TcpListener, inbox: Inbox) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, say: those that are open go on, and the sender tries again.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let inbox = inbox.clone();
        tokio::spawn(async move {
            if let Err(error) = converse(stream, &inbox).await {
                tracing::debug!(%error, "a mail connection broke");
            }
        });
    }
}

async fn converse(stream: TcpStream, inbox: &Inbox) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    reply(&mut stream, "220 demo inbox").await?;
    let mut recipients: Vec<String> = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let verb = command.get(..4).unwrap_or(command).to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => stream.write_all(b"250-demo inbox\r\n250 8BITMIME\r\n").await?,
            "HELO" | "MAIL" | "NOOP" => reply(&mut stream, "250 ok").await?,
            "RSET" => {
                recipients.clear();
                reply(&mut stream, "250 ok").await?;
            }
            "RCPT" => {
                let address =
                    command.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
                recipients.extend(address.map(str::to_owned));
                reply(&mut stream, "250 ok").await?;
            }
            "DATA" if recipients.is_empty() => reply(&mut stream, "503 for whom?").await?,
            "DATA" => {
                reply(&mut stream, "354 go on, end with a dot").await?;
                let Some(text) = mail(&mut stream).await? else { return reply(&mut stream, "552 too long").await };
                for to in recipients.drain(..) {
                    inbox.keep(letter::read(&text, &to, inbox.now()));
                }
                reply(&mut stream, "250 kept").await?;
            }
            "QUIT" => return reply(&mut stream, "221 bye").await,
            _ => reply(&mut stream, "502 not known here").await?,
        }
    }
}

/// The lines up to the lone dot. None: too long.
async fn mail(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut text = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let content = String::from_utf8_lossy(&line);
        let content = content.trim_end_matches(['\r', '\n']);
        if content == "." {
            return Ok(Some(text));
        }
        // A dot at the start of a line was doubled on the way.
        text.push_str(content.strip_prefix('.').unwrap_or(content));
        text.push('\n');
        if text.len() > LONGEST_MAIL_BYTES {
            return Ok(None);
        }
    }
}

async fn reply(stream: &mut BufReader<TcpStream>, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await
}
