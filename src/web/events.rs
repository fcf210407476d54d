//! News for open pages, as server-sent events: hints only, the page fetches again. A page that missed one loses nothing,
//! because it also fetches from time to time.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::api::{Changed, What};
use super::extract::Query;
use super::failure::{Answer, Failure};
use super::session::{self, SignedIn};
use super::{Web, reach};
use crate::signal::Signal;
use crate::store;
use crate::store::audit::Act;

/// The browser comes back by itself, and has to be signed in then.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How soon a stream hears that its session is over.
const STILL_THERE: Duration = Duration::from_secs(20);
/// A page is not told more often than this.
const PAUSE: Duration = Duration::from_millis(250);
/// Readings of anybody are news to a worklist at most this often.
const PAUSE_READINGS: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize, JsonSchema)]
pub struct Asked {
    /// Also hear of this patient's readings at once.
    patient: Option<Uuid>,
}

struct Listening {
    /// Heard and not yet told.
    news: BTreeSet<(What, Option<Uuid>)>,
    signals: broadcast::Receiver<Signal>,
    /// Of one's own, and of every patient within reach.
    organisations: BTreeSet<Uuid>,
    session: Uuid,
    patient: Option<Uuid>,
    checked_again_at: Instant,
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
    let mut db = match asked.patient {
        Some(patient) => reach::patient(&web, &who, patient, Act::RecordFollowed, json!({})).await?.0,
        None => web.transaction(&who).await?,
    };
    let organisations =
        store::organisation::of_seen_patients(&mut db).await?.into_iter().chain([who.organisation]).collect();
    db.commit().await?;
    let now = Instant::from_std(web.parts.clock.instant());
    let listening = Listening {
        news: BTreeSet::new(),
        signals: web.parts.signals.subscribe(),
        organisations,
        session: who.session,
        patient: asked.patient,
        checked_again_at: now + STILL_THERE,
        ends_at: now + LONGEST,
        readings_again_at: now,
        stopping: web.parts.lifecycle.stopping.clone(),
        _place: Arc::clone(&web.streams).try_acquire_owned().map_err(|_| Failure::busy())?,
    };
    let news = stream::unfold(listening, move |mut listening| {
        let web = Arc::clone(&web);
        async move {
            let changed = listening.next(&web).await?;
            let event = Event::default().event("changed").json_data(changed).unwrap_or_default();
            Some((Ok(event), listening))
        }
    });
    Ok(Sse::new(news).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// In a task of its own: a browser that leaves must not cancel a statement halfway.
async fn goes_on(web: &Arc<Web>, session: Uuid) -> bool {
    let web = Arc::clone(web);
    let asked = tokio::spawn(async move { session::goes_on(&web, session).await });
    // Whoever cannot be asked about comes back and is asked who they are.
    matches!(asked.await, Ok(Ok(true)))
}

impl Listening {
    /// The next hint; several of a kind within a moment are one. None: the stream ends, and the browser comes back.
    async fn next(&mut self, web: &Arc<Web>) -> Option<Changed> {
        loop {
            if let Some((what, patient)) = self.news.pop_first() {
                return Some(Changed { what, patient });
            }
            let signal = tokio::select! {
                signal = self.signals.recv() => signal,
                () = tokio::time::sleep_until(self.checked_again_at) => {
                    self.checked_again_at += STILL_THERE;
                    if goes_on(web, self.session).await {
                        continue;
                    }
                    return None;
                }
                () = self.stopping.cancelled() => return None,
                () = tokio::time::sleep_until(self.ends_at) => return None,
            };
            let now = Instant::from_std(web.parts.clock.instant());
            match signal {
                Ok(signal) => self.hear(&signal, now),
                Err(RecvError::Lagged(_)) => self.hear_anything(),
                Err(RecvError::Closed) => return None,
            }
            if self.news.is_empty() {
                continue;
            }
            tokio::time::sleep(PAUSE).await;
            loop {
                match self.signals.try_recv() {
                    Ok(signal) => self.hear(&signal, now),
                    Err(TryRecvError::Lagged(_)) => self.hear_anything(),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
        }
    }

    fn hear_anything(&mut self) {
        self.news.insert((What::Alerts, None));
        self.news.insert((What::Readings, self.patient));
    }

    /// Nothing of an organisation whose patients one does not see: its patients' ids do not go out, and that somebody somewhere was judged says nothing.
    fn hear(&mut self, signal: &Signal, now: Instant) {
        match signal {
            Signal::Alerts { organisation } if self.organisations.contains(organisation) => {
                self.news.insert((What::Alerts, None));
            }
            Signal::Judged { patient, .. } | Signal::Plan { patient } if self.patient == Some(*patient) => {
                self.news.insert((What::Readings, Some(*patient)));
            }
            Signal::Judged { .. } if self.patient.is_none() && now >= self.readings_again_at => {
                self.readings_again_at = now + PAUSE_READINGS;
                self.news.insert((What::Readings, None));
            }
            _ => {}
        }
    }
}
