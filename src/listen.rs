//! Listening: plain, or TLS in process. A phone in a browser needs TLS (WebCrypto works only in a secure context),
//! except on localhost.

use std::fs::File;
use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// A peer that has not finished its handshake by then is not a phone.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Handshakes finished and not yet picked up.
const BACKLOG_CONNECTIONS: usize = 128;

/// The open port, plain or TLS.
#[derive(Debug)]
pub enum Doors {
    Plain(TcpListener),
    Tls(TlsListener),
}

impl Doors {
    /// # Errors
    /// A port that is taken, or a certificate or key that cannot be used: which one, and what to do.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let address = config.listen;
        let tcp = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; another program may hold the port: choose another with DERWENT_LISTEN")
        })?;
        Ok(match (&config.tls_cert, &config.tls_key) {
            (Some(certificate), Some(key)) => Self::Tls(TlsListener::start(tcp, certificate, key)?),
            _ => Self::Plain(tcp),
        })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(tcp) => tcp.local_addr(),
            Self::Tls(tls) => tls.local_addr(),
        }
    }

    /// Lets everybody in until `stopping`, then waits for those who are inside.
    pub async fn serve(self, router: Router, stopping: CancellationToken) -> io::Result<()> {
        let service = router.into_make_service_with_connect_info::<Peer>();
        let stopping = stopping.cancelled_owned();
        match self {
            Self::Plain(tcp) => axum::serve(PlainListener(tcp), service).with_graceful_shutdown(stopping).await,
            Self::Tls(tls) => axum::serve(tls, service).with_graceful_shutdown(stopping).await,
        }
    }
}

/// Who is at the other end of a connection: a browser, a phone, or a proxy of ours.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, PlainListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, PlainListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// What is written goes out at once. Otherwise *checked*, soon after *stored*, waits until the phone's system has acknowledged
/// the packet before it: some 40 ms.
fn at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection will be slower than it could be");
    }
}

#[derive(Debug)]
struct PlainListener(TcpListener);

impl Listener for PlainListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        at_once(&stream);
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// Takes TLS connections, each handshake in a task of its own, so that a slow one keeps nobody waiting.
#[derive(Debug)]
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    local: SocketAddr,
}

impl TlsListener {
    fn start(tcp: TcpListener, certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(tls_config(certificate, key)?));
        let local = tcp.local_addr().context("the listening socket has no address")?;
        let (sender, ready) = mpsc::channel(BACKLOG_CONNECTIONS);
        tokio::spawn(async move {
            let mut tcp = tcp;
            loop {
                // `Listener::accept` waits and tries again on errors such as too many open files.
                let (stream, peer) = tokio::select! {
                    accepted = Listener::accept(&mut tcp) => accepted,
                    () = sender.closed() => return,
                };
                at_once(&stream);
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
                        // The service is ending when nobody receives.
                        Ok(Ok(stream)) => drop(sender.send((stream, peer)).await),
                        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                        Err(_) => tracing::debug!("a TLS handshake took longer than {HANDSHAKE_LIMIT:?}"),
                    }
                });
            }
        });
        Ok(Self { ready, local })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            // The accepting task lives as long as this receiver.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.local)
    }
}

fn tls_config(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let open = |path: &Path, what: &str| {
        File::open(path)
            .map(BufReader::new)
            .with_context(|| format!("cannot read the {what} {}; correct the path or its permissions", path.display()))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_reader_iter(open(certificate, "certificate")?)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} holds no certificate in PEM form", certificate.display()))?;
    let private_key = PrivateKeyDer::from_pem_reader(open(key, "private key")?)
        .with_context(|| format!("{} holds no private key in PEM form", key.display()))?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private_key).with_context(|| {
            format!("the certificate {} and the key {} do not belong together", certificate.display(), key.display())
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
