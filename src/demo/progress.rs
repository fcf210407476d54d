//! The bar in the terminal.

use indicatif::{ProgressBar, ProgressStyle};

pub fn bar(windows: usize) -> ProgressBar {
    let bar = ProgressBar::new(windows as u64);
    if let Ok(style) = ProgressStyle::with_template("  {bar:40} {percent:>3} % · {elapsed} · about {eta} left") {
        bar.set_style(style);
    }
    bar
}
