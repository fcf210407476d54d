//! The insides of a service that judge and tell, without its doors: monitor and notify, sending where a test says.

use std::sync::Arc;

use derwent::clock::Clock;
use derwent::config::{Config, DatabaseConfig};
use derwent::lifecycle::Lifecycle;
use derwent::monitor::Monitor;
use derwent::notify::Notify;
use derwent::parts::Parts;
use derwent::reach::Network;
use derwent::signal::Signals;
use derwent::store::Store;
use jiff::Timestamp;

use super::mail::MailServer;
use super::ward::at;

/// Where a replica sends its pages.
#[derive(Clone, Debug, Default)]
pub struct Wires {
    pub smtp_url: String,
    pub pager_url: Option<String>,
    /// Where text messages go: a service in the shape of GOV.UK Notify.
    pub sms_url: Option<String>,
    /// May webhooks reach this machine?
    pub webhooks: bool,
    /// Is the operator rung where mail does not work?
    pub operator_pager: bool,
    /// May push services of browsers be on this machine?
    pub browsers: bool,
    /// May people answer, by mail to reply@example.org and by text message?
    pub answers: bool,
}

impl Wires {
    /// To this mail server and nowhere else.
    pub fn to(mail: &MailServer) -> Self {
        Self { smtp_url: mail.url(), ..Self::default() }
    }
}

pub struct Replica {
    pub parts: Parts,
    pub monitor: Monitor,
    pub notify: Notify,
}

impl Replica {
    pub async fn start(store: Store, clock: Clock, wires: &Wires) -> Self {
        let lifecycle = Lifecycle::new();
        let signals = Signals::start(store.monitor.clone(), &lifecycle);
        let parts = Parts { config: Arc::new(config(wires)), clock, signals, store, lifecycle };
        let monitor = Monitor::start(&parts).await.expect("a monitor");
        let notify = Notify::start(&parts).await.expect("a notifier");
        Self { parts, monitor, notify }
    }

    /// Works until nothing is left to do at this instant of care time.
    pub async fn settle(&self) {
        while self.monitor.work().await.expect("judged") || self.notify.work().await.expect("told") {}
    }

    /// The next instant of care time at which something is due.
    pub async fn next_due(&self) -> Option<Timestamp> {
        let due = [self.monitor.next_due().await.expect("due"), self.notify.next_due().await.expect("due")];
        due.into_iter().flatten().min()
    }

    /// Steps care time to each instant at which something is due, and to `until` at last.
    pub async fn step(&self, until: &str) {
        let until = at(until);
        self.settle().await;
        loop {
            let next = self.next_due().await.filter(|due| *due <= until);
            self.parts.clock.step(next.unwrap_or(until));
            self.settle().await;
            if next.is_none() {
                return;
            }
        }
    }

    pub async fn stop(self) {
        assert!(self.parts.lifecycle.stop().await, "tasks hang");
    }
}

fn here() -> Vec<Network> {
    vec!["127.0.0.0/8".parse().expect("a network")]
}

pub fn config(wires: &Wires) -> Config {
    Config {
        database: DatabaseConfig { database_url: None, data_dir: "/nowhere".into(), postgres_dir: None },
        listen: "127.0.0.1:8080".parse().expect("an address"),
        origin: Some("https://derwent.example".into()),
        tls_cert: None,
        tls_key: None,
        trusted_proxies: Vec::new(),
        smtp_url: Some(wires.smtp_url.clone().into()),
        mail_from: "Derwent <derwent@example.org>".into(),
        reply_to: wires.answers.then(|| "reply@example.org".into()),
        pager_url: wires.pager_url.clone().map(Into::into),
        sms_api_key: wires.sms_url.as_ref().map(|_| super::notify::API_KEY.to_owned().into()),
        sms_template: wires.sms_url.as_ref().map(|_| super::notify::TEMPLATE.parse().expect("an id")),
        sms_url: wires.sms_url.clone().unwrap_or_else(|| "https://notify.example".into()),
        sms_reply_token: wires.answers.then(|| super::notify::REPLY_TOKEN.to_owned().into()),
        webhook_networks: if wires.webhooks { here() } else { Vec::new() },
        push_networks: if wires.browsers { here() } else { Vec::new() },
        provider_secrets: None,
        heartbeat_email: None,
        heartbeat_url: None,
        heartbeat_every: 60,
        operator_email: Some("operator@example.org".into()),
        operator_pager_key: wires.operator_pager.then(|| "operator".to_owned().into()),
        rules: None,
        metrics_listen: None,
        care_time: None,
        stage_origin: None,
    }
}
