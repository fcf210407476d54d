//! One phone's socket, from the upgrade to its end. What is said and when is decided in `mobile_api::session`; here it is done.
//! This is the only loop on a socket and its only `select!`.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message as Frame, Utf8Bytes, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mobile_api::close::Close;
use mobile_api::decode;
use mobile_api::message::ServerMessage;
use mobile_api::refusal::Reason;
use mobile_api::session::{Command, Input, Session};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, oneshot};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::accept::Sender;
use super::line::{Gone, Line, RESTART_RETRY_S};
use super::registry::Place;
use super::talk::Talk;
use super::{Ingest, counters, receipt};
use crate::listen::Guest;
use crate::parts::Parts;
use crate::random;
use crate::signal::Signal;
use crate::store::{push, shown};

/// What is lost among signals is found by looking, this often.
const SWEEP: Duration = Duration::from_secs(60);

/// Holds the whole conversation; returns when it is over.
pub async fn converse(ingest: Arc<Ingest>, socket: WebSocket, guest: Guest) {
    let mut line = Line::new(ingest, socket, guest.inflow.clone());
    // Ten thousand of these wait at once. What talks to the database is boxed, so that its state takes room only while it runs.
    let gone = match Box::pin(line.greet(&guest)).await {
        Ok((session, talk, place)) => {
            // Proven: the doorstep is free for the next.
            drop(guest);
            Box::pin(line.go_on(session, talk, place)).await
        }
        Err(gone) => gone,
    };
    Box::pin(line.say_goodbye(gone)).await;
}

/// A batch that was decided.
struct Decided {
    batch: u64,
    receipt: receipt::Decided,
}

/// Batches that are being decided, each by a task of its own.
type Deciding = FuturesUnordered<oneshot::Receiver<Decided>>;

/// A frame for which there is no room yet. The socket is not read meanwhile, and that is no fault of the phone's.
struct Held {
    text: Utf8Bytes,
    room: Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>,
}

impl Line {
    /// The loop. Its inputs:
    ///
    /// - a **frame** from the phone, or the end of the line;
    /// - **room** for a frame that was held because phones have handed over as much as may be; until then no other is read;
    /// - a **decided** batch, from the task that waited for the writer;
    /// - **news** from the registry: judged, seen, a new plan, pushes, or doubts about the connection's standing;
    /// - the session's own **wake**, for pings, and the **sweep** that finds what signals lost;
    /// - the service **stopping**.
    async fn go_on(&mut self, mut session: Session, mut talk: Talk, mut place: Place) -> Gone {
        let stopping = self.ingest.parts.lifecycle.stopping.clone();
        let mut deciding = Deciding::new();
        // The first tick is at once: it says what is there at the beginning.
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut first_look = true;
        let mut held = None;
        // Kept over the turns: each is a place in a list that all sockets share.
        let mut stopped = pin!(stopping.cancelled());
        let mut wake = pin!(tokio::time::sleep_until((self.instant(session.next_wake())).into()));
        loop {
            let next_wake = (self.instant(session.next_wake())).into();
            if wake.deadline() != next_wake {
                wake.as_mut().reset(next_wake);
            }
            let done = tokio::select! {
                frame = self.socket.recv(), if held.is_none() => {
                    Box::pin(self.frame(frame, &mut held, &mut session, &talk, &mut deciding)).await
                }
                (text, room) = room_for(&mut held) => {
                    held = None;
                    Box::pin(self.text(&text, room, &mut session, &talk, &mut deciding)).await
                }
                Some(Ok(decided)) = deciding.next() => {
                    let commands = session.handle(answer(decided, &talk), self.elapsed());
                    Box::pin(self.obey(commands, None, &talk, &mut deciding)).await
                }
                news = place.hear() => {
                    let looked = Box::pin(talk.hear(&self.ingest, news)).await;
                    place.follow(talk.patients());
                    Box::pin(self.say(looked, &mut session, &talk, &mut deciding)).await
                }
                () = wake.as_mut() => {
                    if held.is_some() {
                        // It cannot answer pings that we do not let it answer.
                        session.handle(Input::Unread, self.elapsed());
                    }
                    let commands = session.handle(Input::Tick, self.elapsed());
                    Box::pin(self.obey(commands, None, &talk, &mut deciding)).await
                }
                _ = sweep.tick() => {
                    let looked = Box::pin(talk.look_at_everything(&self.ingest)).await;
                    if looked.is_ok() && std::mem::take(&mut first_look) {
                        // Ten thousand phones that came at once shall not look at once ever after.
                        sweep.reset_after(SWEEP.mul_f64(random::fraction()));
                    }
                    place.follow(talk.patients());
                    Box::pin(self.say(looked, &mut session, &talk, &mut deciding)).await
                }
                () = stopped.as_mut() => Err(Gone::Because(Close::ShuttingDown { retry_after_s: RESTART_RETRY_S })),
            };
            if let Err(gone) = done {
                return Box::pin(self.last_receipts(gone, session, &talk, deciding)).await;
            }
        }
    }

    /// When we end the conversation, what was handed over is still decided and answered first.
    async fn last_receipts(&mut self, gone: Gone, mut session: Session, talk: &Talk, mut deciding: Deciding) -> Gone {
        if !matches!(gone, Gone::Because(Close::ShuttingDown { .. })) {
            return gone;
        }
        while session.in_flight() > 0 {
            let Some(Ok(decided)) = deciding.next().await else { break };
            let commands = session.handle(answer(decided, talk), self.elapsed());
            if self.obey(commands, None, talk, &mut deciding).await.is_err() {
                return Gone::Phone;
            }
        }
        gone
    }

    async fn frame(
        &mut self,
        frame: Option<Result<Frame, axum::Error>>,
        held: &mut Option<Held>,
        session: &mut Session,
        talk: &Talk,
        deciding: &mut Deciding,
    ) -> Result<(), Gone> {
        let commands = match frame {
            None | Some(Ok(Frame::Close(_))) => return Err(Gone::Phone),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(Frame::Text(text))) => {
                // Nothing is read into memory before there is room for all that it may become.
                let bytes = u32::try_from(decode::weight_bytes(&text)).unwrap_or(u32::MAX);
                let room = self.ingest.undecided.clone();
                match room.clone().try_acquire_many_owned(bytes) {
                    Ok(room) => return self.text(&text, room, session, talk, deciding).await,
                    Err(_) => {
                        counters::count(Reason::Busy);
                        *held = Some(Held { text, room: Box::pin(room.acquire_many_owned(bytes)) });
                    }
                }
                return Ok(());
            }
            Some(Ok(Frame::Binary(_))) => {
                self.inflow.understood();
                session.handle(Input::Binary, self.elapsed())
            }
            Some(Ok(Frame::Ping(payload) | Frame::Pong(payload))) => {
                self.inflow.control(payload.len());
                session.handle(Input::Heard, self.elapsed())
            }
        };
        self.obey(commands, None, talk, deciding).await
    }

    async fn text(
        &mut self,
        text: &str,
        room: OwnedSemaphorePermit,
        session: &mut Session,
        talk: &Talk,
        deciding: &mut Deciding,
    ) -> Result<(), Gone> {
        let commands = session.handle(Input::Text(text), self.elapsed());
        self.inflow.understood();
        self.obey(commands, Some(room), talk, deciding).await
    }

    async fn obey(
        &mut self,
        commands: Vec<Command>,
        mut room: Option<OwnedSemaphorePermit>,
        talk: &Talk,
        deciding: &mut Deciding,
    ) -> Result<(), Gone> {
        for command in commands {
            match command {
                Command::Send(ServerMessage::Refused(refused)) => self.refuse(refused).await?,
                Command::Send(message) => self.send(message).await?,
                Command::Ping => self.send_frame(Frame::Ping(Vec::new().into())).await?,
                Command::Take { batch, items } => {
                    let room = room.take();
                    let (ingest, sender) = (Arc::clone(&self.ingest), self.sender(talk));
                    let (reply, decided) = oneshot::channel();
                    deciding.push(decided);
                    // A task of its own: the phone may go away, the batch is decided all the same.
                    self.ingest.parts.lifecycle.spawn(async move {
                        let receipt = receipt::decide(&ingest, &sender, items).await;
                        drop(room);
                        // Nobody listens when the phone has gone: it sends again and hears *duplicate*.
                        let _ = reply.send(Decided { batch, receipt });
                    });
                }
                Command::Shown { id } => Box::pin(note_shown(self.ingest.parts.clone(), talk.device.device, id)).await,
                Command::Acknowledged { through } => {
                    let through = i64::try_from(through).unwrap_or(i64::MAX);
                    let pool = &self.ingest.parts.store.ingest;
                    if let Err(error) = Box::pin(push::acknowledge(pool, talk.device.device, through)).await {
                        tracing::warn!(%error, "an acknowledgement could not be stored; the phone gets the same again");
                    }
                }
                Command::Close(close) => return Err(Gone::Told(close)),
            }
        }
        Ok(())
    }

    /// Hands the session what was looked up, one by one. A look that failed is made up for by the next sweep: what the phone
    /// submits meanwhile is still stored and answered.
    async fn say(
        &mut self,
        looked: Result<Vec<Input<'static>>, Gone>,
        session: &mut Session,
        talk: &Talk,
        deciding: &mut Deciding,
    ) -> Result<(), Gone> {
        let inputs = match looked {
            Err(Gone::Store(error)) => {
                tracing::warn!(%error, "news for a phone could not be looked up; looking again later");
                return Ok(());
            }
            looked => looked?,
        };
        for input in inputs {
            self.obey(session.handle(input, self.elapsed()), None, talk, deciding).await?;
        }
        Ok(())
    }

    fn sender(&self, talk: &Talk) -> Sender {
        Sender::of_device(&talk.device, &talk.people, talk.skew, self.ingest.parts.clock.care_now())
    }
}

/// The held frame, when there is room for it.
async fn room_for(held: &mut Option<Held>) -> (Utf8Bytes, OwnedSemaphorePermit) {
    let Some(held) = held else { return std::future::pending().await };
    let room = held.room.as_mut().await.expect("nobody closes the semaphore");
    (held.text.clone(), room)
}

async fn note_shown(parts: Parts, device: Uuid, ask: Uuid) {
    match shown::record(&parts.store.ingest, device, ask, parts.clock.care_now()).await {
        Ok(true) => parts.signals.send(Signal::Arrived),
        Ok(false) => {}
        // The ask then counts as never shown, and its rule fires: late is safe, silent is not.
        Err(error) => tracing::warn!(%error, "it could not be stored that an ask was shown"),
    }
}

fn answer(decided: Decided, talk: &Talk) -> Input<'static> {
    let Decided { batch, receipt } = decided;
    let notice = receipt::notice(&talk.people, &receipt.unwatched);
    Input::Decided { batch, items: receipt.items, notice }
}
