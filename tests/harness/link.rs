//! The line between two ends of a test, as a process of nobody: it carries each connection to one of the places it leads to, and
//! cuts it where the test says. It stands still while what it leads to comes and goes, so it is also the service's address.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;

/// Towards what the link leads to, or back from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    There,
    Back,
}

/// Where one connection ends: when so much has gone one way. What went is still delivered.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    AfterBytes(Way, usize),
    /// The head of the HTTP request or answer, then WebSocket frames: each is one.
    AfterMessages(Way, usize),
}

#[derive(Clone, Debug)]
pub enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

type Weather = Box<dyn FnMut(&mut Rng) -> Option<Cut> + Send>;

#[derive(Clone)]
pub struct Link {
    inside: Arc<Inside>,
    /// `http://localhost:PORT`; of a link over Unix sockets: empty.
    pub origin: String,
}

struct Inside {
    leads_to: Mutex<Vec<Place>>,
    weather: Mutex<(Rng, Weather)>,
    /// Changes when everything that stands is cut.
    storms: watch::Sender<()>,
    carried: AtomicUsize,
    cut: AtomicUsize,
}

impl Link {
    /// Over TCP on loopback, in clear weather, leading nowhere yet.
    pub async fn open(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://localhost:{}", listener.local_addr().expect("an address").port());
        let inside = Inside::new(seed);
        let carrying = Arc::clone(&inside);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(Arc::clone(&carrying).carry(stream));
            }
        });
        Self { inside, origin }
    }

    /// Over a Unix socket.
    pub fn open_at(socket: &Path, seed: u64) -> Self {
        let listener = UnixListener::bind(socket).expect("a socket");
        let inside = Inside::new(seed);
        let carrying = Arc::clone(&inside);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&carrying).carry(stream));
            }
        });
        Self { inside, origin: String::new() }
    }

    /// From now on each new connection goes to one of these, by chance.
    pub fn lead_to(&self, places: Vec<Place>) {
        *locked(&self.inside.leads_to) = places;
    }

    /// Decides for each new connection whether and where it is cut.
    pub fn weather(&self, weather: impl FnMut(&mut Rng) -> Option<Cut> + Send + 'static) {
        locked(&self.inside.weather).1 = Box::new(weather);
    }

    pub fn clear(&self) {
        self.weather(|_| None);
    }

    /// Cuts every connection that stands.
    pub fn cut_all(&self) {
        self.inside.storms.send_replace(());
    }

    /// Connections carried so far, and how many of them were cut.
    pub fn counts(&self) -> (usize, usize) {
        (self.inside.carried.load(Ordering::Relaxed), self.inside.cut.load(Ordering::Relaxed))
    }
}

impl Inside {
    fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            leads_to: Mutex::default(),
            weather: Mutex::new((Rng::with_seed(seed), Box::new(|_| None))),
            storms: watch::channel(()).0,
            carried: AtomicUsize::new(0),
            cut: AtomicUsize::new(0),
        })
    }

    async fn carry<S: AsyncRead + AsyncWrite + Unpin>(self: Arc<Self>, near: S) {
        let mut storms = self.storms.subscribe();
        let (place, cut) = {
            let (rng, weather) = &mut *locked(&self.weather);
            (rng.choice(&*locked(&self.leads_to)).cloned(), weather(rng))
        };
        self.carried.fetch_add(1, Ordering::Relaxed);
        let was_cut = match place {
            Some(Place::Tcp(address)) => match TcpStream::connect(address).await {
                Ok(far) => {
                    let _ = far.set_nodelay(true);
                    pump_both(near, far, cut, &mut storms).await
                }
                Err(_) => false,
            },
            Some(Place::Unix(path)) => match UnixStream::connect(path).await {
                Ok(far) => pump_both(near, far, cut, &mut storms).await,
                Err(_) => false,
            },
            None => false,
        };
        self.cut.fetch_add(usize::from(was_cut), Ordering::Relaxed);
    }
}

/// True if the link cut it; false if one of the ends ended it.
async fn pump_both(
    near: impl AsyncRead + AsyncWrite,
    far: impl AsyncRead + AsyncWrite,
    cut: Option<Cut>,
    storms: &mut watch::Receiver<()>,
) -> bool {
    let (near_read, near_write) = tokio::io::split(near);
    let (far_read, far_write) = tokio::io::split(far);
    tokio::select! {
        was_cut = pump(near_read, far_write, Meter::of(cut, Way::There)) => was_cut,
        was_cut = pump(far_read, near_write, Meter::of(cut, Way::Back)) => was_cut,
        stormed = storms.changed() => stormed.is_ok(),
    }
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut meter: Meter) -> bool {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if meter.is_full() {
            return true;
        }
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return false };
        let pass = meter.pass(&buffer[..read]);
        if to.write_all(&buffer[..pass]).await.is_err() {
            return false;
        }
    }
}

/// How much may still go this way.
enum Meter {
    All,
    Bytes(usize),
    Messages(usize, Message),
}

impl Meter {
    fn of(cut: Option<Cut>, way: Way) -> Self {
        match cut {
            Some(Cut::AfterBytes(of, bytes)) if of == way => Self::Bytes(bytes),
            Some(Cut::AfterMessages(of, messages)) if of == way => Self::Messages(messages, Message::Head(0)),
            _ => Self::All,
        }
    }

    fn is_full(&self) -> bool {
        matches!(self, Self::Bytes(0) | Self::Messages(0, _))
    }

    /// How many of these bytes go on.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::All => bytes.len(),
            Self::Bytes(left) => {
                let pass = bytes.len().min(*left);
                *left -= pass;
                pass
            }
            Self::Messages(left, message) => {
                for (at, byte) in bytes.iter().enumerate() {
                    if message.ends_with(*byte) {
                        *left -= 1;
                        if *left == 0 {
                            return at + 1;
                        }
                    }
                }
                bytes.len()
            }
        }
    }
}

/// How far a message has been seen.
enum Message {
    /// So many bytes of the empty line that ends an HTTP head.
    Head(usize),
    FrameHeader(Vec<u8>),
    FrameBody(usize),
}

impl Message {
    fn ends_with(&mut self, byte: u8) -> bool {
        const END: &[u8] = b"\r\n\r\n";
        match self {
            Self::Head(seen) => {
                *seen = if byte == END[*seen] { *seen + 1 } else { usize::from(byte == END[0]) };
                if *seen < END.len() {
                    return false;
                }
            }
            Self::FrameHeader(header) => {
                header.push(byte);
                match body_length(header) {
                    None => return false,
                    Some(0) => {}
                    Some(length) => {
                        *self = Self::FrameBody(length);
                        return false;
                    }
                }
            }
            Self::FrameBody(left) => {
                *left -= 1;
                if *left > 0 {
                    return false;
                }
            }
        }
        *self = Self::FrameHeader(Vec::new());
        true
    }
}

/// RFC 6455, section 5.2: the length once the header, mask included, is complete.
fn body_length(header: &[u8]) -> Option<usize> {
    let second = *header.get(1)?;
    let long = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    if header.len() < 2 + long + mask {
        return None;
    }
    Some(match long {
        0 => usize::from(second & 0x7f),
        _ => header[2..2 + long].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_cut_falls_behind_the_head_or_a_frame_however_the_bytes_come() {
    let head = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let small = [&[0x81, 0x83, 1, 2, 3, 4][..], b"abc"].concat();
    let large = [&[0x81, 126, 1, 0][..], &[7; 256]].concat();
    let empty = [0x89, 0];
    let ends = [head.len(), head.len() + small.len(), head.len() + small.len() + large.len()];
    let all = [&head[..], &small, &large, &empty].concat();
    for (messages, end) in ends.into_iter().chain([all.len()]).enumerate() {
        for chunk in [1, 5, all.len()] {
            let mut meter = Meter::of(Some(Cut::AfterMessages(Way::There, messages + 1)), Way::There);
            let mut passed = 0;
            for bytes in all.chunks(chunk) {
                passed += if meter.is_full() { 0 } else { meter.pass(bytes) };
            }
            assert_eq!(passed, end, "after {} messages, {chunk} bytes at a time", messages + 1);
        }
    }
}
