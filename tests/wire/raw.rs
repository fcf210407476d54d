//! A connection without a WebSocket library: it can say what no library would, and can refuse to listen.

use derwent::phone::Device;
use mobile_api::proof::SocketProof;
use mobile_api::{SOCKET_PATH, SUBPROTOCOL};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::now;

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
const PONG: u8 = 10;
/// Of the first byte of a frame: no other follows.
pub const FIN: u8 = 0x80;

pub struct Raw {
    pub stream: TcpStream,
}

/// What the service said.
#[derive(Debug)]
pub enum Heard {
    Text(Value),
    Ping,
    Pong,
    Close(u16),
    End,
}

impl Raw {
    /// Connects, and says nothing.
    pub async fn connect(origin: &str) -> Self {
        let port = origin.rsplit(':').next().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        // Little is taken from a service that speaks to somebody who does not listen.
        socket.set_recv_buffer_size(4096).unwrap();
        Self { stream: socket.connect(format!("127.0.0.1:{port}").parse().unwrap()).await.unwrap() }
    }

    /// Upgraded, and told a challenge.
    pub async fn upgrade(origin: &str) -> (Self, Value) {
        let mut raw = Self::connect(origin).await;
        let request = format!(
            "GET {SOCKET_PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n"
        );
        raw.stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(raw.stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        match raw.hear().await {
            Heard::Text(challenge) => (raw, challenge),
            other => panic!("a challenge, not {other:?}"),
        }
    }

    /// Welcome.
    pub async fn prove(device: &Device) -> Self {
        let (mut raw, challenge) = Self::upgrade(&device.origin).await;
        let at = challenge["server_time"].as_str().unwrap().parse().unwrap();
        let claims = SocketProof::new(device.id, &device.origin, challenge["nonce"].as_str().unwrap(), at);
        let proof = device.key.prove(&claims).unwrap();
        raw.text(&json!({ "type": "hello", "device_id": device.id, "app_version": "1", "phone_time": now(), "proof": proof }))
            .await;
        raw.until("welcome").await;
        raw
    }

    pub async fn text(&mut self, message: &Value) {
        self.frame(FIN | TEXT, message.to_string().as_bytes()).await.unwrap();
    }

    pub async fn frame(&mut self, first: u8, payload: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(&masked(first, payload)).await
    }

    /// The next message of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            match self.hear().await {
                Heard::Text(message) if message["type"] == kind => return message,
                Heard::Text(_) | Heard::Ping | Heard::Pong => {}
                other => panic!("{kind} was expected, not {other:?}"),
            }
        }
    }

    /// Listens to the end: the close code, if there is one.
    pub async fn ended(&mut self) -> Option<u16> {
        loop {
            match self.hear().await {
                Heard::Close(code) => return Some(code),
                Heard::End => return None,
                _ => {}
            }
        }
    }

    pub async fn hear(&mut self) -> Heard {
        self.try_hear().await.unwrap_or(Heard::End)
    }

    async fn try_hear(&mut self) -> std::io::Result<Heard> {
        let first = self.stream.read_u8().await?;
        let length = match self.stream.read_u8().await? {
            126 => usize::from(self.stream.read_u16().await?),
            127 => usize::try_from(self.stream.read_u64().await?).unwrap(),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await?;
        match first & 0xf {
            TEXT => Ok(Heard::Text(serde_json::from_slice(&payload).unwrap())),
            PING => {
                self.frame(FIN | PONG, &payload).await?;
                Ok(Heard::Ping)
            }
            PONG => Ok(Heard::Pong),
            CLOSE => Ok(Heard::Close(payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code)))),
            other => panic!("the service sent a frame of kind {other}"),
        }
    }
}

/// A client's frame, with a mask that changes nothing.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        middle @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// So many sockets, and what else a test needs.
pub fn allow_descriptors(sockets: u64) {
    let limit = getrlimit(Resource::Nofile);
    let most = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, most).unwrap();
    let allowed = limit.maximum.unwrap_or(u64::MAX);
    assert!(
        allowed >= sockets + 500,
        "this test opens {sockets} sockets, and {allowed} files are allowed: raise the hard limit"
    );
}
