//! Start-up and end of the service, told as a story.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;

/// Runs the service until it is asked to end.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    config.check()?;
    let _config = Arc::new(config);
    let _clock = Clock::ordinary();
    Ok(())
}
