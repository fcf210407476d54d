//! The phone's end of a WebSocket: text in, text out, and how it ended.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use mobile_api::{SOCKET_PATH, SUBPROTOCOL};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config, connect_async_with_config};

/// A phone sends little and there may be thousands in one process: the default buffers are 128 KiB each.
const BUFFER_BYTES: usize = 4096;

#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Which way to the service, for whoever plays thousands of phones on one machine: names are looked up once, and one
/// address has only so many ports.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub from: IpAddr,
    pub to: SocketAddr,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    #[error("the service closed the connection ({code}): {reason}")]
    Closed { code: u16, reason: String },
    #[error("the connection broke")]
    Broken,
}

impl Ended {
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Closed { code, .. } => Some(*code),
            Self::Broken => None,
        }
    }
}

impl Socket {
    /// `origin`: scheme and host of the service.
    pub async fn open(origin: &str) -> anyhow::Result<Self> {
        Self::open_by(origin, None).await
    }

    pub async fn open_by(origin: &str, route: Option<Route>) -> anyhow::Result<Self> {
        let url = match origin.split_once("://") {
            Some(("https", host)) => format!("wss://{host}{SOCKET_PATH}"),
            Some((_, host)) => format!("ws://{host}{SOCKET_PATH}"),
            None => bail!("{origin:?} is no origin; give it as https://host"),
        };
        let mut request = url.as_str().into_client_request().context("the address of the socket")?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
        let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(0);
        let opened = match route {
            None => connect_async_with_config(request, Some(config), true).await,
            Some(route) => {
                let stream = route.connect().await.with_context(|| format!("could not reach {}", route.to))?;
                client_async_tls_with_config(request, stream, Some(config), None).await
            }
        };
        let (socket, _) = opened.with_context(|| format!("could not open {url}"))?;
        Ok(Self(socket))
    }

    pub async fn say(&mut self, text: String) -> Result<(), Ended> {
        self.0.send(Message::text(text)).await.map_err(|_| Ended::Broken)
    }

    /// The next text. May be dropped while it waits: nothing is lost. Pings are answered on the way.
    pub async fn hear(&mut self) -> Result<String, Ended> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(Ended::Broken),
            }
        }
    }

    pub async fn close(mut self) {
        // The peer may be gone already, which is as good.
        let _ = self.0.close(None).await;
    }
}

impl Route {
    async fn connect(&self) -> std::io::Result<TcpStream> {
        let socket = if self.to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_nodelay(true)?;
        socket.bind(SocketAddr::new(self.from, 0))?;
        socket.connect(self.to).await
    }
}

fn closed(frame: Option<CloseFrame>) -> Ended {
    match frame {
        Some(frame) => Ended::Closed { code: frame.code.into(), reason: frame.reason.to_string() },
        None => Ended::Closed { code: 1005, reason: "no reason given".into() },
    }
}
