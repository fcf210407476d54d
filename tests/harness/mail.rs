//! A mail server we did not write (PyPI's aiosmtpd), as a process of its own. `mail_server.py` says how it behaves to whom.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use super::leftover::Received;

/// A mail it accepted.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    pub to: String,
    pub message_id: String,
    pub subject: String,
    pub body: String,
    pub html: String,
    /// All of it, as it came.
    pub raw: String,
    pub tls: bool,
    pub login: Option<String>,
    /// The other end's port: the same for mails over one connection.
    pub connection: u16,
}

pub struct MailServer {
    child: Child,
    port: u16,
    mails: Received<Mail>,
}

impl MailServer {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With options of `mail_server.py`.
    pub fn start_with(options: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".cache/python/bin/python");
        let mut child = Command::new(&python)
            .arg(root.join("tests/harness/mail_server.py"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `make python` sets it up", python.display()));
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines.next().expect("a first line").expect("readable").parse().expect("a port");
        let (mails, inlet) = Received::new("a mail");
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                inlet.push(serde_json::from_str(&line).expect("a mail"));
            }
        });
        Self { child, port, mails }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.all()
    }

    /// Waits until `count` mails have come; panics after ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        self.mails.wait_until(|mails| mails.len() >= count).await
    }

    /// Waits until what has come is as wanted; panics after ten seconds.
    pub async fn wait_until(&self, wanted: impl Fn(&[Mail]) -> bool) -> Vec<Mail> {
        self.mails.wait_until(wanted).await
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
