//! sqlx hands a server's notices to the log and to nobody else. This listens there, for the time of one commit, because a WARNING at
//! COMMIT means that we do not know whether the data are where they should be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

const NOTICES: &str = "sqlx::postgres::notice";

pub struct NoticeWatch {
    warned: Arc<AtomicBool>,
}

impl NoticeWatch {
    pub fn new(warned: Arc<AtomicBool>) -> Self {
        Self { warned }
    }
}

impl Subscriber for NoticeWatch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == NOTICES && *metadata.level() <= Level::WARN
    }

    fn event(&self, _: &Event<'_>) {
        self.warned.store(true, Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
