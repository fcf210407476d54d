//! The real service as a process of its own, whose care time is stepped over its stdin (`app/steps.rs`).

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long it may take to say that it listens, or to do everything that is due.
const PATIENCE: Duration = Duration::from_secs(120);
/// Lines of its log that are shown when it fails.
const LOG_TAIL_LINES: usize = 20;

/// How each service of this demo is started, the first time and after a kill.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the private database is. This process owns it, so that it outlives a killed service.
    pub data_dir: PathBuf,
    pub smtp_url: String,
    pub pager_url: String,
    /// Port 0 for the first start: any free one.
    pub listen: SocketAddr,
    /// Who may show the pages in a frame.
    pub stage_origin: Option<String>,
}

/// Killed when dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
    /// `http://localhost:PORT`
    pub origin: String,
}

impl Service {
    /// Starts it with care time standing at `at`, or else running as it does outside; returns once it listens.
    pub async fn start(options: &Options, at: Option<Timestamp>) -> anyhow::Result<Self> {
        let log = options.data_dir.join("service.log");
        let log_file = File::options().create(true).append(true).open(&log);
        let log_file = log_file.with_context(|| format!("{} cannot be written", log.display()))?;
        let mut command = Command::new(std::env::current_exe().context("this program's own file cannot be found")?);
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            // The demo's service is configured by the demo alone, except for where programs are and what is logged.
            if name_text.starts_with("DERWENT_") && !matches!(&*name_text, "DERWENT_POSTGRES_DIR" | "DERWENT_LOG") {
                command.env_remove(&name);
            }
        }
        command
            .args(["serve", "--listen"])
            .arg(options.listen.to_string())
            .arg("--data-dir")
            .arg(&options.data_dir)
            .env("DERWENT_SMTP_URL", &options.smtp_url)
            .env("DERWENT_PAGER_URL", &options.pager_url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .kill_on_drop(true);
        if let Some(at) = at {
            command.args(["--care-time", &at.to_string()]);
        }
        if let Some(origin) = &options.stage_origin {
            command.args(["--stage-origin", origin]);
        }
        let mut child = command.spawn().context("the service could not be started")?;
        let stdin = child.stdin.take().context("the service has no stdin")?;
        let stdout = child.stdout.take().context("the service has no stdout")?;
        let mut service = Self { child, stdin, answers: BufReader::new(stdout).lines(), log, origin: String::new() };
        let line = service.answer().await?;
        match line.strip_prefix("listening ") {
            Some(origin) => origin.clone_into(&mut service.origin),
            None => bail!("the service said {line:?} instead of where it listens; {}", service.said()),
        }
        Ok(service)
    }

    /// Goes forward to `to`, doing everything that falls due on the way; returns when nothing is queued or unsent.
    pub async fn step(&mut self, to: Timestamp) -> anyhow::Result<()> {
        self.command(&format!("step {to}")).await.map(drop)
    }

    /// Lets care time run on at real pace.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        self.say("run").await?;
        match self.answer().await?.as_str() {
            "running" => Ok(()),
            other => bail!("the service answered {other:?} to `run`; {}", self.said()),
        }
    }

    /// Stops running care time; returns where it stands.
    pub async fn stand(&mut self) -> anyhow::Result<Timestamp> {
        self.command("stand").await
    }

    /// SIGKILL: nothing is tidied up.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("the service could not be killed")
    }

    /// Ends it as an operator would, and waits.
    pub async fn end(mut self) -> anyhow::Result<()> {
        if let Some(id) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            rustix::process::kill_process(id, rustix::process::Signal::TERM)
                .context("the service could not be told to end")?;
        }
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.context("the service does not end")??;
        if !status.success() {
            bail!("the service ended with {status}; {}", self.said());
        }
        Ok(())
    }

    /// Puts beside an error of somebody else what the service itself says, and whether it is still there.
    pub fn explain(&mut self, error: anyhow::Error) -> anyhow::Error {
        let state = match self.child.try_wait() {
            Ok(None) => "the service still runs".to_owned(),
            Ok(Some(status)) => format!("the service has ended ({status})"),
            Err(error) => format!("the service cannot be asked: {error}"),
        };
        error.context(format!("{state}; {}", self.said()))
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    async fn command(&mut self, command: &str) -> anyhow::Result<Timestamp> {
        self.say(command).await?;
        let line = self.answer().await?;
        match line.strip_prefix("at ").map(str::parse) {
            Some(Ok(at)) => Ok(at),
            _ => bail!("the service answered {line:?} to {command:?}; {}", self.said()),
        }
    }

    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        let said = async {
            self.stdin.write_all(format!("{line}\n").as_bytes()).await?;
            self.stdin.flush().await
        };
        match said.await {
            Ok(()) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("the service does not listen; {}", self.said())),
        }
    }

    async fn answer(&mut self) -> anyhow::Result<String> {
        match tokio::time::timeout(PATIENCE, self.answers.next_line()).await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(_) => bail!("the service ended unexpectedly; {}", self.said()),
            Err(_) => bail!("the service has not answered for {PATIENCE:?}; {}", self.said()),
        }
    }

    fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
        format!("its log ({}) ends with:\n{}", self.log.display(), tail.join("\n"))
    }
}
