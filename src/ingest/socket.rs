//! One phone's socket, from the upgrade to its end. What is said and when is decided in `mobile_api::session`; here it is done.
//! This is the only loop on a socket and its only `select!`.
//!
//! Ten thousand of these wait at once, so what waits is small: whatever talks to the database, or happens once, is boxed and takes
//! room only while it runs.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::ws::{Message as Frame, Utf8Bytes, WebSocket};
use jiff::Timestamp;
use mobile_api::close::Close;
use mobile_api::decode;
use mobile_api::message::ServerMessage;
use mobile_api::refusal::Reason;
use mobile_api::session::{Command, Input, Session};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use super::accept::Sender;
use super::line::{Gone, Line, RESTART_RETRY_S};
use super::registry::{News, Place};
use super::talk::Talk;
use super::{HEARD_EVERY, Ingest, counters, receipt};
use crate::listen::Guest;
use crate::parts::Parts;
use crate::random;
use crate::signal::Signal;
use crate::store::{device, push, shown};

/// What is lost among signals is found by looking, this often: a device that was revoked is gone within a minute.
const SWEEP: Duration = Duration::from_secs(50);

/// Holds the whole conversation; is done when it is over.
pub fn converse(ingest: Arc<Ingest>, socket: WebSocket, guest: Guest) -> impl Future<Output = ()> + Send {
    let line = Box::new(Line::new(ingest, socket, guest.inflow.clone()));
    async move {
        if let Some(mut conversation) = Box::pin(begin(line, guest)).await {
            let gone = conversation.go_on().await;
            Box::pin(conversation.end(gone)).await;
        }
    }
}

/// None: it ended before it began.
async fn begin(mut line: Box<Line>, guest: Guest) -> Option<Box<Conversation>> {
    match line.greet(&guest).await {
        Ok((session, talk, place)) => {
            let heard = line.ingest.parts.clock.care_now();
            Some(Box::new(Conversation { line: *line, session, talk, place, deciding: Vec::new(), held: None, heard }))
        }
        Err(gone) => {
            line.say_goodbye(gone).await;
            None
        }
    }
    // Proven or gone: the guest's place on the doorstep is free for the next.
}

/// With a proven device.
struct Conversation {
    line: Line,
    session: Session,
    talk: Talk,
    place: Place,
    /// Batches that are being decided, each by a task of its own.
    deciding: Vec<oneshot::Receiver<Decided>>,
    held: Option<Box<Held>>,
    /// When it was last noted that the phone is there.
    heard: Timestamp,
}

/// A batch that was decided.
struct Decided {
    batch: u64,
    receipt: receipt::Decided,
}

/// A frame for which there is no room yet. The socket is not read meanwhile, and that is no fault of the phone's.
struct Held {
    text: Utf8Bytes,
    room: Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>,
}

impl Conversation {
    /// The loop. Its inputs:
    ///
    /// - a **frame** from the phone, or the end of the line;
    /// - **room** for a frame that was held because phones have handed over as much as may be; until then no other is read;
    /// - a **decided** batch, from the task that waited for the writer;
    /// - **news** from the registry: judged, seen, a new plan, pushes, or doubts about the connection's standing;
    /// - a **timer**: the session's own wake, for pings, and the sweep that finds what signals lost;
    /// - the service **stopping**.
    async fn go_on(&mut self) -> Gone {
        let stopping = self.line.ingest.parts.lifecycle.stopping.clone();
        // The first look is at once: it says what is there at the beginning.
        let mut next_look = self.line.elapsed();
        let mut first_look = true;
        // Kept over the turns: each is a place in a list that all sockets share.
        let mut stopped = pin!(stopping.cancelled());
        let mut timer = pin!(tokio::time::sleep(Duration::ZERO));
        loop {
            let wake = self.line.instant(next_look.min(self.session.next_wake())).into();
            if timer.deadline() != wake {
                timer.as_mut().reset(wake);
            }
            let done = tokio::select! {
                frame = self.line.socket.recv(), if self.held.is_none() => Box::pin(self.frame(frame)).await,
                (text, room) = room_for(&mut self.held) => {
                    self.held = None;
                    Box::pin(self.text(&text, room)).await
                }
                decided = next_decided(&mut self.deciding) => Box::pin(self.decided(decided)).await,
                news = self.place.hear() => Box::pin(self.news(news)).await,
                () = timer.as_mut() => {
                    let now = self.line.elapsed();
                    let looks = now >= next_look;
                    if looks {
                        // Ten thousand phones that came at once shall not look at once ever after.
                        let until_next = if first_look { SWEEP.mul_f64(random::fraction()) } else { SWEEP };
                        (next_look, first_look) = (now + until_next, false);
                    }
                    Box::pin(self.tick(looks)).await
                }
                () = stopped.as_mut() => Err(Gone::Because(Close::ShuttingDown { retry_after_s: RESTART_RETRY_S })),
            };
            if let Err(gone) = done {
                return gone;
            }
        }
    }

    /// When we end the conversation, what was handed over is still decided and answered first.
    async fn end(&mut self, mut gone: Gone) {
        if matches!(gone, Gone::Because(Close::ShuttingDown { .. })) {
            while self.session.in_flight() > 0 && !self.deciding.is_empty() {
                let decided = next_decided(&mut self.deciding).await;
                if self.decided(decided).await.is_err() {
                    gone = Gone::Phone;
                    break;
                }
            }
        }
        self.line.say_goodbye(gone).await;
    }

    async fn frame(&mut self, frame: Option<Result<Frame, axum::Error>>) -> Result<(), Gone> {
        let commands = match frame {
            None | Some(Ok(Frame::Close(_))) => return Err(Gone::Phone),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(Frame::Text(text))) => {
                // Nothing is read into memory before there is room for all that it may become.
                let bytes = u32::try_from(decode::weight_bytes(&text)).unwrap_or(u32::MAX);
                let room = self.line.ingest.undecided.clone();
                match room.clone().try_acquire_many_owned(bytes) {
                    Ok(room) => return self.text(&text, room).await,
                    Err(_) => {
                        counters::count(Reason::Busy);
                        self.held = Some(Box::new(Held { text, room: Box::pin(room.acquire_many_owned(bytes)) }));
                    }
                }
                return Ok(());
            }
            Some(Ok(Frame::Binary(_))) => {
                self.line.inflow.understood();
                self.session.handle(Input::Binary, self.line.elapsed())
            }
            Some(Ok(Frame::Ping(payload) | Frame::Pong(payload))) => {
                self.line.inflow.control(payload.len());
                self.session.handle(Input::Heard, self.line.elapsed())
            }
        };
        self.obey(commands, None).await
    }

    async fn text(&mut self, text: &str, room: OwnedSemaphorePermit) -> Result<(), Gone> {
        let commands = self.session.handle(Input::Text(text), self.line.elapsed());
        self.line.inflow.understood();
        self.obey(commands, Some(room)).await
    }

    async fn decided(&mut self, decided: Option<Decided>) -> Result<(), Gone> {
        // None: the task broke. The phone gets no receipt, and sends again.
        let Some(Decided { batch, receipt }) = decided else { return Ok(()) };
        let notice = receipt::notice(&self.talk.people, &receipt.unwatched);
        let decided = Input::Decided { batch, items: receipt.items, notice };
        let commands = self.session.handle(decided, self.line.elapsed());
        self.obey(commands, None).await
    }

    async fn news(&mut self, news: News) -> Result<(), Gone> {
        if let Some(input) = self.talk.at_once(news) {
            let commands = self.session.handle(input, self.line.elapsed());
            self.obey(commands, None).await?;
        }
        let looked = self.talk.hear(&self.line.ingest, news).await;
        self.say(looked).await
    }

    async fn tick(&mut self, looks: bool) -> Result<(), Gone> {
        if self.held.is_some() {
            // It cannot answer pings that we do not let it answer.
            self.session.handle(Input::Unread, self.line.elapsed());
        }
        let commands = self.session.handle(Input::Tick, self.line.elapsed());
        self.obey(commands, None).await?;
        if looks {
            let looked = self.talk.look_at_everything(&self.line.ingest).await;
            self.say(looked).await?;
            self.note_heard().await;
        }
        Ok(())
    }

    /// A phone that stays connected for days is not silent. While care time stands, its steps note that.
    async fn note_heard(&mut self) {
        let parts = &self.line.ingest.parts;
        let now = parts.clock.care_now();
        if parts.clock.stands() || now.duration_since(self.heard) < HEARD_EVERY {
            return;
        }
        match device::heard(&parts.store.ingest, self.talk.device.device, now).await {
            Ok(()) => self.heard = now,
            Err(error) => tracing::warn!(%error, "it could not be noted that a phone is there; trying again later"),
        }
    }

    async fn obey(&mut self, commands: Vec<Command>, mut room: Option<OwnedSemaphorePermit>) -> Result<(), Gone> {
        for command in commands {
            match command {
                Command::Send(ServerMessage::Refused(refused)) => self.line.refuse(refused).await?,
                Command::Send(message) => self.line.send(message).await?,
                Command::Ping => self.line.send_frame(Frame::Ping(Vec::new().into())).await?,
                Command::Take { batch, items } => {
                    let room = room.take();
                    let (ingest, sender) = (Arc::clone(&self.line.ingest), self.sender());
                    let (reply, decided) = oneshot::channel();
                    self.deciding.push(decided);
                    // A task of its own: the phone may go away, the batch is decided all the same.
                    self.line.ingest.parts.lifecycle.spawn(async move {
                        let receipt = receipt::decide(&ingest, &sender, items).await;
                        drop(room);
                        // Nobody listens when the phone has gone: it sends again and hears *duplicate*.
                        let _ = reply.send(Decided { batch, receipt });
                    });
                }
                Command::Shown { id } => note_shown(self.line.ingest.parts.clone(), self.talk.device.device, id).await,
                Command::Acknowledged { through } => {
                    let through = i64::try_from(through).unwrap_or(i64::MAX);
                    let pool = &self.line.ingest.parts.store.ingest;
                    if let Err(error) = push::acknowledge(pool, self.talk.device.device, through).await {
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
    async fn say(&mut self, looked: Result<Vec<Input<'static>>, Gone>) -> Result<(), Gone> {
        let inputs = match looked {
            Err(Gone::Store(error)) => {
                tracing::warn!(%error, "news for a phone could not be looked up; looking again later");
                return Ok(());
            }
            looked => looked?,
        };
        for input in inputs {
            let commands = self.session.handle(input, self.line.elapsed());
            self.obey(commands, None).await?;
        }
        Ok(())
    }

    fn sender(&self) -> Sender {
        let Talk { device, people, skew, .. } = &self.talk;
        Sender::of_device(device, people, *skew, self.line.ingest.parts.clock.care_now())
    }
}

/// The held frame, when there is room for it.
async fn room_for(held: &mut Option<Box<Held>>) -> (Utf8Bytes, OwnedSemaphorePermit) {
    let Some(held) = held else { return std::future::pending().await };
    let room = held.room.as_mut().await.expect("nobody closes the semaphore");
    (held.text.clone(), room)
}

/// The next batch that is decided, out of the few that wait; none if its task broke. May be dropped while it waits.
async fn next_decided(deciding: &mut Vec<oneshot::Receiver<Decided>>) -> Option<Decided> {
    std::future::poll_fn(|cx| {
        for place in 0..deciding.len() {
            if let Poll::Ready(decided) = Pin::new(&mut deciding[place]).poll(cx) {
                deciding.swap_remove(place);
                return Poll::Ready(decided.ok());
            }
        }
        Poll::Pending
    })
    .await
}

async fn note_shown(parts: Parts, device: Uuid, ask: Uuid) {
    match shown::record(&parts.store.ingest, device, ask, parts.clock.care_now()).await {
        Ok(true) => parts.signals.send(Signal::Arrived),
        Ok(false) => {}
        // The ask then counts as never shown, and its rule fires: late is safe, silent is not.
        Err(error) => tracing::warn!(%error, "it could not be stored that an ask was shown"),
    }
}
