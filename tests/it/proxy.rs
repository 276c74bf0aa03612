//! A proxy for HTTP that knows made-up hosts: tunnels (`CONNECT`) to where the tests want them.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::registry::{Registry, Request, listen_aside, read_request};

/// A running proxy; it stops when it is dropped.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    routes: BTreeMap<String, String>,
    login: Option<String>,
    /// What it answers instead, whatever it is asked for.
    refusal: Mutex<Option<&'static str>>,
    /// Whether it listens no longer.
    left: AtomicBool,
    address: SocketAddr,
    journal: Mutex<Vec<Request>>,
    sockets: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

impl Proxy {
    /// Leads each `host:port` to a registry. Others are answered with 502.
    pub(crate) fn start(routes: &[(&str, &Registry)]) -> Self {
        Self::with_login(routes, None)
    }

    /// The same for those only who bring this `user:password`.
    pub(crate) fn with_login(routes: &[(&str, &Registry)], login: Option<&str>) -> Self {
        let listener = listen_aside(Ipv4Addr::LOCALHOST.into());
        let address = listener.local_addr().unwrap();
        let routes = routes
            .iter()
            .map(|(host, registry)| ((*host).to_owned(), registry.host()));
        let shared = Arc::new(Shared {
            routes: routes.collect(),
            login: login.map(|login| format!("Basic {}", BASE64_STANDARD.encode(login))),
            refusal: Mutex::default(),
            left: AtomicBool::new(false),
            address,
            journal: Mutex::default(),
            sockets: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if [&serving.stopped, &serving.left]
                    .iter()
                    .any(|it| it.load(Ordering::SeqCst))
                {
                    break;
                }
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || {
                    // Either side may hang up at any time.
                    let _ = tunnel(&shared, client);
                });
            }
        });
        Self {
            shared,
            address,
            thread: Some(thread),
        }
    }

    /// What makes it answer so from then on, or listen no longer.
    pub(crate) fn turn(&self, refusal: Option<&'static str>) -> impl Fn() + Send + 'static {
        let shared = Arc::clone(&self.shared);
        move || {
            *shared.refusal.lock().unwrap() = refusal;
            shared.left.store(refusal.is_none(), Ordering::SeqCst);
            // Each knock wakes the thread that listens.
            while refusal.is_none() && TcpStream::connect(shared.address).is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same with a login in it.
    pub(crate) fn url_as(&self, login: &str) -> String {
        format!("http://{login}@{}", self.address)
    }

    /// What was asked of it: `CONNECT host:port`.
    pub(crate) fn journal(&self) -> Vec<Request> {
        self.shared.journal.lock().unwrap().clone()
    }

    /// The places it was asked for, each once.
    pub(crate) fn targets(&self) -> Vec<String> {
        let mut targets: Vec<String> = self
            .journal()
            .into_iter()
            .map(|request| format!("{} {}", request.method, request.target))
            .collect();
        targets.sort();
        targets.dedup();
        targets
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        for socket in self.shared.sockets.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn tunnel(shared: &Shared, client: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let Some(request) = read_request(&mut reader)? else {
        return Ok(());
    };
    shared.journal.lock().unwrap().push(request.clone());
    let mut client = client;
    let mut refuse = |status: &str| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        client.write_all(head.as_bytes())
    };
    if let Some(status) = *shared.refusal.lock().unwrap() {
        return refuse(status);
    }
    if shared.login.is_some() && request.header("Proxy-Authorization") != shared.login {
        return refuse("407 Proxy Authentication Required");
    }
    if request.method != "CONNECT" {
        return refuse("501 Not Implemented");
    }
    let Some(route) = shared.routes.get(&request.target) else {
        return refuse("502 Bad Gateway");
    };
    let Ok(server) = TcpStream::connect(route) else {
        return refuse("502 Bad Gateway");
    };
    let mut sockets = shared.sockets.lock().unwrap();
    sockets.extend([client.try_clone()?, server.try_clone()?]);
    drop(sockets);
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut server = server;
    let copied = io::copy(&mut client, &mut server).map(drop);
    let _ = server.shutdown(Shutdown::Both);
    copied
}
