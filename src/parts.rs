//! What every part of the service is given: the clock, the store, the signals, and how the service ends.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::signal::Signals;
use crate::store::Store;

#[derive(Clone, Debug)]
pub struct Parts {
    pub config: Arc<Config>,
    pub clock: Clock,
    pub store: Store,
    pub signals: Signals,
    pub lifecycle: Lifecycle,
}
