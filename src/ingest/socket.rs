//! One phone's socket, from the upgrade to its end. What is said and when is decided in `mobile_api::session`; here it is done.
//! This is the only loop on a socket and its only `select!`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use jiff::{SignedDuration, Timestamp};
use mobile_api::close::Close;
use mobile_api::message::{Hello, ReceiptItem, ServerMessage};
use mobile_api::proof::whole_seconds;
use mobile_api::session::{Command, Handshake, Input, Push, Session, clock_skew_ms};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use uuid::Uuid;

use super::accept::Sender;
use super::registry::{News, Place};
use super::{Ingest, proof, receipt};
use crate::parts::Parts;
use crate::random;
use crate::signal::Signal;
use crate::store::device::{self, Device};
use crate::store::{push, seen, shown};

/// A phone that has taken nothing for so long is not reading.
const SEND_LIMIT: Duration = Duration::from_secs(30);
/// Come back after a restart; phones add jitter of their own.
const RESTART_RETRY_S: u32 = 4;
/// What is lost among signals is found by looking, this often.
const SWEEP: Duration = Duration::from_secs(60);

/// Why a conversation ended without a close of ours.
enum Gone {
    /// The phone, or the line.
    Phone,
    /// We end it, saying why.
    Because(Close),
    /// The database did not answer; the phone comes back.
    Store(sqlx::Error),
}

impl From<sqlx::Error> for Gone {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error)
    }
}

/// Holds the whole conversation; returns when it is over.
pub async fn converse(ingest: Ingest, socket: WebSocket, doorstep: OwnedSemaphorePermit) {
    let started = ingest.parts.clock.instant();
    let mut line = Line { socket, ingest, started, slot_opens: HashMap::new() };
    let gone = match line.greet().await {
        Ok((session, talk, place)) => {
            // Proven: the doorstep is free for the next.
            drop(doorstep);
            line.go_on(session, talk, place).await
        }
        Err(gone) => gone,
    };
    match gone {
        Gone::Phone => {}
        Gone::Because(close) => line.close(close).await,
        Gone::Store(error) => {
            tracing::warn!(%error, "a phone's connection ended because the database did not answer");
            line.close(Close::ShuttingDown { retry_after_s: RESTART_RETRY_S }).await;
        }
    }
}

/// Who is on the line, once proven.
struct Talk {
    device: Device,
    connection: i64,
    people: Vec<device::Person>,
    skew: SignedDuration,
}

/// A batch that was decided.
struct Decided {
    batch: u64,
    items: Vec<ReceiptItem>,
}

struct Line {
    socket: WebSocket,
    ingest: Ingest,
    started: Instant,
    /// By patient: from when a reading may fill a slot, so that the plan changes with it.
    slot_opens: HashMap<Uuid, Timestamp>,
}

impl Line {
    /// Challenge, `hello`, proof, `welcome`.
    async fn greet(&mut self) -> Result<(Session, Talk, Place), Gone> {
        let parts = self.ingest.parts.clone();
        let server_time = whole_seconds(parts.clock.machine_now());
        let (handshake, challenge) = Handshake::open(random::token(), server_time, self.elapsed());
        self.send(challenge).await?;
        let limit = handshake.deadline().saturating_sub(self.elapsed());
        let hello = match tokio::time::timeout(limit, self.first_text()).await {
            Ok(text) => match handshake.hello(&text?) {
                Ok(hello) => hello,
                Err(refused) => {
                    self.send(ServerMessage::Refused(refused)).await?;
                    return Err(Gone::Because(Close::ProtocolError));
                }
            },
            Err(_) => return Err(Gone::Because(Close::ProtocolError)),
        };
        let device = device::find(&parts.store.ingest, hello.device_id).await?;
        let Some(device) = device.filter(|device| !device.revoked) else {
            return Err(Gone::Because(Close::Revoked));
        };
        let expected = handshake.proof(device.device, &self.ingest.origin);
        if !proof::holds(&hello.proof, &device.public_key, &expected) {
            return Err(Gone::Because(Close::BadProof));
        }
        let Some(connection) = number(&parts, &device, &hello).await? else {
            return Err(Gone::Because(Close::Revoked));
        };
        if hello.resume.push > 0 {
            // What the phone has it need not acknowledge again.
            let through = i64::try_from(hello.resume.push).unwrap_or(i64::MAX);
            push::acknowledge(&parts.store.ingest, device.device, through).await?;
        }
        let people = device::people(&parts.store.ingest, device.device).await?;
        let place =
            self.ingest.registry.join(device.device, connection, people.iter().map(|person| person.patient).collect());

        let now_at = parts.clock.care_now();
        let skew = SignedDuration::from_millis(clock_skew_ms(now_at, hello.phone_time.at));
        let introduced = people.iter().map(introduce).collect();
        let (session, welcome) = handshake.welcome(random::new_id(), &hello, introduced, now_at, self.elapsed());
        self.send(welcome).await?;
        tracing::debug!(device = %device.device, connection, "a phone connected");
        Ok((session, Talk { device, connection, people, skew }, place))
    }

    /// The loop. Its inputs:
    ///
    /// - a **frame** from the phone, or the end of the line;
    /// - a **decided** batch, from the task that waited for the writer;
    /// - **news** from the registry: judged, seen, a new plan, pushes, or doubts about the connection's standing;
    /// - the session's own **wake**, for pings, and the **sweep** that finds what signals lost;
    /// - the service **stopping**.
    async fn go_on(&mut self, mut session: Session, talk: Talk, mut place: Place) -> Gone {
        let stopping = self.ingest.parts.lifecycle.stopping.clone();
        let (deciding, mut decided) = mpsc::channel::<Decided>(1);
        for person in &talk.people {
            if let Err(gone) = self.tell_plan(person, &mut session, &talk, &deciding).await {
                return gone;
            }
        }
        let mut sweep = tokio::time::interval(SWEEP);
        // The first tick is at once: it says what is there at the beginning.
        loop {
            let wake = session.next_wake().saturating_sub(self.elapsed());
            let done = tokio::select! {
                frame = self.socket.recv() => self.frame(frame, &mut session, &talk, &deciding).await,
                Some(Decided { batch, items }) = decided.recv() => {
                    let notice = receipt::notice(&talk.people, &items);
                    self.obey(session.handle(Input::Decided { batch, items, notice }, self.elapsed()), &talk, &deciding).await
                }
                Some(news) = place.news.recv() => self.tell(news, &mut session, &talk, &deciding).await,
                () = tokio::time::sleep(wake) => {
                    self.obey(session.handle(Input::Tick, self.elapsed()), &talk, &deciding).await
                }
                _ = sweep.tick() => self.tell_everything(&mut session, &talk, &deciding).await,
                () = stopping.cancelled() => Err(Gone::Because(Close::ShuttingDown { retry_after_s: RESTART_RETRY_S })),
            };
            if let Err(gone) = done {
                return self.last_receipts(gone, session, &talk, deciding, decided).await;
            }
        }
    }

    /// When we end the conversation, what was handed over is still decided and answered first.
    async fn last_receipts(
        &mut self,
        gone: Gone,
        mut session: Session,
        talk: &Talk,
        deciding: mpsc::Sender<Decided>,
        mut decided: mpsc::Receiver<Decided>,
    ) -> Gone {
        if !matches!(gone, Gone::Because(Close::ShuttingDown { .. })) {
            return gone;
        }
        while session.in_flight() > 0 {
            let Some(Decided { batch, items }) = decided.recv().await else { break };
            let commands = session.handle(Input::Decided { batch, items, notice: None }, self.elapsed());
            if self.obey(commands, talk, &deciding).await.is_err() {
                return Gone::Phone;
            }
        }
        gone
    }

    async fn frame(
        &mut self,
        frame: Option<Result<Frame, axum::Error>>,
        session: &mut Session,
        talk: &Talk,
        deciding: &mpsc::Sender<Decided>,
    ) -> Result<(), Gone> {
        let commands = match frame {
            None | Some(Ok(Frame::Close(_))) => return Err(Gone::Phone),
            Some(Err(error)) => return Err(broken(error)),
            Some(Ok(Frame::Text(text))) => session.handle(Input::Text(&text), self.elapsed()),
            Some(Ok(Frame::Binary(_))) => session.handle(Input::Binary, self.elapsed()),
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => session.handle(Input::Heard, self.elapsed()),
        };
        self.obey(commands, talk, deciding).await
    }

    async fn obey(
        &mut self,
        commands: Vec<Command>,
        talk: &Talk,
        deciding: &mpsc::Sender<Decided>,
    ) -> Result<(), Gone> {
        for command in commands {
            match command {
                Command::Send(message) => self.send(message).await?,
                Command::Ping => self.send_frame(Frame::Ping(Vec::new().into())).await?,
                Command::Take { batch, items } => {
                    let bytes = items.iter().map(|item| item.as_sent.len()).sum::<usize>();
                    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                    // Over the budget this socket is not read until there is room; the writer never closes the semaphore.
                    let Ok(room) = self.ingest.undecided.clone().acquire_many_owned(bytes).await else { continue };
                    let (ingest, sender, deciding) = (self.ingest.clone(), self.sender(talk), deciding.clone());
                    // A task of its own: the phone may go away, the batch is decided all the same.
                    self.ingest.parts.lifecycle.spawn(async move {
                        let items = receipt::decide(&ingest, &sender, items).await;
                        drop(room);
                        // Nobody listens when the phone has gone: it sends again and hears *duplicate*.
                        let _ = deciding.send(Decided { batch, items }).await;
                    });
                }
                Command::Shown { id } => self.shown(talk.device.device, id),
                Command::Acknowledged { through } => {
                    let through = i64::try_from(through).unwrap_or(i64::MAX);
                    push::acknowledge(&self.ingest.parts.store.ingest, talk.device.device, through).await?;
                }
                Command::Close(close) => return Err(Gone::Because(close)),
            }
        }
        Ok(())
    }

    fn shown(&self, device: Uuid, ask: Uuid) {
        let parts = self.ingest.parts.clone();
        self.ingest.parts.lifecycle.spawn(async move {
            match shown::record(&parts.store.ingest, device, ask, parts.clock.care_now()).await {
                Ok(true) => parts.signals.send(Signal::Arrived),
                Ok(false) => {}
                // The ask then counts as never shown, and its rule fires: late is safe, silent is not.
                Err(error) => tracing::warn!(%error, "it could not be stored that an ask was shown"),
            }
        });
    }

    async fn tell(
        &mut self,
        news: News,
        session: &mut Session,
        talk: &Talk,
        deciding: &mpsc::Sender<Decided>,
    ) -> Result<(), Gone> {
        match news {
            News::Judged { patient, through } => {
                let Some(person) = talk.people.iter().find(|person| person.patient == patient) else { return Ok(()) };
                let through = u64::try_from(through).unwrap_or_default();
                let input = Input::Checked { whom: person.handle.clone(), through };
                self.obey(session.handle(input, self.elapsed()), talk, deciding).await?;
                let now = self.ingest.parts.clock.care_now();
                if self.slot_opens.get(&patient).is_some_and(|opens| *opens <= now) {
                    self.tell_plan(person, session, talk, deciding).await?;
                }
                Ok(())
            }
            News::Seen { patient } => {
                for person in talk.people.iter().filter(|person| person.patient == patient) {
                    self.tell_seen(person, session, talk, deciding).await?;
                }
                Ok(())
            }
            News::Plan { patient } => {
                for person in talk.people.iter().filter(|person| person.patient == patient) {
                    self.tell_plan(person, session, talk, deciding).await?;
                }
                Ok(())
            }
            News::Pushes => self.tell_pushes(session, talk, deciding).await,
            News::Standing => self.tell_everything(session, talk, deciding).await,
        }
    }

    /// Looks at everything that signals only hint at.
    async fn tell_everything(
        &mut self,
        session: &mut Session,
        talk: &Talk,
        deciding: &mpsc::Sender<Decided>,
    ) -> Result<(), Gone> {
        let store = self.ingest.parts.store.clone();
        match device::standing(&store.ingest, talk.device.device).await? {
            Some((newest, false)) if newest == talk.connection => {}
            Some((_, false)) => return Err(Gone::Because(Close::Replaced)),
            _ => return Err(Gone::Because(Close::Revoked)),
        }
        for person in device::people(&store.ingest, talk.device.device).await? {
            let through = u64::try_from(person.judged_through).unwrap_or_default();
            let input = Input::Checked { whom: person.handle.clone(), through };
            self.obey(session.handle(input, self.elapsed()), talk, deciding).await?;
            self.tell_seen(&person, session, talk, deciding).await?;
        }
        self.tell_pushes(session, talk, deciding).await
    }

    async fn tell_plan(
        &mut self,
        person: &device::Person,
        session: &mut Session,
        talk: &Talk,
        deciding: &mpsc::Sender<Decided>,
    ) -> Result<(), Gone> {
        let now = self.ingest.parts.clock.care_now();
        let plans = self.ingest.plans.clone();
        let plan = plans.of_patient(&self.ingest.parts.store.ingest, person.patient, &person.handle, now).await?;
        let Some(plan) = plan else { return Ok(()) };
        let next = plan.due.iter().filter(|due| !due.done && due.closes_at >= now).map(|due| due.opens_at).min();
        match next {
            Some(opens_at) => self.slot_opens.insert(person.patient, opens_at),
            None => self.slot_opens.remove(&person.patient),
        };
        self.obey(session.handle(Input::Plan(Box::new(plan)), self.elapsed()), talk, deciding).await
    }

    async fn tell_seen(
        &mut self,
        person: &device::Person,
        session: &mut Session,
        talk: &Talk,
        deciding: &mpsc::Sender<Decided>,
    ) -> Result<(), Gone> {
        let Some(seen) = seen::newest(&self.ingest.parts.store.ingest, person.patient).await? else { return Ok(()) };
        let said = mobile_api::message::Seen { whom: person.handle.clone(), items: seen.items, by: seen.by };
        self.obey(session.handle(Input::Seen(said), self.elapsed()), talk, deciding).await
    }

    async fn tell_pushes(
        &mut self,
        session: &mut Session,
        talk: &Talk,
        deciding: &mpsc::Sender<Decided>,
    ) -> Result<(), Gone> {
        let waiting = push::waiting(&self.ingest.parts.store.ingest, talk.device.device).await?;
        let pushes = waiting.into_iter().filter_map(as_push).collect();
        self.obey(session.handle(Input::Pushes(pushes), self.elapsed()), talk, deciding).await
    }

    fn sender(&self, talk: &Talk) -> Sender {
        Sender::of_device(&talk.device, &talk.people, talk.skew, self.ingest.parts.clock.care_now())
    }

    async fn first_text(&mut self) -> Result<String, Gone> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Frame::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
                Some(Ok(Frame::Binary(_))) => return Err(Gone::Because(Close::ProtocolError)),
                Some(Ok(Frame::Close(_))) | None => return Err(Gone::Phone),
                Some(Err(error)) => return Err(broken(error)),
            }
        }
    }

    async fn send(&mut self, message: ServerMessage) -> Result<(), Gone> {
        let text = serde_json::to_string(&message).expect("a message has text keys and finite numbers");
        self.send_frame(Frame::Text(text.into())).await
    }

    async fn send_frame(&mut self, frame: Frame) -> Result<(), Gone> {
        match tokio::time::timeout(SEND_LIMIT, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone::Phone),
        }
    }

    /// Says why, and closes; whether the phone still hears it does not matter.
    async fn close(&mut self, close: Close) {
        let _ = self.send(ServerMessage::Bye(close.bye())).await;
        let frame = CloseFrame { code: close.code(), reason: "".into() };
        let _ = self.send_frame(Frame::Close(Some(frame))).await;
    }

    fn elapsed(&self) -> Duration {
        self.ingest.parts.clock.instant().duration_since(self.started)
    }
}

/// The connection's number: from now on every older connection of the device is replaced.
async fn number(parts: &Parts, device: &Device, hello: &Hello) -> Result<Option<i64>, Gone> {
    let number =
        device::connect(&parts.store.ingest, device.device, &hello.app_version, hello.notifications.as_deref()).await?;
    if let Some(connection) = number {
        parts.signals.send(Signal::Connected { device: device.device, connection });
    }
    Ok(number)
}

fn introduce(person: &device::Person) -> mobile_api::message::Person {
    mobile_api::message::Person {
        whom: person.handle.clone(),
        given_name: person.given_name.clone(),
        plan_version: u64::try_from(person.plan_version).unwrap_or_default(),
        judged_through: u64::try_from(person.judged_through).unwrap_or_default(),
        live: person.live,
    }
}

/// A stored push as the phone gets it: its number and the person's handle are the device's own.
fn as_push(waiting: push::Waiting) -> Option<Push> {
    let mut body = waiting.body;
    let fields = body.as_object_mut()?;
    fields.insert("n".to_owned(), waiting.n.into());
    fields.insert("for".to_owned(), waiting.handle.into());
    let push = match waiting.kind.as_str() {
        "ask" => serde_json::from_value(body).map(Push::Ask),
        _ => serde_json::from_value(body).map(Push::Message),
    };
    push.inspect_err(|error| tracing::error!(%error, n = waiting.n, "a stored push cannot be read; it is not sent"))
        .ok()
}

/// Too big is said by name; any other fault of the line is the end of it.
fn broken(error: axum::Error) -> Gone {
    use tokio_tungstenite::tungstenite::Error as WebSocketError;
    match error.into_inner().downcast_ref::<WebSocketError>() {
        Some(WebSocketError::Capacity(_)) => Gone::Because(Close::TooBig),
        Some(WebSocketError::Protocol(_) | WebSocketError::Utf8(_)) => Gone::Because(Close::ProtocolError),
        _ => Gone::Phone,
    }
}
