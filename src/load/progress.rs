//! What somebody who waits sees: a line for each thing done, and a bar while it lasts.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

pub fn say(what: &str) {
    eprintln!("  {what}");
}

/// A bar towards a number; without a terminal, the line alone.
pub fn bar(what: &str, to: u64) -> ProgressBar {
    let bar = ProgressBar::new(to);
    if let Ok(style) = ProgressStyle::with_template("  {msg} {bar:30} {percent:>3} % · {elapsed} · about {eta} left")
    {
        bar.set_style(style);
    }
    if bar.is_hidden() {
        say(what);
    }
    bar.set_message(what.to_owned());
    bar
}

/// Runs along with something that takes a known time.
pub async fn during<T>(what: &str, time: Duration, work: impl Future<Output = T>) -> T {
    let bar = bar(what, time.as_secs().max(1));
    let ticking = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            bar.inc(1);
        }
    };
    let done = tokio::select! {
        done = work => done,
        () = ticking => unreachable!("it ticks for ever"),
    };
    bar.finish_and_clear();
    done
}
