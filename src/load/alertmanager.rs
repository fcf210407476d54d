//! Beside P4: Debian's Alertmanager, which `scripts/alertmanager` unpacks. It is given alerts over its API as often as the service is
//! given severe readings, and hands them to the same kind of mail server, at its fastest: each alert is a group of its own, no group
//! waits, and there is no cluster to agree with. It judges nothing and keeps alerts in memory.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde_json::json;
use tokio::process::Command;

use super::latency::{Latencies, Percentiles};
use crate::clock::Clock;
use crate::demo::inbox::Inbox;

/// Where `scripts/alertmanager` puts it, from the folder of the project.
const PROGRAM: &str = ".cache/alertmanager/alertmanager";
const STARTS_WITHIN: Duration = Duration::from_secs(30);
const MAILS_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// From its answer to an alert to the mail server's having it, of so many alerts, one each `every`. None: it is not on this machine.
pub async fn measure(folder: &Path, alerts: usize, every: Duration) -> anyhow::Result<Option<Percentiles>> {
    let program = Path::new(PROGRAM);
    if !program.exists() {
        return Ok(None);
    }
    let clock = Clock::ordinary();
    let inbox = Inbox::open(clock.clone()).await?;
    let smarthost = inbox.smtp_url.strip_prefix("smtp://").context("the inbox has an address")?;
    let folder = folder.join("alertmanager");
    std::fs::create_dir(&folder)?;
    let settings = folder.join("alertmanager.json");
    std::fs::write(&settings, settings_for(smarthost).to_string())?;
    // Free a moment ago, and nobody else starts servers while something is measured.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut child = Command::new(program)
        .arg(format!("--config.file={}", settings.display()))
        .arg(format!("--storage.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .args(["--cluster.listen-address=", "--log.level=error"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{PROGRAM} cannot be started"))?;
    let client = reqwest::Client::new();
    let ready = async {
        while client.get(format!("http://{address}/-/ready")).send().await.is_err() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(STARTS_WITHIN, ready).await.context("Alertmanager does not start")?;

    let taken: Arc<Mutex<HashMap<String, Timestamp>>> = Arc::default();
    let mut tick = tokio::time::interval(every);
    let mut handing = tokio::task::JoinSet::new();
    for alert in 0..alerts {
        tick.tick().await;
        let (client, clock, taken) = (client.clone(), clock.clone(), Arc::clone(&taken));
        handing.spawn(async move {
            let reference = format!("A{alert}");
            let body = json!([{ "labels": { "alertname": "HIGH", "reference": reference } }]);
            let answer = client.post(format!("http://{address}/api/v2/alerts")).json(&body).send().await?;
            answer.error_for_status()?;
            taken.lock().unwrap_or_else(PoisonError::into_inner).insert(reference, clock.care_now());
            anyhow::Ok(())
        });
    }
    while let Some(handed) = handing.join_next().await {
        handed.context("an alert's task")?.context("Alertmanager did not take an alert")?;
    }
    let all = async {
        while inbox.newest(usize::MAX).len() < alerts {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(MAILS_WITHIN, all).await.context("Alertmanager did not send all mails")?;
    child.kill().await?;

    let latencies = Latencies::new()?;
    let taken = taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for message in inbox.newest(usize::MAX) {
        let at = message.subject.strip_prefix("HIGH ").and_then(|reference| taken.get(reference));
        let at = at.with_context(|| format!("a mail about no alert: {}", message.subject))?;
        // A mail may well come before the answer.
        latencies.record_time(Duration::try_from(message.at.duration_since(*at)).unwrap_or_default());
    }
    let percentiles = latencies.percentiles();
    ensure!(percentiles.count == u64::try_from(alerts)?, "{} mails about {alerts} alerts", percentiles.count);
    Ok(Some(percentiles))
}

/// Every JSON file is YAML.
fn settings_for(smarthost: &str) -> serde_json::Value {
    let text = "{{ .CommonLabels.alertname }} {{ .CommonLabels.reference }}";
    json!({
        "global": { "smtp_smarthost": smarthost, "smtp_from": "alertmanager@example.org", "smtp_require_tls": false, "smtp_hello": "localhost" },
        "route": { "receiver": "mail", "group_by": ["..."], "group_wait": "0s", "group_interval": "1m", "repeat_interval": "4h" },
        "receivers": [{
            "name": "mail",
            "email_configs": [{ "to": "ida@example.org", "send_resolved": false, "html": "", "text": text, "headers": { "Subject": text } }],
        }],
    })
}
