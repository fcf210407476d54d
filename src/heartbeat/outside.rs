//! The heartbeat to whoever watches from outside: a request to an address of theirs, which must come again and again.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Client, Url, redirect};

use crate::secret::Secret;

const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// One that is lost on the way must wake nobody.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Outside {
    /// Whoever knows it can keep the alarm from ringing.
    url: Secret,
    client: Client,
}

impl Outside {
    pub fn open(url: &Secret) -> anyhow::Result<Self> {
        Url::parse(url.expose()).context("DERWENT_HEARTBEAT_URL is no address; give it as https://host/path")?;
        let client = Client::builder()
            .timeout(ANSWER_LIMIT)
            .redirect(redirect::Policy::none())
            .build()
            .context("the heartbeat's HTTP client could not start")?;
        Ok(Self { url: url.clone(), client })
    }

    pub async fn beat(&self) -> anyhow::Result<()> {
        let mut attempt = 1;
        loop {
            match self.try_to_beat().await {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_to_beat(&self) -> anyhow::Result<()> {
        let answer = self.client.get(self.url.expose()).send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        ensure!(status.is_success(), "DERWENT_HEARTBEAT_URL answered {status}");
        Ok(())
    }
}
