//! Start-up and end of the service, told as a story.

mod steps;

use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::config::Config;
use crate::ingest::{self, writer::Writer};
use crate::lifecycle::{self, Lifecycle};
use crate::listen::{self, TlsListener};
use crate::monitor::Monitor;
use crate::notify::Notify;
use crate::parts::Parts;
use crate::signal::Signals;
use crate::store::Store;
use crate::web;
use steps::Steps;

/// Runs the service until it is asked to end, or cannot go on.
///
/// # Errors
/// Whatever keeps it from starting or going on, in a sentence that says what to do.
pub async fn serve(mut config: Config) -> anyhow::Result<()> {
    config.check()?;
    let tcp = listen::bind(config.listen).await?;
    // Port 0 asks the system for a free one; the origin must name the one it gave.
    config.listen = tcp.local_addr().context("the listening socket has no address")?;

    let clock = config.care_time.map_or_else(Clock::ordinary, Clock::standing);
    let store = Store::open(&config.database).await?;
    store.migrate().await?;
    store.claim(config.care_time.is_some(), clock.machine_now()).await?;

    let lifecycle = Lifecycle::new();
    let signals = Signals::start(store.monitor.clone(), &lifecycle);
    let parts = Parts { config: Arc::new(config), clock, store, signals, lifecycle };

    let monitor = Monitor::start(&parts).await?;
    let notify = Notify::start(&parts)?;
    let writer = Writer::start(&parts.store, parts.signals.clone(), &parts.lifecycle);
    let rulebook = monitor.rulebook().await?;
    let router = ingest::router(&parts, &writer, &rulebook.rulebook).merge(web::router(&parts));
    // From here the connections alone hold the writer: when the last of them is gone, it stores what it has and ends.
    drop(writer);

    let mut doors = tokio::spawn(open_doors(parts.clone(), tcp, router));
    println!("listening {}", parts.config.origin());

    let ended = tokio::select! {
        asked = lifecycle::asked_to_end() => asked.context("cannot wait for the signal to end"),
        parent = stepped_care_time(&parts, monitor, notify) => parent,
        served = &mut doors => served.context("the web server stopped")?,
    };
    tracing::info!("ending: sockets are told, what was received is stored");
    let drained = parts.lifecycle.stop().await;
    doors.abort();
    parts.store.close().await;
    ended?;
    if !drained {
        bail!("some tasks did not finish in time; nothing that was acknowledged is lost");
    }
    Ok(())
}

async fn open_doors(parts: Parts, tcp: TcpListener, router: Router) -> anyhow::Result<()> {
    let stopping = parts.lifecycle.stopping.clone().cancelled_owned();
    let service = router.into_make_service();
    match (&parts.config.tls_cert, &parts.config.tls_key) {
        (Some(certificate), Some(key)) => {
            let tls = TlsListener::start(tcp, certificate, key)?;
            axum::serve(tls, service).with_graceful_shutdown(stopping).await?;
        }
        _ => axum::serve(tcp, service).with_graceful_shutdown(stopping).await?,
    }
    Ok(())
}

/// Ends when the parent that steps care time is gone; never, in an ordinary service.
async fn stepped_care_time(parts: &Parts, monitor: Monitor, notify: Notify) -> anyhow::Result<()> {
    if parts.config.care_time.is_none() {
        return std::future::pending().await;
    }
    Steps { clock: parts.clock.clone(), monitor, notify }.obey().await
}
