//! A fake registry in this process: distribution 2.8 as long as no rule says otherwise.
//!
//! Example programs take it in by `#[path]`, so it needs no other module of the tests.
#![allow(dead_code, reason = "not every user of it uses all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics is a test that fails"
)]

mod auth;
mod bodies;
mod fault;
mod forget;
mod http;
mod parrot;
#[allow(
    clippy::too_many_lines,
    reason = "it is one step after the other, as the specification has them"
)]
mod protocol;
mod server;
mod state;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use auth::{Auth, Scheme};
use fault::{Rule, Script};
use server::{Shared, lock};
use state::Missing;

#[allow(unused_imports, reason = "not every user of it uses all of it")]
pub(crate) use {
    auth::parse_scope,
    bodies::{BODIES, Refusal, To},
    fault::Fault,
    forget::Forgets,
    http::{Delivery, Request, Response, read_request, write_response},
    server::Entry,
    state::State,
};

/// A running registry; it stops when it is dropped.
pub(crate) struct Registry {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

/// How a registry is to be.
pub(crate) struct Builder {
    auth: Auth,
    tls: Option<Arc<rustls::ServerConfig>>,
    address: IpAddr,
    state: Arc<Mutex<State>>,
    keeps_port: bool,
    is_unspecified: bool,
}

impl Builder {
    /// Nobody is asked for a login. The default.
    pub(crate) fn anonymous(mut self) -> Self {
        self.auth.scheme = Scheme::Anonymous;
        self
    }

    /// `Basic` login.
    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        self.login(Scheme::Basic, user, password)
    }

    /// `Bearer` tokens from `/token` of the same server; the password is also taken as an
    /// identity token.
    pub(crate) fn token(self, user: &str, password: &str) -> Self {
        self.login(Scheme::Token, user, password)
    }

    fn login(mut self, scheme: Scheme, user: &str, password: &str) -> Self {
        self.auth.scheme = scheme;
        user.clone_into(&mut self.auth.user);
        password.clone_into(&mut self.auth.password);
        self
    }

    /// Anybody may read.
    pub(crate) fn anonymous_pull(mut self) -> Self {
        self.auth.anonymous_pull = true;
        self
    }

    /// Anybody may read, and is not even asked for a token.
    pub(crate) fn open_pull(mut self) -> Self {
        self.auth.open_pull = true;
        self
    }

    /// The user may not write.
    pub(crate) fn read_only(mut self) -> Self {
        self.auth.read_only = true;
        self
    }

    /// Answers who brings no login with this status, and asks for one at `/v2/` only.
    pub(crate) fn hides(mut self, status: u16) -> Self {
        self.auth.hides = Some(status);
        self
    }

    /// How many seconds a token lives; `None`: for ever, and the token server does not say it.
    pub(crate) fn expires_in(mut self, seconds: Option<u64>) -> Self {
        self.auth.expires_in = seconds;
        self
    }

    /// Names another token server in challenges.
    pub(crate) fn realm(mut self, url: &str) -> Self {
        self.auth.realm = Some(url.to_owned());
        self
    }

    /// The token stands in `access_token` instead of `token`.
    pub(crate) fn access_token(mut self) -> Self {
        self.auth.field = "access_token";
        self
    }

    /// Speaks TLS.
    pub(crate) fn tls(mut self, config: Arc<rustls::ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Listens at `[::1]` instead of `127.0.0.1`.
    pub(crate) fn ipv6(mut self) -> Self {
        self.address = Ipv6Addr::LOCALHOST.into();
        self
    }

    /// Holds what another one holds: what is written to one is in the other.
    pub(crate) fn twin_of(mut self, other: &Registry) -> Self {
        self.state = Arc::clone(&other.shared.state);
        self
    }

    /// Listens at a port that the system gives to nobody else, for one that will leave.
    pub(crate) fn at_own_port(mut self) -> Self {
        self.keeps_port = true;
        self
    }

    /// Is called `0.0.0.0`. To the system that is this machine, so that it is reached; to the
    /// program it is an address like any other, and not one that needs no proxy.
    pub(crate) fn unspecified(mut self) -> Self {
        self.is_unspecified = true;
        self
    }

    /// Starts it on a free port.
    pub(crate) fn start(self) -> Registry {
        let listener = match self.keeps_port {
            true => listen_aside(self.address),
            false => TcpListener::bind((self.address, 0)).unwrap(),
        };
        let address = listener.local_addr().unwrap();
        let name = match self.is_unspecified {
            true => format!("{}:{}", Ipv4Addr::UNSPECIFIED, address.port()),
            false => address.to_string(),
        };
        let shared = Shared::new(&name, address, self.auth, self.tls, self.state);
        let shared = Arc::new(shared);
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || server::serve(&shared, listener))
        };
        Registry {
            shared,
            address,
            thread: Some(thread),
        }
    }
}

/// Listens at a port that the system gives to nobody else: below those that it chooses from.
pub(crate) fn listen_aside(address: IpAddr) -> TcpListener {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Other processes begin elsewhere.
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    let nth = |_| start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000 + 20_000;
    let mut listeners = (0..10_000)
        .map(nth)
        .filter_map(|port| TcpListener::bind((address, port)).ok());
    listeners.next().unwrap()
}

impl Registry {
    /// An anonymous registry over plain HTTP.
    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    pub(crate) fn builder() -> Builder {
        Builder {
            auth: Auth::anonymous(),
            tls: None,
            address: Ipv4Addr::LOCALHOST.into(),
            state: Arc::default(),
            keeps_port: false,
            is_unspecified: false,
        }
    }

    /// `127.0.0.1:PORT`, the registry's name in references.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`, or with `https`, or as it is called.
    pub(crate) fn url(&self) -> &str {
        &self.shared.base
    }

    /// Looks at the state or changes it, while all requests wait.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut lock(&self.shared.state))
    }

    /// Stores a manifest unchecked and returns its digest.
    pub(crate) fn put_manifest(
        &self,
        repository: &str,
        bytes: impl AsRef<[u8]>,
        media_type: &str,
    ) -> String {
        self.with(|state| state.put_manifest(repository, bytes.as_ref(), media_type))
    }

    /// Stores a blob and returns its digest.
    pub(crate) fn put_blob(&self, repository: &str, bytes: impl AsRef<[u8]>) -> String {
        self.with(|state| state.put_blob(repository, bytes.as_ref()))
    }

    /// Points a tag.
    pub(crate) fn tag(&self, repository: &str, tag: &str, digest: &str) {
        self.with(|state| state.tag(repository, tag, digest));
    }

    pub(crate) fn untag(&self, repository: &str, tag: &str) {
        self.with(|state| state.untag(repository, tag));
    }

    /// Where a tag points.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        self.with(|state| state.tagged(repository, tag))
    }

    pub(crate) fn delete_manifest(&self, repository: &str, digest: &str) {
        self.with(|state| state.delete_manifest(repository, digest));
    }

    pub(crate) fn delete_blob(&self, repository: &str, digest: &str) {
        self.with(|state| state.delete_blob(repository, digest));
    }

    /// From now on, refuses to write tags of the repository that exist, in the words of the
    /// table's refusal: `registry.immutable("ns/app", "ecr-immutable")`.
    pub(crate) fn immutable(&self, repository: &str, refusal: &str) {
        self.with(|state| state.repository(repository).immutable = Some(Refusal::named(refusal)));
    }

    /// From now on, does not keep what a tag leaves.
    pub(crate) fn forgets(&self, forgets: Forgets) {
        self.with(|state| state.forgets = Some(forgets));
    }

    /// From now on, refuses an index that lists what is not there in the words of the table's
    /// refusal: `registry.misses_children("gitea-child-missing")`.
    pub(crate) fn misses_children(&self, refusal: &str) {
        self.with(|state| state.missing = Missing::RefusedAs(Refusal::named(refusal)));
    }

    /// From now on, takes an index that lists what is not there, as Pulp, angos and olareg do.
    pub(crate) fn takes_missing_children(&self) {
        self.with(|state| state.missing = Missing::Taken);
    }

    /// Loads what a sample says was in a registry: `file` is its `registry.json` or
    /// `registry-5001.json`. A sample without that file pushed nothing: nothing is loaded.
    pub(crate) fn load_sample(&self, sample: &Path, file: &str) {
        let Ok(text) = std::fs::read_to_string(sample.join(file)) else {
            return;
        };
        let content: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (repository, content) in content.as_object().unwrap() {
            for (digest, media_type) in content["manifests"].as_object().unwrap() {
                let hex = digest.strip_prefix("sha256:").unwrap();
                let path = sample.join("manifests").join(format!("{hex}.json"));
                let bytes = std::fs::read(path).unwrap();
                let put = self.put_manifest(repository, bytes, media_type.as_str().unwrap());
                assert_eq!(&put, digest, "{} is damaged", sample.display());
            }
            for (tag, digest) in content["tags"].as_object().unwrap() {
                self.tag(repository, tag, digest.as_str().unwrap());
            }
        }
    }

    /// Begins a rule about requests of this method (`*`: any) whose path and query contain
    /// `path`: `registry.on("PUT", "/manifests/1").times(2).answer(Fault::DropAfter)`.
    ///
    /// Rules see the requests that are let in, unless `even_unauthorized`; those to `/token`
    /// always are. A rule applies once unless it says how often.
    pub(crate) fn on(&self, method: &str, path: &str) -> Script<'_> {
        Script::new(self, method, path)
    }

    fn add(&self, rule: Rule) {
        lock(&self.shared.rules).push(rule);
    }

    /// The rules that did not apply as often as they were to.
    pub(crate) fn unused_rules(&self) -> Vec<String> {
        let rules = lock(&self.shared.rules);
        rules.iter().filter_map(Rule::unused).collect()
    }

    /// All requests so far.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        lock(&self.shared.journal).clone()
    }

    /// Forgets the requests so far.
    pub(crate) fn forget_journal(&self) {
        self.has_deleted_nothing();
        lock(&self.shared.journal).clear();
    }

    /// How many requests of this method (`*`: any) had `path` in their path or query.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        let journal = lock(&self.shared.journal);
        journal
            .iter()
            .filter(|entry| method == "*" || entry.method == method)
            .filter(|entry| entry.path.contains(path))
            .count()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// From now on, no token that was given out is good any more.
    pub(crate) fn expire_tokens(&self) {
        let mut tokens = lock(&self.shared.tokens);
        for token in tokens.values_mut() {
            token.expires = Some(std::time::Instant::now());
        }
    }

    /// Closes the connections that are open; more may be made.
    pub(crate) fn close_connections(&self) {
        self.shared.close_connections();
    }
}

impl Registry {
    /// Nothing is deleted, whatever a test is about.
    fn has_deleted_nothing(&self) {
        let journal = self.journal();
        let deleted = journal.iter().find(|entry| entry.method == "DELETE");
        assert!(deleted.is_none(), "{deleted:?}");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
        let joined = self.thread.take().map(JoinHandle::join);
        if matches!(joined, Some(Err(_))) && !std::thread::panicking() {
            panic!("the fake registry failed");
        }
        if !std::thread::panicking() {
            self.has_deleted_nothing();
        }
    }
}
