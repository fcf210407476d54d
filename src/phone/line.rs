//! One bare connection of an enrolled phone, for whoever wants to decide each message: the load generator, and tests of
//! the wire. It keeps nothing; `driven.rs` is the phone that loses nothing.

use anyhow::{Context, bail};
use mobile_api::message::{ClientMessage, Hello, Resume, ServerMessage, Welcome};
use mobile_api::proof::SocketProof;
use mobile_api::time::PhoneTime;

use super::device::Device;
use super::socket::{Ended, Socket};

#[derive(Debug)]
pub struct Line {
    pub welcome: Welcome,
    socket: Socket,
}

impl Line {
    /// Opens the socket and proves who this is. `phone_time` is the phone's own clock, right or wrong; `push` the number
    /// of the last ask or message it has.
    pub async fn open(device: &Device, phone_time: PhoneTime, push: u64) -> anyhow::Result<Self> {
        let mut socket = Socket::open_by(&device.origin, device.route).await?;
        let challenge = match hear(&mut socket).await? {
            ServerMessage::Challenge(challenge) => challenge,
            other => bail!("the service began with {other:?} instead of a challenge"),
        };
        let claims = SocketProof::new(device.id, &device.origin, &challenge.nonce, challenge.server_time);
        let hello = Hello {
            device_id: device.id,
            app_version: env!("CARGO_PKG_VERSION").into(),
            phone_time,
            resume: Resume { push },
            notifications: Some("granted".into()),
            proof: device.key.prove(&claims)?,
        };
        say(&mut socket, &ClientMessage::Hello(hello)).await?;
        match hear(&mut socket).await? {
            ServerMessage::Welcome(welcome) => Ok(Self { welcome, socket }),
            other => bail!("the service answered hello with {other:?}"),
        }
    }

    pub async fn say(&mut self, message: &ClientMessage) -> anyhow::Result<()> {
        say(&mut self.socket, message).await
    }

    /// Any text at all: what a broken or hostile phone would send.
    pub async fn say_text(&mut self, text: String) -> Result<(), Ended> {
        self.socket.say(text).await
    }

    /// The next message. An error of the connection downcasts to [`Ended`].
    pub async fn hear(&mut self) -> anyhow::Result<ServerMessage> {
        hear(&mut self.socket).await
    }

    /// The next text, unread. May be dropped while it waits.
    pub async fn hear_text(&mut self) -> Result<String, Ended> {
        self.socket.hear().await
    }

    pub async fn close(self) {
        self.socket.close().await;
    }
}

async fn say(socket: &mut Socket, message: &ClientMessage) -> anyhow::Result<()> {
    let text = serde_json::to_string(message).context("a message of ours cannot be written")?;
    Ok(socket.say(text).await?)
}

async fn hear(socket: &mut Socket) -> anyhow::Result<ServerMessage> {
    let text = socket.hear().await?;
    serde_json::from_str(&text).with_context(|| format!("the service said something that cannot be read: {text}"))
}
