//! The mail server that is set, and connections to it, which are kept and used again.
//!
//! Only one whose conversation came to its end is kept: the next answer of one that was left in the middle would be taken for
//! the answer to something else, and a page for sent that was not. That is why lettre's own pool is not used. And what is small has
//! to go out at once: lettre sends the end of a letter apart from it, and the server's side then waits 40 ms for more before
//! it says that it has the first part (Nagle's algorithm against delayed acknowledgements).

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Category, Response, Severity};
use reqwest::Url;
use tokio::net::TcpStream;

use super::NotSent;
use super::wrapped::Wrapper;

/// As many as send at once; the rest is closed.
const MOST_KEPT: usize = 16;
/// For a kept connection to show that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

pub struct Server {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    kept: Mutex<Vec<AsyncSmtpConnection>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the mail server {}:{}", self.host, self.port)
    }
}

enum Security {
    None,
    Opportunistic(TlsParameters),
    Required(TlsParameters),
    /// TLS from the first byte.
    Wrapped(Wrapper),
}

impl Server {
    /// `smtp://host:25`, `smtp://user:password@host:587?tls=required` (or `opportunistic`), `smtps://user:password@host:465`.
    pub fn read(url: &str) -> anyhow::Result<Self> {
        let url = Url::parse(url).context("it is no address")?;
        let host = url.host_str().context("it names no host")?.trim_matches(['[', ']']).to_owned();
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let parameters = || TlsParameters::new(host.clone()).context("TLS does not work with this host");
        let (security, port) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => (Security::None, 25),
            ("smtp", Some("opportunistic")) => (Security::Opportunistic(parameters()?), 587),
            ("smtp", Some("required")) => (Security::Required(parameters()?), 587),
            ("smtps", None) => (Security::Wrapped(Wrapper::new(&host)?), 465),
            ("smtp" | "smtps", Some(other)) => bail!("tls={other} is unknown; known are required and opportunistic"),
            (other, _) => bail!("{other}: is unknown; known are smtp:, smtps: and file:"),
        };
        let decoded =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(
                decoded(url.username()).context("the user is no text")?,
                decoded(password).context("the password is no text")?,
            )),
            None => None,
        };
        let port = url.port().unwrap_or(port);
        Ok(Self { host, port, security, credentials, hello: ClientId::default(), kept: Mutex::default() })
    }

    /// What it said when it took it. Dropped before its end, it leaves no connection behind.
    pub async fn send(&self, message: &Message) -> Result<String, NotSent> {
        let mut connection = self.connection().await?;
        let answer = connection.send(message.envelope(), &message.formatted()).await.map_err(judge)?;
        self.keep(connection);
        Ok(in_words(&answer))
    }

    /// It would take a mail now.
    pub async fn answers(&self) -> Result<(), NotSent> {
        let connection = self.connection().await?;
        self.keep(connection);
        Ok(())
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_KEPT {
            kept.push(connection);
        }
    }

    fn kept(&self) -> Option<AsyncSmtpConnection> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn connection(&self) -> Result<AsyncSmtpConnection, NotSent> {
        if let Some(mut kept) = self.kept() {
            if tokio::time::timeout(SIGN_OF_LIFE, kept.test_connected()).await == Ok(true) {
                return Ok(kept);
            }
            // What broke this one broke the others: to ask them one by one would take longer than a page may.
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        let mut connection = self.connect().await?;
        match &self.security {
            Security::Required(parameters) => self.start_tls(&mut connection, parameters).await?,
            Security::Opportunistic(parameters) if connection.can_starttls() => {
                self.start_tls(&mut connection, parameters).await?;
            }
            Security::None | Security::Opportunistic(_) | Security::Wrapped(_) => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&MECHANISMS, credentials).await.map_err(judge)?;
        }
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, NotSent> {
        let stream = self.stream().await.map_err(|error| NotSent::Down(format!("Connection error: {error}")))?;
        AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await.map_err(judge)
    }

    async fn stream(&self) -> io::Result<Box<dyn AsyncTokioStream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.security {
            Security::Wrapped(wrapper) => Box::new(wrapper.wrap(stream).await?),
            Security::None | Security::Opportunistic(_) | Security::Required(_) => Box::new(stream),
        })
    }

    async fn start_tls(&self, connection: &mut AsyncSmtpConnection, parameters: &TlsParameters) -> Result<(), NotSent> {
        connection.starttls(parameters.clone(), &self.hello).await.map_err(judge)
    }
}

/// As the server said it: `250 2.0.0 Ok: queued as 4F1A2B3C`.
fn in_words(answer: &Response) -> String {
    format!("{} {}", answer.code(), answer.message().collect::<Vec<_>>().join(" "))
}

/// 550 and its kin speak of this recipient; other refusals (a full disk, a rejected password) can pass. A 4xx to one letter says
/// nothing about the next, but 421, with which a server takes its leave.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn judge(error: lettre::transport::smtp::Error) -> NotSent {
    let text = error.to_string();
    match error.status() {
        Some(code)
            if code.severity == Severity::PermanentNegativeCompletion && code.category == Category::MailSystem =>
        {
            NotSent::Never(text)
        }
        Some(code) if code.severity == Severity::TransientNegativeCompletion && u16::from(code) != 421 => {
            NotSent::Later(text)
        }
        _ => NotSent::Down(text),
    }
}
