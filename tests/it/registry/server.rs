//! The threads of the fake registry: connections, and the way of a request through it.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::auth::{Auth, Tokens};
use super::fault::{Fault, Rule};
use super::http::{Delivery, Request, Response, read_request, write_response};
use super::protocol;
use super::state::State;

/// What the threads share.
pub(crate) struct Shared {
    /// Scheme and host.
    pub(crate) base: String,
    /// What is held; twins hold it together.
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) rules: Mutex<Vec<Rule>>,
    pub(crate) journal: Mutex<Vec<Entry>>,
    pub(crate) tokens: Mutex<Tokens>,
    pub(crate) stopped: AtomicBool,
    /// Whether it listens no longer.
    left: AtomicBool,
    address: SocketAddr,
    pub(crate) connections: AtomicUsize,
    auth: Auth,
    tls: Mutex<Option<Arc<rustls::ServerConfig>>>,
    sockets: Mutex<BTreeMap<usize, TcpStream>>,
}

/// One request that came, and how it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// 0 if the connection was closed without an answer.
    pub(crate) status: u16,
    /// Which connection it came over, from 1.
    pub(crate) connection: usize,
    /// When it came.
    pub(crate) at: Instant,
}

/// Locks, whether or not a thread died with the lock: the tests see what happened anyway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// `name` is what it is called, with the port.
    pub(crate) fn new(
        name: &str,
        address: SocketAddr,
        auth: Auth,
        tls: Option<Arc<rustls::ServerConfig>>,
        state: Arc<Mutex<State>>,
    ) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self {
            base: format!("{scheme}://{name}"),
            state,
            rules: Mutex::default(),
            journal: Mutex::default(),
            tokens: Mutex::default(),
            stopped: AtomicBool::new(false),
            left: AtomicBool::new(false),
            address,
            connections: AtomicUsize::new(0),
            auth,
            tls: Mutex::new(tls),
            sockets: Mutex::default(),
        }
    }

    pub(crate) fn close_connections(&self) {
        for (_, socket) in std::mem::take(&mut *lock(&self.sockets)) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// What a rule changes for the connections to come, before its answer is sent.
    fn turn(&self, fault: &Fault) {
        match fault {
            Fault::Leave => {
                self.left.store(true, Ordering::SeqCst);
                // Until nobody listens any more: each knock wakes the thread that does.
                while TcpStream::connect(self.address).is_ok() {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
            Fault::Certificate(config) => *lock(&self.tls) = Some(Arc::clone(config)),
            _ => {}
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

/// Takes connections until it is stopped, then ends them all.
pub(crate) fn serve(shared: &Arc<Shared>, listener: TcpListener) {
    let mut threads = Vec::new();
    for socket in listener.incoming() {
        if shared.is_stopped() || shared.left.load(Ordering::SeqCst) {
            break;
        }
        let Ok(socket) = socket else { continue };
        let _ = socket.set_nodelay(true);
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        if let Ok(clone) = socket.try_clone() {
            lock(&shared.sockets).insert(number, clone);
        }
        let shared = Arc::clone(shared);
        threads.push(std::thread::spawn(move || {
            connection(&shared, socket, number);
        }));
    }
    drop(listener);
    while shared.left.load(Ordering::SeqCst) && !shared.is_stopped() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    shared.close_connections();
    let failed = threads
        .into_iter()
        .filter_map(|thread| thread.join().err())
        .count();
    assert_eq!(failed, 0, "threads of the fake registry failed");
}

fn connection(shared: &Shared, socket: TcpStream, number: usize) {
    let raw = socket.try_clone();
    // A client may hang up at any time; what it did is in the journal.
    let tls = lock(&shared.tls).clone();
    let ended = match tls {
        None => converse(shared, socket, number),
        Some(_) if !is_tls(&socket) => (&socket).write_all(PLAIN_TO_TLS).map(|()| End::Closed),
        Some(config) => rustls::ServerConnection::new(config)
            .map_err(io::Error::other)
            .and_then(|tls| converse(shared, rustls::StreamOwned::new(tls, socket), number)),
    };
    let kept = lock(&shared.sockets).remove(&number);
    let Ok(raw) = raw else { return };
    match ended {
        Ok(End::Reset) => reset(raw, kept),
        _ => {
            let _ = raw.shutdown(Shutdown::Both);
        }
    }
}

/// How a connection ends.
enum End {
    Closed,
    Reset,
}

/// Closes the last of a connection so that the client is told of a reset; where the system does
/// not let us, it is closed like any other.
fn reset(raw: TcpStream, kept: Option<TcpStream>) {
    drop(kept);
    #[cfg(unix)]
    let _ = rustix::net::sockopt::set_socket_linger(&raw, Some(std::time::Duration::ZERO));
    drop(raw);
}

/// What Go's servers say to plain HTTP on a port for TLS.
const PLAIN_TO_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

fn is_tls(socket: &TcpStream) -> bool {
    let mut first = [0x16];
    socket.peek(&mut first).is_ok() && first == [0x16]
}

fn converse<S: Read + Write>(shared: &Shared, stream: S, number: usize) -> io::Result<End> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = match read_request(&mut stream) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(End::Closed),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                stream.get_mut().write_all(
                    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                )?;
                return Ok(End::Closed);
            }
            Err(error) => return Err(error),
        };
        let closes = request
            .header("Connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let head = request.method == "HEAD";
        let at = Instant::now();
        let (response, mut delivery) = handle(shared, &request);
        lock(&shared.journal).push(Entry {
            authorization: request.header("Authorization"),
            accept: request.header("Accept"),
            content_type: request.header("Content-Type"),
            method: request.method,
            path: request.target,
            headers: request.headers,
            body: request.body,
            status: response.as_ref().map_or(0, |response| response.status),
            connection: number,
            at,
        });
        let Some(response) = response else {
            return Ok(match delivery.reset {
                true => End::Reset,
                false => End::Closed,
            });
        };
        delivery.head = head;
        delivery.close |= closes;
        let stopped = || shared.is_stopped();
        write_response(stream.get_mut(), &response, &delivery, &stopped)?;
        if delivery.close {
            return Ok(End::Closed);
        }
    }
}

fn handle(shared: &Shared, request: &Request) -> (Option<Response>, Delivery) {
    let is_token = request.path() == "/token";
    let refusal = match is_token {
        true => None,
        false => {
            let tokens = lock(&shared.tokens);
            shared.auth.check(request, &tokens, &shared.base).err()
        }
    };
    let mut usual = |state: &mut State, stale: Option<&str>| match &refusal {
        Some(refusal) => refusal.clone(),
        None if is_token => shared.auth.token(request, &mut lock(&shared.tokens)),
        None => protocol::answer(state, request, &shared.base, stale),
    };
    // The rules stay locked, so that what a rule does is one step.
    let mut rules = lock(&shared.rules);
    let rule = rules
        .iter_mut()
        .find_map(|rule| rule.applies(request, refusal.is_none()).then_some(rule));
    let mut state = lock(&shared.state);
    let Some(rule) = rule else {
        return (Some(usual(&mut state, None)), Delivery::default());
    };
    let answered = rule.answer(request, &mut state, &mut usual);
    rule.turns().for_each(|fault| shared.turn(fault));
    answered
}
