//! The figures with the machine they were taken on, as JSON and as the page `docs/benchmarks.md`.

use std::fmt::Write;

use serde::Serialize;

use super::Load;
use super::idle::Idle;
use super::mail::Mail;
use super::pace::Pace;
use super::throughput::Throughput;

#[derive(Debug, Serialize)]
pub struct Figures {
    pub history_rows: i64,
    pub copy_rows_per_s: f64,
    pub throughput: Vec<Throughput>,
    pub pace: Pace,
    pub idle: Idle,
    pub mail: Mail,
}

#[derive(Debug, Serialize)]
pub struct Report {
    version: &'static str,
    build: &'static str,
    command: String,
    processor: String,
    processors: usize,
    memory_kb: String,
    patients: usize,
    #[serde(flatten)]
    figures: Figures,
}

impl Report {
    pub fn new(options: &Load, figures: Figures) -> Self {
        let line = |file: &str, name: &str| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
            processor: line("/proc/cpuinfo", "model name"),
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            memory_kb: line("/proc/meminfo", "MemTotal"),
            patients: options.patients,
            figures,
        }
    }

    pub fn markdown(&self) -> anyhow::Result<String> {
        let figures = &self.figures;
        let mut out = String::new();
        let mut say = |line: String| {
            // A writer into a String cannot fail.
            let _ = writeln!(out, "{line}");
        };
        say("# Figures\n".into());
        say("First figures, from the small load generator `derwent load` (`make bench` writes this page). One machine holds".into());
        say("client, service and database; everything goes over loopback, plaintext sockets, production database settings.".into());
        say("Both sides of every ratio come from this one run. The targets and workload W are P1–P4 of the design.\n"
            .into());
        say(format!("- machine: {} × {}, memory {}", self.processors, self.processor, self.memory_kb));
        say(format!("- build: {}, version {}; command: `derwent {}`", self.build, self.version, self.command));
        say(format!(
            "- workload: {} patients with 90 days of history at 4 readings a day, 30 % blood pressures ({} rows), hypertension pack.",
            self.patients, figures.history_rows
        ));
        if self.patients < 10_000 {
            say(format!("  This is workload W scaled to {} of its 10000 patients.", self.patients));
        }
        say("\n## Stored and judged\n".into());
        say("| readings a batch | phones | stored /s | judged /s meanwhile | stored and judged /s, to the last | drained after s |".into());
        say("|---:|---:|---:|---:|---:|---:|".into());
        for one in &figures.throughput {
            say(format!(
                "| {} | {} | {:.0} | {:.0} | {:.0} | {:.1} |",
                one.readings_a_batch,
                one.phones,
                one.stored_per_s,
                one.judged_per_s,
                one.stored_and_judged_per_s,
                one.drained_after_s
            ));
        }
        say(format!(
            "\nRaw `COPY` into a hypertable of the same shape, in the same run: {:.0} rows/s.",
            figures.copy_rows_per_s
        ));
        say("\n## Latency, ms\n".into());
        say("| what | p50 | p90 | p99 | longest |".into());
        say("|---|---:|---:|---:|---:|".into());
        let pace = &figures.pace;
        let rows = [
            (format!("due → *stored*, {} readings/s, open loop", pace.readings_per_s), &pace.stored_ms),
            (format!("*stored* → *checked*, {} readings/s", pace.readings_per_s), &pace.stored_to_judged_ms),
            (
                format!("*stored* → mail server, otherwise idle, {} mails", figures.mail.mails),
                &figures.mail.stored_to_mail_ms,
            ),
        ];
        for (what, ms) in rows {
            say(format!("| {what} | {:.1} | {:.1} | {:.1} | {:.1} |", ms.p50, ms.p90, ms.p99, ms.max));
        }
        let idle = &figures.idle;
        say("\n## Memory of a silent connection\n".into());
        say(format!(
            "{:.0} bytes resident (slope from {} to {} connections; the service has {} kB without any).",
            idle.bytes_a_connection,
            idle.connections / 10,
            idle.connections,
            idle.resident_without_kb
        ));
        say("\n## Raw numbers\n".into());
        say(format!("```json\n{}\n```", serde_json::to_string_pretty(self)?));
        Ok(out)
    }
}
