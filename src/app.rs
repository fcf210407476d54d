//! Start-up and end of the service, told as a story.

mod steps;

use std::sync::Arc;

use anyhow::{Context, bail};

use crate::clock::Clock;
use crate::config::Config;
use crate::gauges::Operator;
use crate::heartbeat;
use crate::ingest::{self, registry::Registry, writer::Writer};
use crate::lifecycle::{self, Lifecycle};
use crate::listen::Doors;
use crate::monitor::Monitor;
use crate::notify::Notify;
use crate::parts::Parts;
use crate::presence;
use crate::sealer;
use crate::signal::Signals;
use crate::store::{Store, staff};
use crate::web;
use steps::Steps;

/// Runs the service until it is asked to end, or cannot go on.
///
/// # Errors
/// Whatever keeps it from starting or going on, in a sentence that says what to do.
pub async fn serve(mut config: Config) -> anyhow::Result<()> {
    config.check()?;
    let doors = Doors::open(&config).await?;
    // Port 0 asks the system for a free one; the origin must name the one it gave.
    config.listen = doors.address().context("the listening socket has no address")?;

    let operator = match config.metrics_listen {
        Some(address) => Some(Operator::open(address).await?),
        None => None,
    };

    let clock = config.care_time.map_or_else(Clock::ordinary, Clock::standing);
    let store = Store::open(&config.database).await?;
    store.migrate().await?;
    store.claim(config.care_time.is_some(), clock.machine_now()).await?;

    let lifecycle = Lifecycle::new();
    if config.care_time.is_some() {
        lifecycle.rest();
    }
    let signals = Signals::start(store.monitor.clone(), &lifecycle);
    let parts = Parts { config: Arc::new(config), clock, store, signals, lifecycle };

    if let Some(operator) = operator {
        operator.serve(&parts)?;
    }
    let monitor = Monitor::start(&parts).await?;
    let notify = Notify::start(&parts).await?;
    sealer::start(&parts);
    presence::start(&parts);
    let writer = Writer::start(&parts.store, parts.signals.clone(), &parts.lifecycle);
    let rulebook = monitor.rulebook().await?;
    let registry = Registry::start(&parts);
    let phones = ingest::router(&parts, &writer, &rulebook.rulebook, registry.clone()).await?;
    heartbeat::start(&parts, phones.clone())?;
    let router = phones.merge(web::router(&parts)?);
    // From here the connections alone hold the writer: when the last of them is gone, it stores what it has and ends.
    drop(writer);

    let mut serving = tokio::spawn(doors.serve(router, parts.lifecycle.stopping.clone()));
    let asked_to_end = lifecycle::asked_to_end().context("cannot wait for the signal to end")?;
    println!("listening {}", parts.config.origin());
    if !staff::is_any(&parts.store.owner).await? {
        eprintln!(
            "nobody works here yet: `derwent admin first-run --help` makes an organisation and invites its first administrator"
        );
    }

    let ended = tokio::select! {
        () = asked_to_end => Ok(()),
        parent = stepped_care_time(&parts, monitor, notify, registry) => parent,
        served = &mut serving => served.context("the web server stopped"),
    };
    tracing::info!("ending: sockets are told, what was received is stored");
    let drained = parts.lifecycle.stop().await;
    serving.abort();
    parts.store.close().await;
    ended?;
    if !drained {
        bail!("some tasks did not finish in time; nothing that was acknowledged is lost");
    }
    Ok(())
}

/// Ends when the parent that steps care time is gone; never, in an ordinary service.
async fn stepped_care_time(parts: &Parts, monitor: Monitor, notify: Notify, registry: Registry) -> anyhow::Result<()> {
    if parts.config.care_time.is_none() {
        return std::future::pending().await;
    }
    Steps { parts: parts.clone(), monitor, notify, registry }.obey().await
}
