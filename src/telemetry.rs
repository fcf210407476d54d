//! Logs for the night shift: on stderr, readable alone, never with patient data.
//! `error!` is for what someone must act on.

use tracing_subscriber::EnvFilter;

/// Starts logging. `DERWENT_LOG` holds a filter such as `info` or `derwent=debug`; the default is `info`.
pub fn start() {
    let filter = EnvFilter::try_from_env("DERWENT_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
