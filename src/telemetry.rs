//! Logs for the night shift: on stderr, readable alone, never with patient data.
//! `error!` is for what someone must act on.

use std::any::Any;
use std::io::{self, IsTerminal};
use std::panic;

use tokio::task::JoinError;
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
    // Colours are for whoever looks, not for files and journals.
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).with_target(false);
    let lines = lines.with_filter(ours_or_calm);
    tracing_subscriber::registry().with(lines).with(filter).init();
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!("panicked at {place}: {}", words(info.payload()));
    }));
}

/// Words that stand in the code as they are. Words that were put together there may hold a value.
fn words(panic: &(dyn Any + Send)) -> &'static str {
    panic.downcast_ref::<&'static str>().copied().unwrap_or("(not told: it may hold somebody's data)")
}

/// How a task of its own ended. Its own words would repeat those of the panic.
pub fn end_of(error: &JoinError) -> &'static str {
    if error.is_panic() { "it panicked" } else { "it was cancelled" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_tells_only_what_stands_in_the_code() {
        let words_of = |panics: fn()| words(&*panic::catch_unwind(panics).expect_err("a panic"));
        assert_eq!(words_of(|| panic!("a plan without slots")), "a plan without slots");
        let told = words_of(|| panic!("{} has no slots", "Dorothy".to_owned()));
        assert!(!told.contains("Dorothy"), "{told}");
    }
}
