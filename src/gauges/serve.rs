//! `GET /metrics` on an address of the operator's own: never on that of browsers and phones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::SignedDuration;
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::parts::Parts;
use crate::store::{queues, reply};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Automatic answers are counted for so long: whoever is away is mostly away for longer.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// What was recorded and nobody scraped is folded together this often, so that it takes no more room.
const UPKEEP: Duration = Duration::from_secs(5);

/// The operator's port, open and not answering yet.
#[derive(Debug)]
pub struct Operator {
    listener: TcpListener,
    handle: PrometheusHandle,
}

impl Operator {
    /// # Errors
    /// A port that is taken: which one, and what to do.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address} for gauges; choose another port with DERWENT_METRICS_LISTEN")
        })?;
        Ok(Self { listener, handle: super::install()? })
    }

    /// Answers until the service ends.
    pub fn serve(self, parts: &Parts) -> anyhow::Result<()> {
        let address = self.listener.local_addr().context("the port for gauges has no address")?;
        tracing::info!(%address, "gauges are at /metrics");
        let stopping = parts.lifecycle.stopping.clone();
        let handle = self.handle.clone();
        parts.lifecycle.spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(UPKEEP) => handle.run_upkeep(),
                    () = stopping.cancelled() => return,
                }
            }
        });
        let stopping = parts.lifecycle.stopping.clone().cancelled_owned();
        let state = Arc::new((parts.clone(), self.handle));
        let router = Router::new().route("/metrics", get(scrape)).with_state(state);
        parts.lifecycle.spawn(async move {
            if let Err(error) = axum::serve(self.listener, router).with_graceful_shutdown(stopping).await {
                tracing::error!(%error, "gauges are served no more");
            }
        });
        Ok(())
    }
}

async fn scrape(State(state): State<Arc<(Parts, PrometheusHandle)>>) -> Response {
    let asking = state.0.clone();
    for standing in state.0.lifecycle.progress.look() {
        gauge!(super::LOOP_AGE, "loop" => standing.name).set(standing.age.as_secs_f64());
    }
    // In a task of its own: a scrape that is dropped must not drop a statement.
    let asked = tokio::spawn(async move { look(&asking).await });
    // The process's own counts are worth having even when the database does not answer.
    match tokio::time::timeout(ANSWER_WITHIN, asked).await {
        Ok(Ok(Ok(()))) => gauge!(super::DATABASE_ANSWERS).set(1.0),
        _ => gauge!(super::DATABASE_ANSWERS).set(0.0),
    }
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], state.1.render()).into_response()
}

async fn look(parts: &Parts) -> Result<(), sqlx::Error> {
    let queues = queues::look(&parts.store.monitor).await?;
    let now = parts.clock.care_now();
    let oldest = queues.oldest_arrival_at.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
    gauge!(super::UNJUDGED).set(number(queues.arrivals));
    gauge!(super::OLDEST_UNJUDGED).set(oldest);
    let a_day_ago = parts.clock.machine_now() - DAY;
    gauge!(super::AUTOMATIC_REPLIES).set(number(reply::automatic_since(&parts.store.monitor, a_day_ago).await?));
    gauge!(super::UNSEALED).set(number(queues.unsealed));
    gauge!(super::NOTICES).set(number(queues.notices));
    gauge!(super::REQUESTS_WAITING).set(number(queues.requests));
    gauge!(super::PAGES, "state" => "ready").set(number(queues.pages_ready));
    gauge!(super::PAGES, "state" => "sending").set(number(queues.pages_sending));
    for priority in ["high", "medium", "low"] {
        let waiting = queues.alerts.iter().find(|(of, _)| of == priority).map_or(0, |(_, count)| *count);
        gauge!(super::ALERTS_WAITING, "priority" => priority).set(number(waiting));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a gauge needs no more than 52 bits")]
fn number(count: i64) -> f64 {
    count as f64
}
