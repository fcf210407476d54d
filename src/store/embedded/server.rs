//! One run of the server: started under a supervising shell that ends it when we are gone, waited for until it answers, stopped.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::{ConnectOptions, Connection};
use tokio::process::{Child, ChildStdin, Command};

use super::cluster::Cluster;

const SUPERVISE: &str = include_str!("supervise.sh");
/// Recovery after a crash replays at most `max_wal_size`, well within this.
const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct Server {
    shell: Child,
    /// Closing it, which the end of our process does too, stops the server.
    leash: ChildStdin,
}

impl Server {
    /// Starts the server of a cluster whose owner lock we hold, and returns when it answers.
    pub async fn start(cluster: &Cluster) -> anyhow::Result<Self> {
        cluster.prepare().await?;
        let end_of_previous = end_of_previous(cluster);
        tokio::time::timeout(STOP_LIMIT, end_of_previous).await.with_context(|| {
            format!(
                "the previous server of {} does not end; end the process named in postgres/postmaster.pid there",
                cluster.folder().display()
            )
        })?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SUPERVISE, "derwent-postgres"])
            .arg(cluster.programs.path("postgres"))
            .arg(cluster.data())
            .arg(cluster.log())
            .arg(if cluster.throwaway { "QUIT" } else { "INT" })
            .arg(if cluster.throwaway { cluster.folder() } else { Path::new("") })
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // A group of its own: Ctrl-C in our terminal is for us, and we decide when the server stops.
            .process_group(0);
        if let Some(user) = &cluster.user {
            user.run(&mut command);
        }
        let mut shell = command.spawn().context("/bin/sh cannot be started")?;
        let leash = shell.stdin.take().expect("piped above");
        let mut server = Self { shell, leash };
        server.answers(cluster).await?;
        Ok(server)
    }

    async fn answers(&mut self, cluster: &Cluster) -> anyhow::Result<()> {
        let options = cluster.options("postgres")?;
        let connects = async {
            loop {
                if let Ok(connection) = options.connect().await {
                    // It answered; how the goodbye goes does not matter.
                    let _ = connection.close().await;
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::select! {
            () = connects => Ok(()),
            ended = self.shell.wait() => bail!("the private TimescaleDB ended at once ({}): {}", said_of(ended), last_words(cluster)),
            () = tokio::time::sleep(START_LIMIT) => bail!("the private TimescaleDB does not answer: {}", last_words(cluster)),
        }
    }

    /// Returns when the server ended by itself.
    pub async fn ended(&mut self) -> String {
        said_of(self.shell.wait().await)
    }

    pub async fn stop(mut self) {
        drop(self.leash);
        if tokio::time::timeout(STOP_LIMIT, self.shell.wait()).await.is_err() {
            tracing::warn!("the private TimescaleDB is slow to end; it is left to its supervisor");
        }
    }
}

/// After a crash of ours the supervisor is still stopping the server. If the supervisor was killed too, nobody is: so we ask as well.
async fn end_of_previous(cluster: &Cluster) {
    let data = cluster.data();
    let pid_file = data.join("postmaster.pid");
    let mut asked = false;
    loop {
        let pid = std::fs::read_to_string(&pid_file).ok().and_then(|text| text.lines().next()?.parse::<i32>().ok());
        let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else { return };
        // The number may belong to a stranger by now: PostgreSQL's working directory is its data.
        if std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok().as_deref() != Some(&data) {
            return;
        }
        if !asked {
            tracing::info!("waiting for the previous run of the private TimescaleDB to end");
            // It may end by itself between the look and the signal.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
            asked = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

fn said_of(ended: std::io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "unknown end".to_owned(),
        },
        Err(error) => error.to_string(),
    }
}

/// The last lines of its log that matter.
fn last_words(cluster: &Cluster) -> String {
    let log = std::fs::read_to_string(cluster.log()).unwrap_or_default();
    let reason =
        log.lines().rev().find(|line| line.contains("FATAL:") || line.contains("PANIC:") || line.contains("ERROR:"));
    match reason.or_else(|| log.lines().last()) {
        Some(line) => format!("{line} (see {})", cluster.log().display()),
        None => format!("it said nothing in {}", cluster.log().display()),
    }
}
