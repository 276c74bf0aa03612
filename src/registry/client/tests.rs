//! The client against a registry of a few lines: a listener that answers as a function says.

mod answers;
mod at_once;
mod failures;
mod hiding;
mod logins;
mod ways;

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use super::*;
use crate::oci::{MediaType, Reference, Tag};
use crate::registry::Under;
use crate::registry::login::{Login, Secret, Unusable};

/// Virtual time: sleeping only turns the hands.
#[derive(Default)]
struct Hands {
    now: Mutex<Duration>,
}

impl Clock for Hands {
    fn now(&self) -> Duration {
        *lock(&self.now)
    }

    fn sleep(&self, time: Duration) {
        *lock(&self.now) += time;
    }

    fn unix_time(&self) -> u64 {
        1_700_000_000 + self.now().as_secs()
    }
}

/// A request as it came in.
#[derive(Clone, Debug)]
struct Seen {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What goes out, byte for byte; then the connection stays open unless told otherwise.
struct Reply {
    bytes: Vec<u8>,
    closes: bool,
}

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    Reply {
        bytes: format!("{text}\r\n{body}").into_bytes(),
        closes: false,
    }
}

fn ok(body: &str) -> Reply {
    let kind = MediaType::OciIndex.as_str();
    let digest = Digest::of(body.as_bytes()).to_string();
    reply(
        200,
        &[("content-type", kind), ("docker-content-digest", &digest)],
        body,
    )
}

fn hang_up() -> Reply {
    Reply {
        bytes: Vec::new(),
        closes: true,
    }
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#);
    reply(status, &[("content-type", "application/json")], &body)
}

/// The registry. Ends with the test: dropping it closes the door and joins its threads.
struct Fake {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    door: Option<std::thread::JoinHandle<()>>,
}

impl Fake {
    fn new(answer: impl Fn(&Seen, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (connections, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (answer, me) = (Arc::new(answer), address.clone());
        let (kept, counted, stopped) = (
            Arc::clone(&seen),
            Arc::clone(&connections),
            Arc::clone(&stop),
        );
        let door = std::thread::spawn(move || {
            let mut rooms = Vec::new();
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let (answer, kept, me) = (Arc::clone(&answer), Arc::clone(&kept), me.clone());
                let stopped = Arc::clone(&stopped);
                rooms.push(std::thread::spawn(move || {
                    serve(&stream.unwrap(), &stopped, &kept, |seen| answer(seen, &me));
                }));
            }
            for room in rooms {
                room.join().unwrap();
            }
        });
        Self {
            address,
            seen,
            connections,
            stop,
            door: Some(door),
        }
    }

    fn lines(&self) -> Vec<String> {
        lock(&self.seen).iter().map(Seen::line).collect()
    }

    fn count(&self, start: &str) -> usize {
        let lines = self.lines();
        lines.iter().filter(|line| line.starts_with(start)).count()
    }

    fn read(&self, path: &str) -> Read {
        let reference: Reference = format!("{}/{path}", self.address).parse().unwrap();
        Read {
            repository: reference.repository().clone(),
            target: Target::Tag(reference.tag().cloned().unwrap_or_else(Tag::latest)),
            method: Method::Get,
        }
    }

    fn write(&self, path: &str) -> Write {
        let reference: Reference = format!("{}/{path}", self.address).parse().unwrap();
        Write {
            repository: reference.repository().clone(),
            under: Under::Tag(reference.tag().unwrap().clone()),
            media_type: MediaType::OciIndex,
            bytes: b"{}".to_vec(),
            until: Duration::from_secs(86_400),
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(&self.address));
        if let Some(door) = self.door.take() {
            let joined = door.join();
            assert!(joined.is_ok() || std::thread::panicking());
        }
    }
}

fn serve(
    stream: &TcpStream,
    stop: &AtomicBool,
    kept: &Mutex<Vec<Seen>>,
    answer: impl Fn(&Seen) -> Reply,
) {
    let patience = |time: Duration| stream.set_read_timeout(Some(time)).unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        // Wait for the next request, or for the end of the test.
        patience(Duration::from_millis(20));
        match reader.fill_buf() {
            Ok([]) => return,
            Ok(_) => {}
            Err(_) if stop.load(Ordering::SeqCst) => return,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return,
            Err(_) => continue,
        }
        // A machine that is busy may deliver the rest of a request late.
        patience(Duration::from_secs(10));
        let Some(seen) = read_request(&mut reader) else {
            return;
        };
        lock(kept).push(seen.clone());
        let reply = answer(&seen);
        let mut writer = stream;
        if writer.write_all(&reply.bytes).is_err() || reply.closes {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<Seen> {
    let mut line = || {
        let mut text = String::new();
        reader.read_line(&mut text).ok()?;
        Some(text.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let text = line()?;
        let Some((name, value)) = text.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut seen = Seen {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    let length = seen.header("content-length").and_then(|n| n.parse().ok());
    seen.body.resize(length.unwrap_or(0), 0);
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

/// Everything around a client.
struct World {
    hands: Hands,
    lines: Mutex<Vec<String>>,
    settings: Settings,
    logins: Vec<Result<Login, String>>,
}

fn world() -> World {
    World {
        hands: Hands::default(),
        lines: Mutex::default(),
        settings: Settings {
            write: false,
            plain_http: BTreeSet::new(),
            ca_file: None,
            ca_files: Vec::new(),
            environment: Environment::default(),
            concurrency: 4,
            deadline: Duration::from_secs(300),
        },
        logins: Vec::new(),
    }
}

fn password(source: &str) -> Result<Login, String> {
    Ok(Login {
        source: source.to_owned(),
        secret: Secret::Password {
            username: source.to_owned(),
            password: format!("{source}-secret"),
        },
    })
}

impl World {
    fn run<T>(&self, act: impl FnOnce(&Client<'_>) -> T) -> T {
        let logins = self.logins.clone();
        let log = |line: &str| lock(&self.lines).push(line.to_owned());
        let nth = move |_: &Repository, nth: usize| {
            let login = logins.get(nth).cloned()?;
            Some(login.map_err(Unusable::from))
        };
        let client = Client::with(self.settings.clone(), Box::new(nth), &self.hands, &log).unwrap();
        let result = act(&client);
        drop(client);
        for line in lock(&self.lines).iter() {
            assert!(
                !line.contains("secret") && !line.contains("Bearer"),
                "{line}"
            );
        }
        result
    }

    fn read(&self, read: Read) -> Result<Answer, Error> {
        self.run(|client| client.read(&[read]).remove(0))
    }
}

fn basic(source: &str) -> String {
    use base64::Engine as _;
    let text = format!("{source}:{source}-secret");
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    format!("Basic {encoded}")
}

fn challenge(realm: &str, path: &str) -> Reply {
    let value = format!(r#"Bearer realm="{realm}",service="fake",scope="repository:{path}:pull""#);
    reply(
        401,
        &[
            ("www-authenticate", &value),
            ("content-type", "application/json"),
        ],
        r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#,
    )
}

/// A registry with its own token server, whose tokens name the repository they are for.
fn with_tokens(seen: &Seen, me: &str) -> Reply {
    if seen.path.starts_with("/token") {
        let scope = seen.path.split("repository%3A").nth(1).unwrap();
        let path = scope.split("%3A").next().unwrap();
        return reply(200, &[], &format!(r#"{{"token":"for-{path}"}}"#));
    }
    let path = seen.path.split('/').nth(2).unwrap();
    match seen.header("authorization") == Some(&format!("Bearer for-{path}")) {
        true => ok(&seen.path),
        false => challenge(&format!("http://{me}/token"), path),
    }
}

fn class(result: Result<Answer, Error>) -> Class {
    result.unwrap_err().class
}
