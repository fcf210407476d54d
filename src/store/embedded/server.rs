//! One run of the server: started under a supervising shell that ends it when we are gone, waited for until it answers, stopped.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
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
        tokio::time::timeout(STOP_LIMIT, end_of_previous(cluster)).await.with_context(|| {
            format!(
                "the previous server of {} does not end; end the process named in postgres/postmaster.pid there",
                cluster.folder().display()
            )
        })??;
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
/// Returns when no process works on the data any more, and then takes away the marks of one that could not.
async fn end_of_previous(cluster: &Cluster) -> anyhow::Result<()> {
    let [mark, _] = cluster.marks();
    let mut asked = false;
    loop {
        let running = processes_in(&cluster.data());
        if running.is_empty() {
            // PostgreSQL would believe a mark whose number belongs to a stranger by now.
            for mark in cluster.marks() {
                if let Err(error) = std::fs::remove_file(&mark)
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    return Err(error).with_context(|| format!("the stale {} cannot be removed", mark.display()));
                }
            }
            return Ok(());
        }
        if !asked {
            tracing::info!("waiting for the previous run of the private TimescaleDB to end");
            let postmaster = std::fs::read_to_string(&mark).ok().and_then(|text| text.lines().next()?.parse().ok());
            if let Some(postmaster) = postmaster.filter(|pid| running.contains(pid)).and_then(Pid::from_raw) {
                // It may end by itself between the look and the signal.
                let _ = kill_process(postmaster, Signal::INT);
            }
            asked = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// A server and all its children have the data as their working directory.
fn processes_in(data: &Path) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|process| std::fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder == data))
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .collect()
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
