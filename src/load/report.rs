//! What was measured, kept as JSON by figure, and written as a page from all that is kept: so one figure can be measured
//! anew, and what was measured is not lost when a later one fails.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Load;
use super::machine::Machine;

/// One promise of `trust.md` and what was found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// `P1`
    pub promise: String,
    pub what: String,
    pub target: String,
    pub measured: String,
    /// None: not measured as promised (fewer patients, less time, a debug build).
    pub met: Option<bool>,
}

/// What a figure brings.
#[derive(Debug)]
pub struct Measured {
    pub rows: Vec<Row>,
    /// Lines of Markdown.
    pub details: Vec<String>,
    pub raw: serde_json::Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    at: Timestamp,
    version: String,
    commit: String,
    build: String,
    command: String,
    machine: Machine,
    pub rows: Vec<Row>,
    details: Vec<String>,
    raw: serde_json::Value,
}

impl Entry {
    pub fn new(options: &Load, figure: &str, machine: &Machine, measured: Measured, at: Timestamp) -> Self {
        let Measured { rows, details, raw } = measured;
        Self {
            at,
            version: env!("CARGO_PKG_VERSION").into(),
            commit: options.commit.clone().unwrap_or_else(|| "not said".into()),
            build: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
            command: format!("derwent load --only {figure}{}", options.differences()),
            machine: machine.clone(),
            rows,
            details,
            raw,
        }
    }
}

/// Every figure's last measurement, by its name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    figures: BTreeMap<String, Entry>,
}

impl Report {
    /// What is kept in a file; nothing if there is none.
    pub fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| path.exists()) else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} holds no figures of this version; remove it", path.display()))
    }

    pub fn put(&mut self, figure: &str, entry: Entry) {
        self.figures.insert(figure.to_owned(), entry);
    }

    pub fn write(&self, json: Option<&Path>, page: Option<&Path>) -> anyhow::Result<()> {
        let write = |path: &Path, text: String| {
            std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
        };
        if let Some(path) = json {
            write(path, serde_json::to_string_pretty(self)? + "\n")?;
        }
        page.map_or(Ok(()), |path| write(path, self.page()))
    }

    fn page(&self) -> String {
        let mut out = String::new();
        let mut say = |line: &str| {
            // A writer into a String cannot fail.
            let _ = writeln!(out, "{line}");
        };
        say("# Figures\n");
        say(
            "Written by `make bench` (`derwent load`). One machine holds client, service and database on the same cores; everything",
        );
        say(
            "goes over loopback, with plaintext sockets and the database's production settings. Workload W: 10,000 patients with 90",
        );
        say(
            "days of history at 4 readings a day, 30 % blood pressures, a blood pressure due each day, hypertension pack. Each figure",
        );
        say(
            "begins with a fresh copy of W on disk, and counts only if the database holds what the phones saw: as many readings",
        );
        say(
            "stored for each, all of them judged, none refused. Rates and latencies are measured after a few seconds that do not count.",
        );
        say("Both sides of a ratio come from one run.\n");
        say(
            "Where the time goes and what was tried: [benchmarks-notes.md](benchmarks-notes.md). All numbers: [benchmarks.json](benchmarks.json).\n",
        );
        say("| | what | target | measured | |");
        say("|---|---|---|---|---|");
        let mut rows: Vec<&Row> = self.figures.values().flat_map(|entry| &entry.rows).collect();
        rows.sort_by_key(|row| &row.promise);
        for Row { promise, what, target, measured, met } in rows {
            let verdict = match met {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "–",
            };
            say(&format!("| {promise} | {what} | {target} | {measured} | {verdict} |"));
        }
        say(
            "\n– : nothing was promised, or it was not measured as promised (fewer patients, less time, a debug build).\n",
        );
        say(
            "Columns *client*, *service*, *database*, *others* and *idle* say where the processors went: cores, on average over the",
        );
        say("measurement. *Others* is other programs, and what the kernel does for nobody in particular.");
        for (figure, entry) in &self.figures {
            let Entry { at, version, commit, build, command, machine, details, .. } = entry;
            let Machine { processor, processors, memory_gib, file_system, kernel } = machine;
            say(&format!("\n## {}\n", figure.to_uppercase()));
            say(&format!("`{command}`, {build} build of {version} ({commit}), {}", at.strftime("%Y-%m-%d %H:%M UTC")));
            say(&format!("on {processors} × {processor}, {memory_gib} GiB, {file_system}, Linux {kernel}.\n"));
            details.iter().for_each(|line| say(line));
        }
        out
    }
}
