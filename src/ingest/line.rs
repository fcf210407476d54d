//! One phone's line: what is said on it, in time, and how it ends.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use mobile_api::close::Close;
use mobile_api::message::{Refused, ServerMessage};
use mobile_api::refusal::{Reason, Refusal};

use super::together::NoAnswer;
use super::{Ingest, counters};
use crate::listen::Inflow;

/// A phone that has taken nothing for so long is not reading.
const SEND_LIMIT: Duration = Duration::from_secs(30);
/// A phone that has not answered our goodbye by then will not.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// Come back after a restart; phones add jitter of their own.
pub const RESTART_RETRY_S: u32 = 4;

/// Why a conversation ended.
#[derive(Debug)]
pub enum Gone {
    /// The phone, or the line.
    Phone,
    /// We end it, saying why.
    Because(Close),
    /// The same, after the session said `bye`.
    Told(Close),
    /// The same, after a word on what was wrong.
    Refused(Refusal, Close),
    /// The database did not answer; the phone comes back.
    Store(NoAnswer),
}

impl From<NoAnswer> for Gone {
    fn from(error: NoAnswer) -> Self {
        Self::Store(error)
    }
}

/// What was over a limit is said by name; any other fault of the line is the end of it.
impl From<axum::Error> for Gone {
    fn from(error: axum::Error) -> Self {
        use tokio_tungstenite::tungstenite::Error as WebSocketError;
        match error.into_inner().downcast_ref::<WebSocketError>() {
            Some(WebSocketError::Capacity(_)) => Self::Because(Close::TooBig),
            Some(WebSocketError::Protocol(_) | WebSocketError::Utf8(_)) => Self::Because(Close::ProtocolError),
            Some(WebSocketError::Io(error)) if error.kind() == ErrorKind::QuotaExceeded => Self::Because(Close::TooBig),
            Some(WebSocketError::Io(error)) if error.kind() == ErrorKind::TimedOut => {
                let refusal = Refusal::new(Reason::TooSlow, "a frame did not come to its end in time");
                Self::Refused(refusal, Close::ProtocolError)
            }
            _ => Self::Phone,
        }
    }
}

pub struct Line {
    pub socket: WebSocket,
    pub inflow: Inflow,
    pub ingest: Arc<Ingest>,
    started: Instant,
}

impl Line {
    pub fn new(ingest: Arc<Ingest>, socket: WebSocket, inflow: Inflow) -> Self {
        let started = ingest.parts.clock.instant();
        Self { socket, inflow, ingest, started }
    }

    pub async fn first_text(&mut self) -> Result<String, Gone> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Frame::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
                Some(Ok(Frame::Binary(_))) => return Err(Gone::Because(Close::ProtocolError)),
                Some(Ok(Frame::Close(_))) | None => return Err(Gone::Phone),
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    pub async fn refuse(&mut self, refused: Refused) -> Result<(), Gone> {
        counters::count(refused.refusal.reason);
        self.send(ServerMessage::Refused(refused)).await
    }

    pub async fn send(&mut self, message: ServerMessage) -> Result<(), Gone> {
        let text = serde_json::to_string(&message).expect("a message has text keys and finite numbers");
        self.send_frame(Frame::Text(text.into())).await
    }

    pub async fn send_frame(&mut self, frame: Frame) -> Result<(), Gone> {
        match tokio::time::timeout(SEND_LIMIT, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Gone::Phone),
            Err(_) => {
                counters::count(Reason::TooSlow);
                Err(Gone::Phone)
            }
        }
    }

    /// Closes, and reads on until the phone has closed too: with unread frames left the system would cut the line, and the
    /// phone might never read why.
    async fn close(&mut self, close: Close) {
        let frame = CloseFrame { code: close.code(), reason: "".into() };
        if self.send_frame(Frame::Close(Some(frame))).await.is_err() {
            return;
        }
        let answered = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        let _ = tokio::time::timeout(CLOSE_LIMIT, answered).await;
    }

    /// When so much has elapsed.
    pub fn instant(&self, elapsed: Duration) -> Instant {
        self.started + elapsed
    }

    pub fn elapsed(&self) -> Duration {
        self.ingest.parts.clock.instant().duration_since(self.started)
    }

    /// Tells the phone why, and closes.
    pub async fn say_goodbye(&mut self, gone: Gone) {
        let close = match gone {
            Gone::Phone => return,
            Gone::Because(close) => {
                close.reason().into_iter().for_each(counters::count);
                close
            }
            Gone::Told(close) => {
                close.reason().into_iter().for_each(counters::count);
                return self.close(close).await;
            }
            Gone::Refused(refusal, close) => {
                let refused = Refused { batch: None, refusal };
                if self.refuse(refused).await.is_err() {
                    return;
                }
                close
            }
            Gone::Store(error) => {
                tracing::warn!(%error, "a phone's connection ended because the database did not answer");
                Close::ShuttingDown { retry_after_s: RESTART_RETRY_S }
            }
        };
        // Whether the phone still hears it does not matter.
        let _ = self.send(ServerMessage::Bye(close.bye())).await;
        self.close(close).await;
    }
}
