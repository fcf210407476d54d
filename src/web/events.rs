//! News for open pages, as server-sent events: hints only, the page fetches again. A page that missed one loses nothing,
//! because it also fetches from time to time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Web;
use super::api::{Changed, What};
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use crate::signal::Signal;
use crate::store;

/// The browser comes back by itself, and has to be signed in then.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// A page is not told more often than this.
const PAUSE: Duration = Duration::from_millis(250);
/// Readings of anybody are news to a worklist at most this often.
const PAUSE_READINGS: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
pub struct Asked {
    /// Also hear of this patient's readings at once.
    patient: Option<Uuid>,
}

struct Listening {
    signals: broadcast::Receiver<Signal>,
    organisation: Uuid,
    patient: Option<Uuid>,
    ends_at: Instant,
    readings_again_at: Instant,
    stopping: CancellationToken,
    _place: OwnedSemaphorePermit,
}

pub async fn events(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    if let Some(patient) = asked.patient {
        let mut db = web.parts.store.web_tx(who.organisation).await?;
        store::patient::get(&mut db, patient).await?.ok_or_else(Failure::not_found)?;
        db.commit().await?;
    }
    let now = Instant::from_std(web.parts.clock.instant());
    let listening = Listening {
        signals: web.parts.signals.subscribe(),
        organisation: who.organisation,
        patient: asked.patient,
        ends_at: now + LONGEST,
        readings_again_at: now,
        stopping: web.parts.lifecycle.stopping.clone(),
        _place: Arc::clone(&web.streams).try_acquire_owned().map_err(|_| Failure::busy())?,
    };
    let clock = web.parts.clock.clone();
    let news = stream::unfold(listening, move |mut listening| {
        let clock = clock.clone();
        async move {
            let changed = listening.next(&clock).await?;
            let event = Event::default().event("changed").json_data(changed).unwrap_or_default();
            Some((Ok(event), listening))
        }
    });
    Ok(Sse::new(news).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

impl Listening {
    async fn next(&mut self, clock: &crate::clock::Clock) -> Option<Changed> {
        loop {
            let signal = tokio::select! {
                signal = self.signals.recv() => signal,
                () = self.stopping.cancelled() => return None,
                () = tokio::time::sleep_until(self.ends_at) => return None,
            };
            let changed = match signal {
                Ok(signal) => self.news_in(&signal, Instant::from_std(clock.instant())),
                Err(RecvError::Lagged(_)) => Some(Changed { what: What::Alerts, patient: None }),
                Err(RecvError::Closed) => return None,
            };
            if changed.is_some() {
                tokio::time::sleep(PAUSE).await;
                return changed;
            }
        }
    }

    /// Nothing of another organisation: its patients' ids do not go out, and that somebody somewhere was judged says nothing.
    fn news_in(&mut self, signal: &Signal, now: Instant) -> Option<Changed> {
        match signal {
            Signal::Alerts { organisation } if *organisation == self.organisation => {
                Some(Changed { what: What::Alerts, patient: None })
            }
            Signal::Judged { patient, .. } | Signal::Plan { patient } if self.patient == Some(*patient) => {
                Some(Changed { what: What::Readings, patient: Some(*patient) })
            }
            Signal::Judged { .. } if self.patient.is_none() && now >= self.readings_again_at => {
                self.readings_again_at = now + PAUSE_READINGS;
                Some(Changed { what: What::Readings, patient: None })
            }
            _ => None,
        }
    }
}
