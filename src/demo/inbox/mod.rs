//! Where the demo's mails and pages arrive: a real SMTP server and a real pager endpoint on loopback, both of which keep
//! what they are given and read it back to whoever asks.

mod letter;
mod pager;
mod smtp;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;

/// One mail or page, as the stage shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The page's id: the same one again is a repeat.
    pub id: String,
    /// Care time.
    pub at: Timestamp,
    pub channel: Channel,
    pub to: String,
    pub priority: Option<&'static str>,
    pub subject: String,
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    Email,
    Pager,
}

/// What has arrived. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Inbox {
    messages: Arc<Mutex<Vec<Message>>>,
    changed: watch::Sender<()>,
    /// The demo's own clock, which its player moves along with the service's.
    clock: Clock,
    /// `smtp://127.0.0.1:PORT`
    pub smtp_url: String,
    pub pager_url: String,
}

impl Inbox {
    /// Opens both ends on free ports; they live as long as the process.
    pub async fn open(clock: Clock) -> anyhow::Result<Self> {
        let mails = TcpListener::bind("127.0.0.1:0").await?;
        let pages = TcpListener::bind("127.0.0.1:0").await?;
        let inbox = Self {
            messages: Arc::default(),
            changed: watch::Sender::new(()),
            clock,
            smtp_url: format!("smtp://{}", mails.local_addr()?),
            pager_url: format!("http://{}/v2/enqueue", pages.local_addr()?),
        };
        tokio::spawn(smtp::serve(mails, inbox.clone()));
        tokio::spawn(pager::serve(pages, inbox.clone()));
        Ok(inbox)
    }

    /// The newest first, at most `limit`.
    pub fn newest(&self, limit: usize) -> Vec<Message> {
        self.messages().iter().rev().take(limit).cloned().collect()
    }

    /// Messages by channel; one that came twice counts once.
    pub fn counts(&self) -> BTreeMap<Channel, usize> {
        let mut ids: Vec<(Channel, String)> =
            self.messages().iter().map(|message| (message.channel, message.id.clone())).collect();
        ids.sort();
        ids.dedup();
        let mut counts = BTreeMap::new();
        for (channel, _) in ids {
            *counts.entry(channel).or_default() += 1;
        }
        counts
    }

    /// Wakes at each arrival.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn keep(&self, message: Message) {
        self.messages().push(message);
        self.changed.send_replace(());
    }

    fn now(&self) -> Timestamp {
        self.clock.care_now()
    }

    fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        // Only whole messages are pushed, so a panic elsewhere leaves nothing half-done.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
