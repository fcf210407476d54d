//! The real binary, run as a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::leftover;

/// How long the service may take to say that it listens, or that care time has arrived.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary under test.
pub fn derwent() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_derwent"));
    // Nothing of the machine's own configuration may reach a test.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DERWENT_")) {
        command.env_remove(name);
    }
    command.env("DERWENT_LOG", "info,sqlx=warn");
    command
}

/// How to start a [`Service`].
pub struct Options {
    pub database_url: String,
    /// Care time starts here and stands still; without it, care time is machine time.
    pub care_time: Option<String>,
    pub smtp_url: String,
    pub pager_url: Option<String>,
}

/// A running `derwent serve`, killed when dropped.
pub struct Service {
    child: Child,
    /// `http://localhost:PORT`
    pub origin: String,
    stdin: Option<ChildStdin>,
    answers: Receiver<String>,
    /// What it wrote to stderr: kept, so that a failing test can show it and a passing one can be searched.
    pub log: PathBuf,
    /// Errors that it logs; None: whatever they are.
    expected: Option<Vec<&'static str>>,
}

/// `derwent serve` with these options, for whoever wants to add more before [`Service::try_start`].
pub fn serve(options: &Options) -> Command {
    let mut command = derwent();
    command
        .arg("serve")
        .env("DERWENT_LISTEN", "127.0.0.1:0")
        .env("DERWENT_DATABASE_URL", &options.database_url)
        .env("DERWENT_SMTP_URL", &options.smtp_url);
    if let Some(at) = &options.care_time {
        command.args(["--care-time", at]);
    }
    if let Some(url) = &options.pager_url {
        command.env("DERWENT_PAGER_URL", url);
    }
    command
}

impl Service {
    pub fn start(options: &Options) -> Self {
        Self::start_with(options, &[])
    }

    /// With these flags besides.
    pub fn start_with(options: &Options, flags: &[&str]) -> Self {
        let mut command = serve(options);
        command.args(flags);
        Self::try_start(command).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Returns when it listens; the error is why it does not. Blocks the thread meanwhile.
    pub fn try_start(mut command: Command) -> Result<Self, String> {
        let log = tempfile::Builder::new().prefix("derwent-").suffix(".log").tempfile().expect("a log file");
        let (log_file, log) = log.keep().expect("a kept log file");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log_file).spawn().expect("the binary starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("piped");
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut service = Self { child, origin: String::new(), stdin, answers, log, expected: Some(Vec::new()) };
        let line = service.answers.recv_timeout(PATIENCE);
        match line.as_deref().map(|line| line.strip_prefix("listening ")) {
            // The port is what it listens on; the origin may be another, if `--origin` says so.
            Ok(Some(origin)) => origin.clone_into(&mut service.origin),
            other => return Err(format!("expected `listening …`, got {other:?}; {}", service.said())),
        }
        Ok(service)
    }

    /// Steps care time; returns when everything due up to `at` is done.
    pub fn step(&mut self, at: &str) {
        self.begin_step(at);
        self.end_step();
    }

    /// Steps care time, and waits for nothing.
    pub fn begin_step(&mut self, at: &str) {
        self.say(&format!("step {at}"));
    }

    /// Waits for the answer to a step that was begun.
    pub fn end_step(&mut self) {
        let line = self.answer();
        assert!(line.starts_with("at "), "expected `at …`, got {line:?}; {}", self.said());
    }

    /// Whether the step that was begun has ended; says so once.
    pub fn has_stepped(&mut self) -> bool {
        match self.answers.try_recv() {
            Ok(line) if line.starts_with("at ") => true,
            Ok(line) => panic!("expected `at …`, got {line:?}; {}", self.said()),
            Err(_) => false,
        }
    }

    /// Care time runs on at real pace, and the service works by itself.
    pub fn run(&mut self) {
        self.say("run");
        let line = self.answer();
        assert_eq!(line, "running", "{}", self.said());
    }

    /// Care time stands where it is by then.
    pub fn stand(&mut self) {
        self.say("stand");
        self.end_step();
    }

    fn say(&mut self, command: &str) {
        let stdin = self.stdin.as_mut().expect("care time is stepped");
        writeln!(stdin, "{command}")
            .and_then(|()| stdin.flush())
            .unwrap_or_else(|error| panic!("{error}; {}", self.said()));
    }

    fn answer(&mut self) -> String {
        self.answers.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("no answer ({error}); {}", self.said()))
    }

    /// It logs an error with these words in it. Any other fails the test, and so does its absence.
    pub fn expects(&mut self, error: &'static str) {
        self.expected.get_or_insert_default().push(error);
    }

    /// What it stands on is broken on purpose: errors in its log are no news.
    pub fn is_harassed(&mut self) {
        self.expected = None;
    }

    fn errors(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains(" ERROR ")).map(str::to_owned).collect()
    }

    /// SIGTERM; returns whether it ended well.
    pub fn end(mut self) -> bool {
        rustix::process::kill_process(self.pid(), rustix::process::Signal::TERM).expect("signalled");
        self.child.wait().expect("waited for").success()
    }

    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Why it does not run any more, if it ended by itself.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().expect("a child")?;
        Some(format!("it ended by itself ({status}); {}", self.said()))
    }

    fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        format!("the service said:\n{text}")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            return;
        }
        let expected = self.expected.take();
        let errors = expected.map(|expected| leftover::unexpected(self.errors(), &expected)).unwrap_or_default();
        assert!(errors.is_empty(), "errors in the log ({}):\n{}", self.log.display(), errors.join("\n"));
        let _ = std::fs::remove_file(&self.log);
    }
}
