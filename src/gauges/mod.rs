//! What can be counted while the service runs, for an operator's Prometheus: the same words as `derwent doctor --reconcile`.
//!
//! Counters are of this process, since it began; what waits is asked of the database at each scrape, and is the same at every
//! replica. No label is an id, a name or a value: labels come from closed lists alone. Nothing is kept unless somebody may ask
//! (`--metrics-listen`).

mod serve;

pub use serve::Operator;

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const SUBMISSIONS: &str = "derwent_submissions_total";
const REFUSALS: &str = "derwent_refusals_total";
const COMMITS: &str = "derwent_commits_total";
const COMMIT_FAILURES: &str = "derwent_commit_failures_total";
const COMMIT_ROWS: &str = "derwent_commit_rows";
const COMMIT_SECONDS: &str = "derwent_commit_seconds";
const WRITER_QUEUE: &str = "derwent_writer_queue_batches";
const JUDGED: &str = "derwent_judged_total";
const ALERTS_OPENED: &str = "derwent_alerts_opened_total";
const PAGES_SETTLED: &str = "derwent_pages_settled_total";
const CONNECTIONS: &str = "derwent_connections";
const DOORSTEP: &str = "derwent_doorstep_connections";
const UNDECIDED: &str = "derwent_undecided_bytes";
const UNJUDGED: &str = "derwent_unjudged_arrivals";
const OLDEST_UNJUDGED: &str = "derwent_unjudged_oldest_seconds";
const ALERTS_WAITING: &str = "derwent_alerts_waiting";
const NOTICES: &str = "derwent_operator_notices";
const REQUESTS_WAITING: &str = "derwent_page_requests_waiting";
const PAGES: &str = "derwent_pages_waiting";
const CHANNEL_DOWN: &str = "derwent_channel_down";
const AUTOMATIC_REPLIES: &str = "derwent_automatic_replies";
const UNSEALED: &str = "derwent_audit_unsealed";
const LOOP_AGE: &str = "derwent_loop_age_seconds";
const DATABASE_ANSWERS: &str = "derwent_database_answers";

/// From a commit of one reading on a quiet machine to one that waits for a disk that hangs.
const COMMIT_BUCKETS_SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Up to what one commit takes, and a batch of a phone more.
const ROWS_BUCKETS: [f64; 8] = [1.0, 5.0, 20.0, 100.0, 250.0, 500.0, 1_000.0, 2_000.0];

/// From here on everything counts. Once a process.
fn install() -> anyhow::Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(COMMIT_SECONDS.to_owned()), &COMMIT_BUCKETS_SECONDS)?
        .set_buckets_for_metric(Matcher::Full(COMMIT_ROWS.to_owned()), &ROWS_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| anyhow::anyhow!("the gauges were installed twice"))?;
    describe_counter!(SUBMISSIONS, "Items of phones that were stored, or had been stored before (outcome)");
    describe_counter!(REFUSALS, "Items, frames and requests of phones that were refused (reason)");
    describe_counter!(COMMITS, "Commits of the writer");
    describe_counter!(COMMIT_FAILURES, "Commits of the writer that failed, and were tried again or taken apart");
    describe_histogram!(COMMIT_ROWS, "Rows of one commit of the writer");
    describe_histogram!(COMMIT_SECONDS, "Time of one commit of the writer, in seconds");
    describe_gauge!(WRITER_QUEUE, "Batches that wait for the writer");
    describe_counter!(JUDGED, "Submissions judged");
    describe_counter!(ALERTS_OPENED, "Alerts opened for findings (kind, priority)");
    describe_counter!(PAGES_SETTLED, "Pages sent or given up (channel, state)");
    describe_gauge!(CONNECTIONS, "Phones connected and proven");
    describe_gauge!(
        DOORSTEP,
        "Connections that have not proven who they are; at 4000 others wait, and the slowest have to go"
    );
    describe_gauge!(UNDECIDED, "Bytes handed over by phones and not yet decided; over 67108864 no socket is read");
    describe_gauge!(UNJUDGED, "Entries of the queue to the monitor");
    describe_gauge!(
        OLDEST_UNJUDGED,
        "How long the oldest of them has waited, in seconds; over 60 the operator is mailed"
    );
    describe_gauge!(ALERTS_WAITING, "Open alerts of patients that nobody has acknowledged (priority)");
    describe_gauge!(NOTICES, "Open notices to the operator about the service itself");
    describe_gauge!(REQUESTS_WAITING, "Page requests of which no page was formed yet");
    describe_gauge!(
        CHANNEL_DOWN,
        "1 while pages do not go out over this channel, as far as this process knows (channel)"
    );
    describe_gauge!(
        AUTOMATIC_REPLIES,
        "Answers to pages in the last 24 hours that programs wrote: whoever was paged may be away"
    );
    describe_gauge!(UNSEALED, "Entries of the audit that are not sealed yet");
    describe_gauge!(
        LOOP_AGE,
        "How long ago a turn of a loop ended well, in seconds (loop); /health/loops has its limit"
    );
    describe_gauge!(DATABASE_ANSWERS, "1 when the database answered this scrape; at 0 what waits is of an earlier one");
    describe_gauge!(PAGES, "Pages ready to send, or being sent (state)");
    // What has not happened yet is 0, not missing.
    for outcome in ["stored", "duplicate"] {
        counter!(SUBMISSIONS, "outcome" => outcome).absolute(0);
    }
    for reason in mobile_api::refusal::Reason::ALL {
        counter!(REFUSALS, "reason" => reason.wire()).absolute(0);
    }
    for name in [COMMITS, COMMIT_FAILURES, JUDGED] {
        counter!(name).absolute(0);
    }
    for channel in ["email", "pager", "sms", "webhook", "web_push"] {
        gauge!(CHANNEL_DOWN, "channel" => channel).set(0.0);
        for state in ["sent", "given_up"] {
            counter!(PAGES_SETTLED, "channel" => channel, "state" => state).absolute(0);
        }
    }
    for gauge in [CONNECTIONS, DOORSTEP, UNDECIDED, WRITER_QUEUE] {
        gauge!(gauge).set(0.0);
    }
    Ok(handle)
}

pub fn stored() {
    counter!(SUBMISSIONS, "outcome" => "stored").increment(1);
}

pub fn duplicate() {
    counter!(SUBMISSIONS, "outcome" => "duplicate").increment(1);
}

/// `reason`: from the closed list of the protocol.
pub fn refused(reason: &'static str) {
    counter!(REFUSALS, "reason" => reason).increment(1);
}

pub fn committed(rows: usize, took: Duration) {
    counter!(COMMITS).increment(1);
    histogram!(COMMIT_ROWS).record(count(rows));
    histogram!(COMMIT_SECONDS).record(took.as_secs_f64());
}

pub fn not_committed() {
    counter!(COMMIT_FAILURES).increment(1);
}

/// How many numbers an evaluation took in, and kind and priority of each alert it opened.
pub fn judged(taken_in: i64, opened: &[(&'static str, &'static str)]) {
    counter!(JUDGED).increment(u64::try_from(taken_in).unwrap_or_default());
    for (kind, priority) in opened {
        counter!(ALERTS_OPENED, "kind" => *kind, "priority" => *priority).increment(1);
    }
}

/// `state`: `sent` or `given_up`.
pub fn page_settled(channel: &'static str, state: &'static str) {
    counter!(PAGES_SETTLED, "channel" => channel, "state" => state).increment(1);
}

pub fn channel_down(channel: &'static str, down: bool) {
    gauge!(CHANNEL_DOWN, "channel" => channel).set(f64::from(u8::from(down)));
}

pub fn phone_came() {
    gauge!(CONNECTIONS).increment(1.0);
}

pub fn phone_left() {
    gauge!(CONNECTIONS).decrement(1.0);
}

/// Somebody stands on the doorstep.
pub fn visitor_came() {
    gauge!(DOORSTEP).increment(1.0);
}

pub fn visitor_left() {
    gauge!(DOORSTEP).decrement(1.0);
}

/// Behind the doors: bytes not yet decided, batches before the writer.
pub fn at_the_doors(undecided_bytes: usize, writer_queue: usize) {
    gauge!(UNDECIDED).set(count(undecided_bytes));
    gauge!(WRITER_QUEUE).set(count(writer_queue));
}

#[expect(clippy::cast_precision_loss, reason = "a gauge needs no more than 52 bits")]
fn count(number: usize) -> f64 {
    number as f64
}
