//! What a story leaves behind fails it: an error in the log that it did not expect, a row that nobody settled, a page at which it
//! never looked.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use tokio::runtime::{Handle, Id};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// By runtime: each test has one of its own.
static ERRORS: Mutex<Option<HashMap<Id, Vec<String>>>> = Mutex::new(None);

struct Keeper;

impl<S: Subscriber> Layer<S> for Keeper {
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::ERROR)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // The hint is for all subscribers of the process together, so others may wake this one.
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let Ok(handle) = Handle::try_current() else { return };
        let mut line = Line(String::new());
        event.record(&mut line);
        let mut errors = ERRORS.lock().unwrap_or_else(PoisonError::into_inner);
        errors.get_or_insert_default().entry(handle.id()).or_default().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let end = self.0.len();
        match field.name() {
            "message" => self.0.insert_str(0, &format!("{value:?}")),
            name => self.0.insert_str(end, &format!(" {name}={value:?}")),
        }
    }
}

/// From now on errors are kept, by test.
pub fn keep_errors() {
    static KEEPING: Once = Once::new();
    KEEPING.call_once(|| tracing_subscriber::registry().with(Keeper).init());
}

/// What this test's service logged as errors.
pub fn errors() -> Vec<String> {
    let mut errors = ERRORS.lock().unwrap_or_else(PoisonError::into_inner);
    let logged = errors.as_mut().and_then(|all| all.remove(&Handle::current().id())).unwrap_or_default();
    logged.into_iter().map(|line| format!("an error in the log: {line}")).collect()
}

/// What nobody expects of this, and what is expected and not there. Expected are lines with these words in them.
pub fn unexpected(left: Vec<String>, expected: &[&str]) -> Vec<String> {
    let missing = expected.iter().filter(|words| !left.iter().any(|line| line.contains(**words)));
    let missing: Vec<String> = missing.map(|words| format!("expected, and not there: {words}")).collect();
    let unexpected = left.into_iter().filter(|line| !expected.iter().any(|words| line.contains(words)));
    unexpected.chain(missing).collect()
}

/// Rows that wait for something which is due.
pub async fn unsettled(pool: &PgPool, care_now: Timestamp) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT 'a page over ' || channel || ' is ' || state FROM page WHERE state NOT IN ('sent', 'given_up')
         UNION ALL SELECT 'a page request was due at ' || at FROM page_request WHERE NOT formed AND at <= $1
         UNION ALL SELECT 'not judged: ' || cause FROM arrival
         UNION ALL SELECT 'a timer was due at ' || at FROM due WHERE at <= $1
         UNION ALL SELECT 'an alert''s step was due at ' || next_step_at FROM alert WHERE closed_at IS NULL AND next_step_at <= $1
         UNION ALL SELECT 'judged through ' || judged_through || ' of ' || last_seq
                   FROM patient_judged JOIN patient_head USING (patient) WHERE judged_through < last_seq",
    )
    .bind(care_now.to_sqlx())
    .fetch_all(pool)
    .await
    .expect("a look at all queues")
}

/// What came to the other end of a wire, as the test holds it.
pub struct Received<T: Clone + fmt::Debug> {
    what: &'static str,
    kept: Arc<Mutex<Kept<T>>>,
}

struct Kept<T> {
    all: Vec<T>,
    looked_at: usize,
}

/// As the server holds it.
pub struct Inlet<T>(Arc<Mutex<Kept<T>>>);

impl<T> Clone for Inlet<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Inlet<T> {
    pub fn push(&self, one: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all.push(one);
    }
}

impl<T: Clone + fmt::Debug> Received<T> {
    /// `what`: as in *a mail that nobody looked at*.
    pub fn new(what: &'static str) -> (Self, Inlet<T>) {
        let kept = Arc::new(Mutex::new(Kept { all: Vec::new(), looked_at: 0 }));
        (Self { what, kept: Arc::clone(&kept) }, Inlet(kept))
    }

    pub fn all(&self) -> Vec<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.looked_at = kept.all.len();
        kept.all.clone()
    }

    /// Waits until what has come is as wanted; panics after ten seconds.
    pub async fn wait_until(&self, wanted: impl Fn(&[T]) -> bool) -> Vec<T> {
        for _ in 0..1000 {
            let all = self.all();
            if wanted(&all) {
                return all;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{} or more were expected, got {:?}", self.what, self.all());
    }
}

impl<T: Clone + fmt::Debug> Drop for Received<T> {
    fn drop(&mut self) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = &kept.all[kept.looked_at..];
        assert!(rest.is_empty() || thread::panicking(), "{} that nobody looked at: {rest:?}", self.what);
    }
}
