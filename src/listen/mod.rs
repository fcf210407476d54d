//! Listening: plain, or TLS in process; and everything a connection is held to before anybody knows whose it is.
//!
//! Each connection runs in a task of its own, from the handshake on, so that a slow one keeps nobody waiting. Bounds: all
//! connections by what descriptors there are, those of nobody known by the `doorstep`, a request's head and body in size and time,
//! a peer that takes no answer in time, and what a socket has under way by its `wire`.

mod body;
mod doorstep;
mod proxies;
mod tls;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mobile_api::refusal::Reason;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::config::Config;
use crate::ingest::counters;
use body::InTime;
use doorstep::{Doorstep, GRACE, PLACES, Place};
use proxies::Proxies;
use wire::Wire;

pub use proxies::{Visitor, network};
pub use wire::Inflow;

/// From the accepted connection to the end of its first request's head. A peer that has not got so far by then is no phone.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Between two requests of one connection, the next one's head included. Longer than proxies keep a connection they do not use,
/// so that it is they who close it.
const IDLE_LIMIT: Duration = Duration::from_secs(75);
/// The head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// A peer that takes nothing of what is sent for so long is gone: as long as two pings of a socket stay unanswered.
#[cfg(target_os = "linux")]
const UNTAKEN_MS: u32 = 60_000;
/// How long a request that is being answered may still take when its connection has to go.
const GOODBYE_LIMIT: Duration = Duration::from_secs(5);
/// Descriptors kept for the database, mail, pages and files, when phones take all others.
const DESCRIPTORS_KEPT: u64 = 256;

/// The open port, plain or TLS.
pub struct Doors {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    proxies: Proxies,
    connections: usize,
}

impl Doors {
    /// # Errors
    /// A port that is taken, or a certificate or key that cannot be used: which one, and what to do.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let address = config.listen;
        let tcp = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; another program may hold the port: choose another with DERWENT_LISTEN")
        })?;
        let tls = match (&config.tls_cert, &config.tls_key) {
            (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
            _ => None,
        };
        Ok(Self { tcp, tls, proxies: Proxies::new(&config.trusted_proxies), connections: connections() })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Lets everybody in until `stopping`, then waits for those who are inside.
    pub async fn serve(self, router: Router, stopping: CancellationToken) {
        let Self { mut tcp, tls, proxies, connections } = self;
        tracing::info!(connections, "listening; so many connections fit into the descriptors of this process");
        let connections = Arc::new(Semaphore::new(connections));
        let doorstep = Doorstep::new(PLACES, GRACE);
        let inside = TaskTracker::new();
        let accepting = async {
            loop {
                let connection = a_connection(&connections).await;
                // Waits and tries again on errors such as too many open files.
                let (stream, peer) = Listener::accept(&mut tcp).await;
                let place = doorstep.place().await;
                let visit = Visit {
                    router: router.clone(),
                    peer,
                    proxies: proxies.clone(),
                    place: Arc::new(place),
                    stopping: stopping.clone(),
                };
                inside.spawn(visit.receive(stream, tls.clone(), connection));
            }
        };
        tokio::select! {
            () = accepting => {}
            () = stopping.cancelled() => {}
        }
        drop(tcp);
        inside.close();
        inside.wait().await;
    }
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doors").field("tcp", &self.tcp).field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// How many connections fit into the descriptors that the system gives, having asked for as many as it may.
fn connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        let most = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        match setrlimit(Resource::Nofile, most) {
            Ok(()) => limit = most,
            Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
        }
    }
    let descriptors = limit.current.unwrap_or(u64::MAX);
    // At least one, even where almost nothing is given.
    let connections = descriptors.saturating_sub(DESCRIPTORS_KEPT).max(1);
    usize::try_from(connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

async fn a_connection(connections: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    if let Ok(connection) = connections.clone().try_acquire_owned() {
        return connection;
    }
    counters::count(Reason::Busy);
    tracing::error!("as many connections as there may be files; nobody else gets in: raise the limit of open files");
    connections.clone().acquire_owned().await.expect("nobody closes it")
}

/// Somebody on the doorstep, as a request's extension. Whoever proves who they are gives back the place by dropping this.
#[derive(Clone, Debug)]
pub struct Guest {
    pub place: Arc<Place>,
    pub inflow: Inflow,
}

struct Visit {
    router: Router,
    peer: SocketAddr,
    proxies: Proxies,
    place: Arc<Place>,
    stopping: CancellationToken,
}

impl Visit {
    async fn receive(self, stream: TcpStream, tls: Option<TlsAcceptor>, connection: OwnedSemaphorePermit) {
        prepare(&stream);
        let came = CancellationToken::new();
        let inflow = Inflow::default();
        let head_limit = tokio::time::sleep(HEAD_LIMIT);
        let talk = async {
            match tls {
                None => self.talk(stream, &inflow, &came, connection).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => self.talk(stream, &inflow, &came, connection).await,
                    Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
                },
            }
        };
        tokio::pin!(talk);
        tokio::select! {
            () = &mut talk => return,
            () = came.cancelled() => {}
            () = head_limit => {
                if inflow.has_begun() {
                    counters::count(Reason::TooSlow);
                }
                return;
            }
            () = self.place.is_needed() => return counters::count(Reason::Busy),
        }
        talk.await;
    }

    /// Requests, one after the other; `came` tells of the first.
    async fn talk<Stream>(
        &self,
        stream: Stream,
        inflow: &Inflow,
        came: &CancellationToken,
        connection: OwnedSemaphorePermit,
    ) where
        Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let answer = service_fn(|request: Request<Incoming>| {
            came.cancel();
            let mut request = request.map(|body| Body::new(InTime::new(body)));
            let visitor = self.proxies.visitor(self.peer.ip(), request.headers());
            request.extensions_mut().insert(visitor);
            request.extensions_mut().insert(Guest { place: self.place.clone(), inflow: inflow.clone() });
            self.router.clone().call(request)
        });
        let wire = TokioIo::new(Wire::new(stream, inflow.clone(), connection));
        let talk = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE_LIMIT)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(wire, answer)
            .with_upgrades();
        tokio::pin!(talk);
        tokio::select! {
            ended = &mut talk => return told(ended),
            () = self.stopping.cancelled() => {}
            () = async { came.cancelled().await; self.place.is_needed().await } => counters::count(Reason::Busy),
        }
        talk.as_mut().graceful_shutdown();
        if let Ok(ended) = tokio::time::timeout(GOODBYE_LIMIT, talk).await {
            told(ended);
        }
    }
}

fn told(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

fn prepare(stream: &TcpStream) {
    // What is written goes out at once. Otherwise *checked*, soon after *stored*, waits until the phone's system has acknowledged
    // the packet before it: some 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection will be slower than it could be");
    }
    // Also of an answer over HTTP that nobody reads.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, UNTAKEN_MS) {
        tracing::debug!(%error, "a connection that takes no answer will stay longer than it should");
    }
}
