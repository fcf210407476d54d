//! Logs for the night shift: on stderr, readable alone, never with patient data.
//! `error!` is for what someone must act on.

use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Starts logging. `DERWENT_LOG` holds a filter such as `info` or `derwent=debug`; the default is `info`.
///
/// Whatever the filter says, libraries say nothing below `info`: what they tell for debugging is what they carry, and that is
/// frames, mails and statements with patients in them.
pub fn start() {
    let filter = EnvFilter::try_from_env("DERWENT_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let ours_or_calm =
        filter_fn(|metadata| metadata.target().starts_with("derwent") || *metadata.level() <= Level::INFO);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false).with_filter(ours_or_calm);
    tracing_subscriber::registry().with(lines).with(filter).init();
}
