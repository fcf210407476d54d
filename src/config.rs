//! Everything that can be set, by flag or by environment variable, checked before anything starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use ipnet::IpNet;
use jiff::Timestamp;
use uuid::Uuid;

use crate::listen;
use crate::reach::Network;
use crate::secret::Secret;
use crate::store::page::Channel;

/// Whoever has it speaks for every telephone.
const LEAST_TOKEN_CHARS: usize = 20;

/// Which database, for every command that needs one.
#[derive(Args, Clone, Debug)]
pub struct DatabaseConfig {
    /// Another TimescaleDB to use instead of the private one (postgres://user:password@host/database)
    #[arg(long, env = "DERWENT_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<Secret>,

    /// Where the private TimescaleDB keeps its data
    #[arg(long, env = "DERWENT_DATA_DIR", default_value_os_t = default_data_dir())]
    pub data_dir: PathBuf,

    /// The folder of an unpacked TimescaleDB (default: what `make timescaledb` fetched, else the system's)
    #[arg(long, env = "DERWENT_POSTGRES_DIR")]
    pub postgres_dir: Option<PathBuf>,
}

/// What `derwent serve` needs to know.
#[derive(Args, Clone, Debug)]
pub struct Config {
    #[command(flatten)]
    pub database: DatabaseConfig,

    /// Address and port to listen on
    #[arg(long, env = "DERWENT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// What browsers and phones see as this service's origin (default: http://localhost:PORT, https with a certificate)
    #[arg(long, env = "DERWENT_ORIGIN")]
    pub origin: Option<String>,

    /// Certificate chain (PEM); with --tls-key the service speaks TLS itself
    #[arg(long, env = "DERWENT_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate (PEM)
    #[arg(long, env = "DERWENT_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Proxies in front of the service, as addresses or networks, whose X-Forwarded-For is believed (default: nobody)
    #[arg(long, env = "DERWENT_TRUSTED_PROXIES", value_delimiter = ',', value_parser = listen::network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Mail server: smtp://, smtps://, or file:FOLDER for trying out
    #[arg(long, env = "DERWENT_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<Secret>,

    /// Sender of the mails
    #[arg(long, env = "DERWENT_MAIL_FROM", default_value = "Derwent <derwent@localhost>")]
    pub mail_from: String,

    /// Where answers to pages go: an address whose mails are piped into `derwent reply` (without it, nobody is told to answer)
    #[arg(long, env = "DERWENT_REPLY_TO")]
    pub reply_to: Option<String>,

    /// Pager service that takes PagerDuty Events v2 (without it, pages go by e-mail only)
    #[arg(long, env = "DERWENT_PAGER_URL", hide_env_values = true)]
    pub pager_url: Option<Secret>,

    /// API key of GOV.UK Notify, which sends text messages (without it there are none)
    #[arg(long, env = "DERWENT_SMS_API_KEY", hide_env_values = true)]
    pub sms_api_key: Option<Secret>,

    /// Id of a text message template of that service, which holds ((text))
    #[arg(long, env = "DERWENT_SMS_TEMPLATE")]
    pub sms_template: Option<Uuid>,

    /// Where GOV.UK Notify is
    #[arg(long, env = "DERWENT_SMS_URL", default_value = "https://api.notifications.service.gov.uk")]
    pub sms_url: String,

    /// The token with which GOV.UK Notify tells of received text messages (without it there are no answers by text message)
    #[arg(long, env = "DERWENT_SMS_REPLY_TOKEN", hide_env_values = true, requires = "sms_api_key")]
    pub sms_reply_token: Option<Secret>,

    /// Where webhooks may go: `public` for the internet, private networks as in 10.1.0.0/16 (default: nowhere)
    #[arg(long, env = "DERWENT_WEBHOOK_NETWORKS", value_delimiter = ',')]
    pub webhook_networks: Vec<Network>,

    /// Where browsers' push services may be, which take notifications: `public` for the internet, as for webhooks (default: nowhere)
    #[arg(long, env = "DERWENT_PUSH_NETWORKS", value_delimiter = ',')]
    pub push_networks: Vec<Network>,

    /// Who is told when the service itself needs a person (default: the sender of the mails)
    #[arg(long, env = "DERWENT_OPERATOR_EMAIL")]
    pub operator_email: Option<String>,

    /// Integration key (Events v2) that rings whoever runs the service where mail does not work
    #[arg(long, env = "DERWENT_OPERATOR_PAGER_KEY", hide_env_values = true, requires = "pager_url")]
    pub operator_pager_key: Option<Secret>,

    /// Address for test pages: with it the service tries itself, from a reading to a page, again and again
    #[arg(long, env = "DERWENT_HEARTBEAT_EMAIL")]
    pub heartbeat_email: Option<String>,

    /// Asked (GET) each time a test page was taken by the mail server: the outside watch that calls when it is not
    #[arg(long, env = "DERWENT_HEARTBEAT_URL", hide_env_values = true, requires = "heartbeat_email")]
    pub heartbeat_url: Option<Secret>,

    /// Seconds from one test to the next
    #[arg(long, env = "DERWENT_HEARTBEAT_EVERY", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub heartbeat_every: u32,

    /// Client secrets of organisations' own sign-in providers: a line each, the client's id, a space, its secret
    #[arg(long, env = "DERWENT_PROVIDER_SECRETS", hide_env_values = true)]
    pub provider_secrets: Option<Secret>,

    /// A folder of rule packs that the first start puts in force instead of the built-in ones
    #[arg(long, env = "DERWENT_RULES")]
    pub rules: Option<PathBuf>,

    /// Address and port for gauges (Prometheus, at /metrics): the operator's alone, such as 127.0.0.1:9464 (default: none)
    #[arg(long, env = "DERWENT_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,

    /// Care time starts here, stands still, and is stepped over stdin: only for the demo and tests
    #[arg(long, hide = true)]
    pub care_time: Option<Timestamp>,

    /// An origin that may show these pages in a frame: only for the demo's stage
    #[arg(long, hide = true)]
    pub stage_origin: Option<String>,
}

impl Config {
    /// Scheme, host and port as phones and browsers see them; the audience of every device's proof.
    pub fn origin(&self) -> String {
        self.origin.clone().unwrap_or_else(|| {
            let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
            format!("{scheme}://localhost:{}", self.listen.port())
        })
    }

    /// Who is told when the service itself needs a person: a mail address.
    pub fn operator(&self) -> &str {
        self.operator_email.as_deref().unwrap_or(&self.mail_from)
    }

    /// Over what somebody can be told.
    pub fn channels(&self) -> Vec<Channel> {
        let set = |channel: &Channel| match channel {
            Channel::Email => true,
            Channel::Pager => self.pager_url.is_some(),
            Channel::Sms => self.sms_api_key.is_some(),
            Channel::Webhook => !self.webhook_networks.is_empty(),
            Channel::WebPush => !self.push_networks.is_empty(),
        };
        Channel::ALL.into_iter().filter(set).collect()
    }

    /// Over what an answer takes an alert.
    pub fn answers(&self) -> Vec<Channel> {
        let mail = self.reply_to.is_some().then_some(Channel::Email);
        let sms = self.sms_reply_token.is_some().then_some(Channel::Sms);
        mail.into_iter().chain(sms).collect()
    }

    /// Refuses what cannot work, each time in one sentence that says what to do.
    pub fn check(&self) -> anyhow::Result<()> {
        let origin = self.origin();
        let uri: axum::http::Uri = origin
            .parse()
            .with_context(|| format!("the origin {origin:?} is no address; give it as https://host[:port]"))?;
        if uri.scheme().is_none() || uri.path().len() > 1 || origin.ends_with('/') {
            bail!("the origin {origin:?} must be scheme and host only, as in https://derwent.example");
        }
        if self.smtp_url.is_none() {
            bail!(
                "no mail server: alerts could reach nobody. Set DERWENT_SMTP_URL to smtp://host:25, smtps://user:password@host, \
                 or file:FOLDER for trying out"
            );
        }
        if let Some(url) = &self.smtp_url
            && !["smtp://", "smtps://", "file:"].iter().any(|scheme| url.expose().starts_with(scheme))
        {
            bail!(
                "DERWENT_SMTP_URL cannot be used; give it as smtp://host:25, smtps://user:password@host or file:FOLDER"
            );
        }
        if let Some(url) = &self.smtp_url
            && let Ok(url) = reqwest::Url::parse(url.expose())
            && url.scheme() == "smtp"
            && url.password().is_some()
            && !url.query_pairs().any(|(name, value)| name == "tls" && value == "required")
            && !matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
        {
            bail!(
                "the password in DERWENT_SMTP_URL would travel in the clear; add ?tls=required (STARTTLS), or use smtps://"
            );
        }
        if self.sms_api_key.is_some() && self.sms_template.is_none() {
            bail!(
                "DERWENT_SMS_TEMPLATE is missing; give the id of a text message template of GOV.UK Notify that holds ((text))"
            );
        }
        if self.sms_reply_token.as_ref().is_some_and(|token| token.expose().len() < LEAST_TOKEN_CHARS) {
            bail!(
                "DERWENT_SMS_REPLY_TOKEN is short enough to be guessed; give at least {LEAST_TOKEN_CHARS} characters"
            );
        }
        for (name, address) in [
            ("DERWENT_MAIL_FROM", Some(&self.mail_from)),
            ("DERWENT_REPLY_TO", self.reply_to.as_ref()),
            ("DERWENT_OPERATOR_EMAIL", self.operator_email.as_ref()),
            ("DERWENT_HEARTBEAT_EMAIL", self.heartbeat_email.as_ref()),
        ] {
            if let Some(address) = address
                && address.parse::<lettre::message::Mailbox>().is_err()
            {
                bail!("{address:?} is no mail address; correct {name}");
            }
        }
        for (what, path) in
            [("certificate", &self.tls_cert), ("private key", &self.tls_key), ("rules folder", &self.rules)]
        {
            if let Some(path) = path
                && !path.exists()
            {
                bail!("the {what} {} does not exist; correct the path", path.display());
            }
        }
        Ok(())
    }
}

/// Root's is where everybody may enter: another user runs the server then.
fn default_data_dir() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/derwent");
    }
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("/var/lib"))
        .join("derwent")
}
