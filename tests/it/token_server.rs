//! A token server for a real registry: checks a password and signs JSON Web Tokens.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::io::BufReader;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::registry::{Delivery, Request, Response, parse_scope, read_request, write_response};
use crate::tls;

/// The `issuer` that the registry is told to believe.
pub(crate) const ISSUER: &str = "token server of the tests";
/// The `service` of the registry.
pub(crate) const SERVICE: &str = "registry of the tests";
/// The only user, as in `tests/data/tls/htpasswd`.
pub(crate) const USER: &str = "ann";
pub(crate) const PASSWORD: &str = "secret";

/// A running token server; it stops when it is dropped.
pub(crate) struct TokenServer {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TokenServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    break;
                }
                if let Ok(stream) = stream {
                    std::thread::spawn(move || converse(stream));
                }
            }
        });
        Self {
            address,
            stopped,
            thread: Some(thread),
        }
    }

    /// The `realm` of the registry.
    pub(crate) fn realm(&self) -> String {
        format!("http://{}/token", self.address)
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers one request; the thread ends with it or soon after.
fn converse(stream: TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut stream = BufReader::new(stream);
    if let Ok(Some(request)) = read_request(&mut stream) {
        let delivery = Delivery {
            close: true,
            ..Delivery::default()
        };
        let _ = write_response(stream.get_mut(), &answer(&request), &delivery, &|| false);
    }
}

fn answer(request: &Request) -> Response {
    let refused = |status| Response::error(status, "UNAUTHORIZED", "refused", &Value::Null);
    if request.method != "GET" || request.path() != "/token" {
        return refused(404);
    }
    let login = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let is_user = match request.header("Authorization") {
        None => false,
        Some(value) if value == format!("Basic {login}") => true,
        Some(_) => return refused(401),
    };
    let mut access = Vec::new();
    for (name, value) in request.parameters() {
        match name.as_str() {
            "service" if value != SERVICE => return refused(400),
            "scope" => {
                for scope in value.split(' ') {
                    let Some((name, actions)) = parse_scope(scope) else {
                        return refused(400);
                    };
                    let actions = if is_user { actions } else { Vec::new() };
                    access.push(json!({"type": "repository", "name": name, "actions": actions}));
                }
            }
            _ => {}
        }
    }
    let body = json!({"token": jwt(&access), "expires_in": 300});
    Response::new(200, "application/json", body.to_string())
}

fn jwt(access: &[Value]) -> String {
    let certificate = STANDARD.encode(tls::der("token.crt"));
    let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [certificate]});
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = json!({
        "iss": ISSUER,
        "sub": USER,
        "aud": SERVICE,
        "exp": now.as_secs() + 300,
        "nbf": now.as_secs() - 10,
        "iat": now.as_secs(),
        "jti": now.as_nanos().to_string(),
        "access": access,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::from_pkcs8(algorithm, &tls::der("token.key"), &random).unwrap();
    let signature = key.sign(&random, signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
