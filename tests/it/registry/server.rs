//! The threads of the fake registry: connections, and the way of a request through it.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::auth::{Auth, Tokens};
use super::fault::Rule;
use super::http::{Delivery, Request, Response, read_request, write_response};
use super::protocol;
use super::state::State;

/// What the threads share.
pub(crate) struct Shared {
    /// Scheme and host.
    pub(crate) base: String,
    pub(crate) state: Mutex<State>,
    pub(crate) rules: Mutex<Vec<Rule>>,
    pub(crate) journal: Mutex<Vec<Entry>>,
    pub(crate) tokens: Mutex<Tokens>,
    pub(crate) stopped: AtomicBool,
    pub(crate) connections: AtomicUsize,
    auth: Auth,
    tls: Option<Arc<rustls::ServerConfig>>,
    sockets: Mutex<Vec<TcpStream>>,
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
}

/// Locks, whether or not a thread died with the lock: the tests see what happened anyway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(
        address: SocketAddr,
        auth: Auth,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self {
            base: format!("{scheme}://{address}"),
            state: Mutex::default(),
            rules: Mutex::default(),
            journal: Mutex::default(),
            tokens: Mutex::default(),
            stopped: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            auth,
            tls,
            sockets: Mutex::default(),
        }
    }

    pub(crate) fn close_connections(&self) {
        for socket in lock(&self.sockets).drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

/// Takes connections until it is stopped, then ends them all.
pub(crate) fn serve(shared: &Arc<Shared>, listener: &TcpListener) {
    let mut threads = Vec::new();
    for socket in listener.incoming() {
        if shared.is_stopped() {
            break;
        }
        let Ok(socket) = socket else { continue };
        let _ = socket.set_nodelay(true);
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        if let Ok(clone) = socket.try_clone() {
            lock(&shared.sockets).push(clone);
        }
        let shared = Arc::clone(shared);
        threads.push(std::thread::spawn(move || {
            connection(&shared, socket, number);
        }));
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
    let _ = match shared.tls.clone() {
        None => converse(shared, socket, number),
        Some(_) if !is_tls(&socket) => (&socket).write_all(PLAIN_TO_TLS),
        Some(config) => rustls::ServerConnection::new(config)
            .map_err(io::Error::other)
            .and_then(|tls| converse(shared, rustls::StreamOwned::new(tls, socket), number)),
    };
    if let Ok(raw) = raw {
        let _ = raw.shutdown(Shutdown::Both);
    }
}

/// What Go's servers say to plain HTTP on a port for TLS.
const PLAIN_TO_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

fn is_tls(socket: &TcpStream) -> bool {
    let mut first = [0x16];
    socket.peek(&mut first).is_ok() && first == [0x16]
}

fn converse<S: Read + Write>(shared: &Shared, stream: S, number: usize) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = match read_request(&mut stream) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return stream.get_mut().write_all(
                    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                );
            }
            Err(error) => return Err(error),
        };
        let closes = request
            .header("Connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let head = request.method == "HEAD";
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
        });
        let Some(response) = response else {
            return Ok(());
        };
        delivery.head = head;
        delivery.close |= closes;
        let stopped = || shared.is_stopped();
        write_response(stream.get_mut(), &response, &delivery, &stopped)?;
        if delivery.close {
            return Ok(());
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
    rule.answer(request, &mut state, &mut usual)
}
