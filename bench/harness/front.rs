//! The front of a server: takes connections, TLS or plain, passes requests on to the server behind it, and counts both.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::relay;

/// A moment worth a line in a trace.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Connected,
    Secured,
    Asked,
    Answered,
}

/// What came through.
#[derive(Default)]
pub(crate) struct Counts {
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    requests: AtomicUsize,
    events: Mutex<Vec<(Instant, Event)>>,
    is_traced: AtomicBool,
}

impl Counts {
    /// Connections, the most of them open at once, and requests since the last call.
    pub(crate) fn take(&self) -> (usize, usize, usize) {
        (
            self.connections.swap(0, Ordering::SeqCst),
            self.most_open.swap(0, Ordering::SeqCst),
            self.requests.swap(0, Ordering::SeqCst),
        )
    }

    /// Whether no connection is open.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    /// From now on moments are kept.
    pub(crate) fn trace(&self) {
        self.is_traced.store(true, Ordering::SeqCst);
    }

    /// The moments kept so far.
    pub(crate) fn events(&self) -> Vec<(Instant, Event)> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *events)
    }

    pub(crate) fn opened(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(open, Ordering::SeqCst);
        self.note(|| Event::Connected);
    }

    pub(crate) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    fn note(&self, event: impl FnOnce() -> Event) {
        if self.is_traced.load(Ordering::SeqCst) {
            let now = Instant::now();
            let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
            events.push((now, event()));
        }
    }
}

/// Connections to the server behind that wait for the next request. A new one for each client would
/// be counted as the client's time.
type Kept = Mutex<Vec<BufReader<TcpStream>>>;

/// A port that leads to a server.
pub(crate) struct Front {
    pub(crate) counts: Arc<Counts>,
    port: u16,
    stops: Vec<(SocketAddr, Arc<AtomicBool>)>,
}

impl Front {
    /// Starts one at an address; with a round-trip time, a relay stands before it. Where it leads is
    /// said later.
    pub(crate) fn start(
        at: IpAddr,
        rtt: Duration,
        tls: Option<Arc<ServerConfig>>,
        upstream: Arc<Mutex<Option<SocketAddr>>>,
    ) -> io::Result<Self> {
        let counts = Arc::new(Counts::default());
        let counted_here = rtt.is_zero();
        let shared = Arc::clone(&counts);
        let kept = Kept::default();
        let (address, stop) = listen(at, move |stream| {
            let Some(upstream) = *upstream.lock().unwrap_or_else(PoisonError::into_inner) else {
                return;
            };
            if counted_here {
                shared.opened();
            }
            // A client that goes away is no failure.
            let _ = converse(stream, tls.clone(), upstream, &kept, &shared);
            if counted_here {
                shared.closed();
            }
        })?;
        let mut front = Self {
            counts: Arc::clone(&counts),
            port: address.port(),
            stops: vec![(address, stop)],
        };
        if !counted_here {
            let (outer, stop) = listen(at, move |stream| {
                counts.opened();
                let _ = relay::relay(stream, address, rtt);
                counts.closed();
            })?;
            front.port = outer.port();
            front.stops.push((outer, stop));
        }
        Ok(front)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        for (address, stop) in &self.stops {
            stop.store(true, Ordering::SeqCst);
            let _ = TcpStream::connect(address);
        }
    }
}

/// Listens on a free port, each connection in a thread of its own, until told to stop.
fn listen(
    at: IpAddr,
    serve: impl Fn(TcpStream) + Send + Sync + 'static,
) -> io::Result<(SocketAddr, Arc<AtomicBool>)> {
    let listener = TcpListener::bind((at, 0))?;
    let address = listener.local_addr()?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if stopped.load(Ordering::SeqCst) {
                break;
            }
            if let Ok(stream) = stream {
                let _ = stream.set_nodelay(true);
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(stream));
            }
        }
    });
    Ok((address, stop))
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn converse(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    upstream: SocketAddr,
    kept: &Kept,
    counts: &Counts,
) -> io::Result<()> {
    let mut first = [0];
    let is_tls_hello = stream.peek(&mut first)? == 1 && first == [0x16];
    let stream: Box<dyn Stream> = match (tls, is_tls_hello) {
        (None, false) => Box::new(stream),
        (Some(config), true) => {
            let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
            while session.is_handshaking() {
                session.complete_io(&mut stream)?;
            }
            counts.note(|| Event::Secured);
            Box::new(StreamOwned::new(session, stream))
        }
        // Plain to a TLS port or the other way about: answered as Go's servers do.
        (_, _) => {
            let _ = stream.read(&mut [0; 4096])?;
            return stream.write_all(
                b"HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
            );
        }
    };
    let mut client = BufReader::new(stream);
    while let Some(request) = message(&mut client, false)? {
        counts.requests.fetch_add(1, Ordering::SeqCst);
        counts.note(|| Event::Asked);
        let waiting = kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut server = match waiting {
            Some(server) => server,
            None => {
                let server = TcpStream::connect(upstream)?;
                server.set_nodelay(true)?;
                BufReader::new(server)
            }
        };
        server.get_mut().write_all(&request.bytes)?;
        let is_head = request.start.starts_with("HEAD ");
        let answer = message(&mut server, is_head)?
            .ok_or_else(|| io::Error::other("the server closed without an answer"))?;
        // Before it is sent, as the client may be quicker than this thread.
        counts.note(|| Event::Answered);
        client.get_mut().write_all(&answer.bytes)?;
        client.get_mut().flush()?;
        if !answer.closes {
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(server);
        }
        if request.closes {
            break;
        }
    }
    Ok(())
}

/// A request or an answer, whole.
struct Message {
    start: String,
    bytes: Vec<u8>,
    closes: bool,
}

/// Reads one; `None` at the end. `Connection: close` is for this hop only and not passed on.
fn message(reader: &mut impl BufRead, is_bare: bool) -> io::Result<Option<Message>> {
    let mut start = String::new();
    if reader.read_line(&mut start)? == 0 {
        return Ok(None);
    }
    let mut bytes = start.clone().into_bytes();
    let (mut length, mut is_chunked, mut closes) = (0, false, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let lower = line.trim().to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        is_chunked |= lower == "transfer-encoding: chunked";
        if lower == "connection: close" {
            closes = true;
            continue;
        }
        bytes.extend_from_slice(line.as_bytes());
        if lower.is_empty() {
            break;
        }
    }
    let has_no_body = is_bare || start.contains(" 204 ") || start.contains(" 304 ");
    if !has_no_body && is_chunked {
        chunks(reader, &mut bytes)?;
    } else if !has_no_body {
        reader.take(length).read_to_end(&mut bytes)?;
    }
    Ok(Some(Message {
        start: start.trim().to_owned(),
        bytes,
        closes,
    }))
}

fn chunks(reader: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        bytes.extend_from_slice(line.as_bytes());
        let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        // The chunk and the line end after it.
        reader.take(size + 2).read_to_end(bytes)?;
        if size == 0 {
            return Ok(());
        }
    }
}
