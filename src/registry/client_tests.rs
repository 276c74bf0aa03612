//! The client against a registry of a few lines: a listener that answers as a function says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use super::*;
use crate::oci::{MediaType, Reference, Tag};
use crate::registry::{Login, Secret};

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
            tag: reference.tag().unwrap().clone(),
            media_type: MediaType::OciIndex,
            bytes: b"{}".to_vec(),
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
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return,
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
        let nth = move |_: &Repository, nth: usize| logins.get(nth).cloned();
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

#[test]
fn a_parallel_batch_costs_one_challenge_and_one_token_a_repository() {
    let fake = Fake::new(with_tokens);
    let world = world();
    let batch: Vec<Read> = (0..20)
        .map(|nth| fake.read(&format!("app{}:t{nth}", nth % 3)))
        .collect();
    let (answers, requests) = world.run(|client| (client.read(&batch), client.requests()));
    for (nth, answer) in answers.into_iter().enumerate() {
        let Ok(Answer::Body {
            bytes,
            claimed,
            content_type,
        }) = answer
        else {
            panic!("{answer:?}");
        };
        let expected = format!("/v2/app{}/manifests/t{nth}", nth % 3);
        assert_eq!(bytes, expected.as_bytes());
        assert_eq!(claimed, Some(Digest::of(&bytes)));
        assert_eq!(content_type, MediaType::OciIndex.as_str());
    }
    assert_eq!(fake.count("GET /token"), 3);
    assert_eq!(fake.count("GET /v2/"), 21);
    assert_eq!(
        requests,
        Requests {
            total: 24,
            pulls: 20
        }
    );
    assert!(
        fake.connections.load(Ordering::SeqCst) <= 4,
        "connections are kept"
    );
}

#[test]
fn the_first_read_of_each_repository_comes_before_all_others() {
    let read = |text: &str| {
        let reference: Reference = text.parse().unwrap();
        Read {
            repository: reference.repository().clone(),
            target: Target::Tag(reference.tag().unwrap().clone()),
            method: Method::Head,
        }
    };
    let batch = ["r.io/a:1", "r.io/a:2", "s.io/a:1", "r.io/b:1", "r.io/b:2"].map(read);
    assert_eq!(orders(&batch), [vec![0, 3, 1, 4], vec![2]]);
}

#[test]
fn after_one_answer_without_a_login_the_others_wait_for_nobody() {
    let (came, all_came) = (Arc::new(Mutex::new(0)), Arc::new(std::sync::Condvar::new()));
    let alone = Arc::new(AtomicBool::new(false));
    let fake = Fake::new({
        let alone = Arc::clone(&alone);
        move |_, _| {
            let mut number = lock(&came);
            *number += 1;
            if *number > 1 {
                all_came.notify_all();
                let waited =
                    all_came.wait_timeout_while(number, Duration::from_secs(10), |it| *it < 5);
                alone.fetch_or(waited.unwrap().1.timed_out(), Ordering::SeqCst);
            }
            ok("{}")
        }
    });
    let batch: Vec<Read> = (0..5).map(|nth| fake.read(&format!("app:{nth}"))).collect();
    let answers = world().run(|client| client.read(&batch));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(!alone.load(Ordering::SeqCst), "one read was sent alone");
}

#[test]
fn a_token_server_of_two_registries_gets_no_more_at_once_than_one_registry_does() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tokens = Fake::new({
        let most = Arc::clone(&most);
        move |_, _| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(30));
            now.fetch_sub(1, Ordering::SeqCst);
            reply(200, &[], r#"{"token":"it"}"#)
        }
    });
    let realm = format!("http://{}/token", tokens.address);
    let registry = || {
        let realm = realm.clone();
        Fake::new(move |seen, _| match seen.header("authorization") {
            Some("Bearer it") => ok("{}"),
            _ => challenge(&realm, "app"),
        })
    };
    let (one, other) = (registry(), registry());
    let mut world = world();
    world.settings.concurrency = 2;
    let batch: Vec<Read> = (0..4)
        .flat_map(|nth| [&one, &other].map(|it| it.read(&format!("app{nth}:1"))))
        .collect();
    let answers = world.run(|client| client.read(&batch));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(
        (tokens.count("GET /token"), most.load(Ordering::SeqCst)),
        (8, 2)
    );
}

#[test]
fn a_token_is_renewed_when_it_expires_and_when_it_is_refused_once() {
    let fake = Fake::new(with_tokens);
    let world = world();
    world.run(|client| {
        assert!(client.read(&[fake.read("app:1")]).remove(0).is_ok());
        world.hands.sleep(Duration::from_secs(59));
        assert!(client.read(&[fake.read("app:1")]).remove(0).is_ok());
    });
    assert_eq!(fake.count("GET /token"), 2);
    assert_eq!(fake.count("GET /v2/"), 3);

    let forgets = AtomicUsize::new(0);
    let fake = Fake::new(move |seen, me| {
        let nth = forgets.fetch_add(1, Ordering::SeqCst);
        match nth {
            // 401, token, good, then the token is not known any more, once.
            3 => challenge(&format!("http://{me}/token"), "app"),
            _ => with_tokens(seen, me),
        }
    });
    let world = self::world();
    world.run(|client| {
        for _ in 0..2 {
            assert!(client.read(&[fake.read("app:1")]).remove(0).is_ok());
        }
    });
    assert_eq!(fake.count("GET /token"), 2);
}

#[test]
fn the_write_scope_is_asked_for_only_to_write() {
    for (write, scope) in [(false, "%3Apull&"), (true, "%3Apull%2Cpush&")] {
        let fake = Fake::new(with_tokens);
        let mut world = world();
        world.settings.write = write;
        world.logins = vec![password("me")];
        assert!(world.read(fake.read("app:1")).is_ok());
        let lines = fake.lines();
        assert!(lines[1].contains(scope), "{lines:?}");
        assert_eq!(
            lock(&fake.seen)[1].header("authorization"),
            Some(basic("me").as_str())
        );
        assert!(lock(&world.lines).iter().any(|l| l.ends_with(": from me")));
    }
}

#[test]
fn passing_failures_are_repeated() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::new(move |_, _| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => error(503, "UNAVAILABLE", "later"),
        1 => hang_up(),
        2 => Reply {
            bytes: b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec(),
            closes: true,
        },
        3 => error(403, "DENIED", "You have exceeded a secondary rate limit"),
        _ => ok("{}"),
    });
    let world = world();
    assert!(world.read(fake.read("app:1")).is_ok());
    assert_eq!(fake.count("GET"), 5);
    let lines = lock(&world.lines);
    let retries = lines.iter().filter(|line| line.starts_with("retry in "));
    assert_eq!(retries.count(), 4, "{lines:?}");
}

#[test]
fn a_host_that_is_down_fails_fast_and_no_other_host_waits() {
    let down = Fake::new(|_, _| error(503, "UNAVAILABLE", "down"));
    let up = Fake::new(|_, _| ok("{}"));
    let world = world();
    let batch: Vec<Read> = (0..12)
        .map(|nth| match nth % 2 {
            0 => down.read(&format!("app{nth}:1")),
            _ => up.read("app:1"),
        })
        .collect();
    world.run(|client| {
        for (nth, answer) in client.read(&batch).into_iter().enumerate() {
            match nth % 2 {
                0 => assert_eq!(class(answer), Class::Unavailable),
                _ => assert!(answer.is_ok()),
            }
        }
        let again = client.read(&[down.read("other:1")]).remove(0).unwrap_err();
        assert!(again.request.ends_with("/v2/other/manifests/1"), "{again}");
    });
    assert_eq!(down.count("GET"), 5);
    assert_eq!(up.count("GET"), 6);
}

#[test]
fn a_refused_connection_is_a_network_failure() {
    let fake = Fake::new(|_, _| hang_up());
    let read = fake.read("app:1");
    drop(fake);
    let error = world().read(read).unwrap_err();
    assert_eq!(error.class, Class::Network);
    assert!(error.reason.contains("refused"), "{error}");
}

#[test]
fn a_long_retry_after_fails_at_once_and_says_so() {
    let fake = Fake::new(|_, _| {
        reply(
            429,
            &[("retry-after", "7200")],
            r#"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#,
        )
    });
    let world = world();
    let error = world.read(fake.read("app:1")).unwrap_err();
    assert_eq!(error.class, Class::RateLimited);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7200)));
    assert!(error.reason.ends_with("in 2 h"), "{error}");
    assert_eq!((fake.count("GET"), world.hands.now()), (1, Duration::ZERO));
}

#[test]
fn a_short_retry_after_is_waited_for() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::new(move |_, _| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => reply(429, &[("retry-after", "40")], ""),
        _ => ok("{}"),
    });
    let world = world();
    assert!(world.read(fake.read("app:1")).is_ok());
    assert_eq!(world.hands.now(), Duration::from_secs(40));
}

#[test]
fn nothing_is_sent_or_waited_for_beyond_the_deadline() {
    let fake = Fake::new(|_, _| reply(503, &[("retry-after", "30")], ""));
    let mut world = world();
    world.settings.deadline = Duration::from_secs(70);
    world.run(|client| {
        assert_eq!(
            class(client.read(&[fake.read("app:1")]).remove(0)),
            Class::Deadline
        );
        assert_eq!(world.hands.now(), Duration::from_secs(60));
        assert_eq!(fake.count("GET"), 3);
        world.hands.sleep(Duration::from_secs(10));
        assert_eq!(
            class(client.read(&[fake.read("app:1")]).remove(0)),
            Class::Deadline
        );
        assert_eq!(
            client.put(&fake.write("app:1")).unwrap_err().class,
            Class::Deadline
        );
    });
    assert_eq!(fake.lines().len(), 3);
}

#[test]
fn a_repeat_that_the_deadline_ends_tells_why_it_was_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, ended) = mpsc::channel::<()>();
    let server = std::thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        let unavailable =
            b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        first.write_all(unavailable).unwrap();
        let _second = listener.accept().unwrap();
        // It says nothing until the client has given up.
        let _ = ended.recv();
    });
    let mut world = world();
    world.settings.deadline = Duration::from_secs(1);
    let reference: Reference = format!("{address}/app:1").parse().unwrap();
    let error = world
        .read(Read {
            repository: reference.repository().clone(),
            target: Target::Tag(Tag::latest()),
            method: Method::Get,
        })
        .unwrap_err();
    drop(sender);
    server.join().unwrap();
    assert_eq!(
        (error.class, error.reason.as_str()),
        (
            Class::Deadline,
            "the time for the whole run is over, after 503 Service Unavailable"
        )
    );
}

#[test]
fn the_next_login_is_tried_when_one_is_refused() {
    // The token server refuses `bad`, the registry denies `poor`, and `good` is good.
    let fake = Fake::new(|seen, me| {
        let authorization = seen.header("authorization").unwrap_or_default();
        if seen.path.starts_with("/token") {
            return match authorization {
                a if a == basic("poor") => reply(200, &[], r#"{"token":"poor"}"#),
                a if a == basic("good") => reply(200, &[], r#"{"token":"good"}"#),
                _ => error(401, "UNAUTHORIZED", "wrong: bad-secret"),
            };
        }
        match authorization {
            "Bearer good" => ok("{}"),
            "Bearer poor" => error(403, "DENIED", "not yours"),
            _ => challenge(&format!("http://{me}/token"), "app"),
        }
    });
    let mut world = world();
    world.logins = vec![
        password("bad"),
        Err("the helper `x` is not there".to_owned()),
        password("poor"),
        password("good"),
    ];
    assert!(world.read(fake.read("app:1")).is_ok());
    assert_eq!(fake.count("GET /token"), 3);

    world.logins.pop();
    let error = world.read(fake.read("app:1")).unwrap_err();
    assert_eq!(error.class, Class::Denied);
    for part in ["not yours", "refused: bad", "helper `x`", "poor"] {
        assert!(error.reason.contains(part), "{error}");
    }
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn without_any_login_the_failure_says_that_one_is_needed() {
    let fake = Fake::new(|seen, me| match seen.path.starts_with("/token") {
        true => error(403, "DENIED", "private"),
        false => challenge(&format!("http://{me}/token"), "app"),
    });
    let world = world();
    let batch = vec![fake.read("app:1"); 6];
    world.run(|client| {
        for answer in client.read(&batch) {
            let error = answer.unwrap_err();
            assert_eq!(error.class, Class::Login);
            assert!(error.reason.contains("private"), "{error}");
        }
    });
    assert_eq!(fake.lines().len(), 2);
}

#[test]
fn who_may_not_push_may_still_read_as_anyone() {
    let fake = Fake::new(|seen, me| match seen.path.contains("push") {
        true => error(403, "DENIED", "no push"),
        false => with_tokens(seen, me),
    });
    let mut world = world();
    world.settings.write = true;
    assert!(world.read(fake.read("app:1")).is_ok());
    assert_eq!(fake.count("GET /token"), 2);
}

#[test]
fn basic_is_sent_only_after_it_was_asked_for() {
    let fake = Fake::new(|seen, _| match seen.header("authorization") {
        Some(value) if value == basic("good") => ok("{}"),
        _ => reply(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
    });
    let mut world = world();
    world.logins = vec![password("bad"), password("good")];
    assert!(world.read(fake.read("app:1")).is_ok());
    let sent: Vec<Option<String>> = lock(&fake.seen)
        .iter()
        .map(|seen| seen.header("authorization").map(str::to_owned))
        .collect();
    assert_eq!(sent, [None, Some(basic("bad")), Some(basic("good"))]);
}

#[test]
fn what_is_public_is_read_without_a_login_beside_what_is_not() {
    let fake = Fake::new(|seen, _| match seen.path.contains("/public") {
        true => ok("{}"),
        false => reply(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
    });
    world().run(|client| {
        for (path, expected) in [
            ("private:1", Err(Class::Login)),
            ("public:1", Ok(())),
            ("private:1", Err(Class::Login)),
            ("public2:1", Ok(())),
            ("public:2", Ok(())),
            ("private2:1", Err(Class::Login)),
        ] {
            let answer = client.read(&[fake.read(path)]).remove(0);
            assert_eq!(answer.map(|_| ()).map_err(|e| e.class), expected, "{path}");
        }
    });
    assert_eq!(fake.count("GET /v2/private/"), 1);
    assert_eq!(fake.lines().len(), 5);
}

#[test]
fn an_identity_token_is_posted_and_falls_back_to_get() {
    for oauth in [true, false] {
        let fake = Fake::new(move |seen, me| match (seen.method.as_str(), oauth) {
            ("POST", true) => reply(200, &[], r#"{"access_token":"for-app"}"#),
            ("POST", false) => reply(404, &[], ""),
            _ => with_tokens(seen, me),
        });
        let mut world = world();
        world.logins = vec![Ok(Login {
            source: "file".to_owned(),
            secret: Secret::IdentityToken("identity-secret".to_owned()),
        })];
        assert!(world.read(fake.read("app:1")).is_ok());
        let seen = lock(&fake.seen);
        let post = String::from_utf8_lossy(&seen[1].body).into_owned();
        assert!(post.contains("refresh_token=identity-secret"), "{post}");
        assert_eq!(seen[1].path, "/token");
        assert_eq!(seen.len(), if oauth { 3 } else { 4 });
    }
}

#[test]
fn a_redirect_is_followed_without_the_login() {
    let store = Fake::new(|_, _| ok("{}"));
    let target = format!("http://{}/blob?signature=secret", store.address);
    let path = target.clone();
    let fake = Fake::new(move |seen, me| match seen.header("authorization") {
        Some(_) if seen.path.ends_with("/1") => reply(307, &[("location", &path)], ""),
        Some(_) => reply(302, &[("location", "/elsewhere")], ""),
        None if seen.path == "/elsewhere" => ok("{}"),
        None => with_tokens(seen, me),
    });
    let world = world();
    // Another port is another origin, also on this machine.
    assert!(world.read(fake.read("app:1")).is_ok());
    let stored = lock(&store.seen).last().cloned().unwrap();
    assert_eq!(stored.header("authorization"), None);
    assert!(world.read(fake.read("app:2")).is_ok());
    let last = lock(&fake.seen).last().cloned().unwrap();
    assert_eq!(
        (last.path.as_str(), last.header("authorization")),
        ("/elsewhere", None)
    );
}

#[test]
fn a_token_server_that_is_not_safe_gets_nothing() {
    let thief = Fake::new(|_, _| reply(200, &[], r#"{"token":"x"}"#));
    for realm in ["http://169.254.169.254/token", "http://me:pw@THIEF/token"] {
        let realm = realm.replace("THIEF", &thief.address.to_string());
        let fake = Fake::new(move |_, _| challenge(&realm, "app"));
        let mut world = world();
        world.logins = vec![password("me")];
        assert_eq!(class(world.read(fake.read("app:1"))), Class::Unsafe);
    }
    assert!(thief.lines().is_empty());
}

#[test]
fn a_token_server_that_changes_in_the_middle_gets_nothing() {
    let fake = Fake::new(|seen, me| {
        let service = if seen.path.contains("two") {
            "other"
        } else {
            "fake"
        };
        match seen.path.starts_with("/v2/two") {
            true => {
                let value = format!(r#"Bearer realm="http://{me}/token",service="{service}""#);
                reply(401, &[("www-authenticate", &value)], "")
            }
            false => with_tokens(seen, me),
        }
    });
    let mut world = world();
    world.logins = vec![password("me")];
    world.run(|client| {
        assert!(client.read(&[fake.read("one:1")]).remove(0).is_ok());
        assert_eq!(
            class(client.read(&[fake.read("two:1")]).remove(0)),
            Class::Unsafe
        );
    });
}

#[test]
fn absence_is_told_from_pages_and_refusals() {
    for (answer, expected) in [
        (|| error(404, "MANIFEST_UNKNOWN", "unknown"), None),
        (
            || reply(404, &[("content-type", "text/plain")], "404 page not found"),
            None,
        ),
        (|| reply(404, &[], ""), None),
        (
            || reply(404, &[("content-type", "text/html")], "<h1>"),
            Some(Class::BadAnswer),
        ),
        (|| reply(404, &[], "gone"), Some(Class::BadAnswer)),
        (
            || reply(200, &[("content-type", "text/html")], "<h1>"),
            Some(Class::BadAnswer),
        ),
        (|| reply(204, &[], ""), Some(Class::BadAnswer)),
        (|| error(403, "DENIED", "no"), Some(Class::Denied)),
        (|| error(401, "PROTECTED_TAG", "no"), Some(Class::Protected)),
        (|| reply(401, &[], ""), Some(Class::Login)),
        (|| reply(307, &[], ""), Some(Class::BadAnswer)),
        (
            || reply(307, &[("location", "http://169.254.169.254/")], ""),
            Some(Class::Unsafe),
        ),
    ] as [(fn() -> Reply, Option<Class>); 12]
    {
        let fake = Fake::new(move |_, _| answer());
        match (world().read(fake.read("app:1")), expected) {
            (Ok(Answer::Absent), None) => {}
            (Err(error), Some(class)) => assert_eq!(error.class, class, "{error}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(fake.lines().len(), 1);
    }
}

#[test]
fn a_head_answers_with_its_header_or_nothing() {
    for (status, expected) in [
        (200, Ok(Answer::Header(Some(Digest::of(b"{}"))))),
        (404, Ok(Answer::Absent)),
        (400, Err(Class::Refused)),
        (403, Err(Class::Denied)),
        (405, Err(Class::Refused)),
    ] {
        let fake = Fake::new(move |_, _| {
            let digest = Digest::of(b"{}").to_string();
            reply(status, &[("docker-content-digest", &digest)], "")
        });
        let mut read = fake.read("app:1");
        read.method = Method::Head;
        let answer = world().read(read).map_err(|error| error.class);
        assert_eq!(answer, expected);
        assert_eq!(fake.lines(), ["HEAD /v2/app/manifests/1"]);
    }
}

#[test]
fn a_body_is_read_up_to_its_limit() {
    for (length, is_too_large) in [(MAX_BODY, false), (MAX_BODY + 1, true)] {
        let fake = Fake::new(move |_, _| ok(&"x".repeat(length)));
        match world().read(fake.read("app:1")) {
            Ok(Answer::Body { bytes, .. }) if !is_too_large => assert_eq!(bytes.len(), length),
            Err(error) if is_too_large => assert_eq!(error.class, Class::TooLarge),
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
}

#[test]
fn a_write_is_sent_once_with_its_exact_bytes() {
    let fake = Fake::new(|_, _| reply(201, &[], ""));
    world()
        .run(|client| client.put(&fake.write("app:1")))
        .unwrap();
    let seen = lock(&fake.seen).remove(0);
    assert_eq!(seen.line(), "PUT /v2/app/manifests/1");
    assert_eq!(
        seen.header("content-type"),
        Some(MediaType::OciIndex.as_str())
    );
    assert_eq!(seen.body, b"{}");

    for (answer, expected) in [
        (|| error(503, "UNAVAILABLE", "x"), Class::Unavailable),
        (hang_up, Class::Network),
        (|| reply(307, &[("location", "/x")], ""), Class::Unsafe),
        (
            || error(401, "IMMUTABLE_TAG", "tag is immutable"),
            Class::Immutable,
        ),
        (
            || error(409, "TAG_IMMUTABLE", "tag is immutable"),
            Class::Immutable,
        ),
    ] as [(fn() -> Reply, Class); 5]
    {
        let fake = Fake::new(move |_, _| answer());
        let error = world()
            .run(|client| client.put(&fake.write("app:1")))
            .unwrap_err();
        assert_eq!(error.class, expected, "{error}");
        assert_eq!(fake.lines().len(), 1);
    }
}

#[test]
fn a_write_that_is_denied_leaves_reading_as_it_was() {
    let fake = Fake::new(|seen, me| match seen.method.as_str() {
        "PUT" => challenge(&format!("http://{me}/token"), "app"),
        _ => with_tokens(seen, me),
    });
    let mut world = world();
    world.settings.write = true;
    world.logins = vec![password("me")];
    world.run(|client| {
        assert!(client.read(&[fake.read("app:1")]).remove(0).is_ok());
        let error = client.put(&fake.write("app:1")).unwrap_err();
        assert_eq!(error.class, Class::Denied, "{error}");
        assert_eq!(fake.count("PUT"), 2);
        let before = fake.lines().len();
        assert!(client.read(&[fake.read("app:1")]).remove(0).is_ok());
        assert_eq!(fake.lines().len(), before + 1);
    });
}

#[test]
fn a_registry_of_this_machine_that_wants_tls_gets_it_when_the_first_tries_were_cut() {
    let (sender, greetings) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for (number, stream) in listener.incoming().take(4).enumerate() {
            let mut stream = stream.unwrap();
            let mut first = [0; 1];
            stream.read_exact(&mut first).unwrap();
            sender.send(first[0]).unwrap();
            let words = "Client sent an HTTP request to an HTTPS server.\n";
            let reply = match (number, first[0]) {
                (0 | 1, _) => continue,
                (_, b'G') => format!("HTTP/1.0 400 Bad Request\r\n\r\n{words}").into_bytes(),
                _ => vec![0x15, 3, 3, 0, 2, 2, 40],
            };
            stream.write_all(&reply).unwrap();
        }
    });
    let reference: Reference = format!("{address}/app:1").parse().unwrap();
    let error = world()
        .read(Read {
            repository: reference.repository().clone(),
            target: Target::Tag(Tag::latest()),
            method: Method::Get,
        })
        .unwrap_err();
    server.join().unwrap();
    let greetings: Vec<u8> = greetings.into_iter().collect();
    assert_eq!(greetings, [b'G', 0x16, b'G', 0x16]);
    assert_eq!(error.class, Class::Tls, "{error}");
}

/// Reads from a server of this machine that answers plain HTTP with 400 and these words, and hangs
/// up on the greeting of TLS: the error, and the first byte of each connection.
fn read_from_answer_400(words: &'static str, connections: usize) -> (Error, Vec<u8>) {
    let (sender, greetings) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let mut stream = stream.unwrap();
            let mut first = [0; 1];
            stream.read_exact(&mut first).unwrap();
            sender.send(first[0]).unwrap();
            let reply = match first[0] {
                b'G' => format!("HTTP/1.0 400 Bad Request\r\n\r\n{words}").into_bytes(),
                // A fatal alert: handshake_failure.
                _ => vec![0x15, 3, 3, 0, 2, 2, 40],
            };
            stream.write_all(&reply).unwrap();
        }
    });
    let reference: Reference = format!("{address}/app:1").parse().unwrap();
    let error = world()
        .read(Read {
            repository: reference.repository().clone(),
            target: Target::Tag(Tag::latest()),
            method: Method::Get,
        })
        .unwrap_err();
    server.join().unwrap();
    (error, greetings.into_iter().collect())
}

#[test]
fn a_registry_of_this_machine_that_wants_tls_gets_it() {
    for words in [
        "Client sent an HTTP request to an HTTPS server.\n",
        // The connection may end before all of them are here.
        "Client sent an",
        "",
    ] {
        let (error, greetings) = read_from_answer_400(words, 2);
        assert_eq!(greetings, [b'G', 0x16], "{words}");
        assert_eq!(error.class, Class::Tls, "{error}");
        assert!(error.request.contains(" https://"), "{error}");
    }
}

#[test]
fn a_registry_of_this_machine_that_refuses_in_its_own_words_is_not_asked_over_tls() {
    let words = r#"{"errors": [{"code": "NAME_INVALID", "message": "invalid"}]}"#;
    let (error, greetings) = read_from_answer_400(words, 1);
    assert_eq!(greetings, [b'G']);
    assert!(error.request.contains(" http://"), "{error}");
}

#[test]
fn warnings_are_collected_once_and_cleaned() {
    let fake = Fake::new(|_, _| {
        reply(
            200,
            &[
                ("warning", "299 - \"::error::move \\\"now\\\"\""),
                ("warning", "199 - \"other\""),
                ("warning", "nonsense"),
            ],
            "{}",
        )
    });
    let warnings = world().run(|client| {
        client.read(&[fake.read("app:1"), fake.read("app:2")]);
        client.warnings()
    });
    let texts: Vec<&str> = warnings.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, [": :error::move \"now\""]);
}

#[test]
fn the_log_shows_what_was_sent_and_no_query() {
    let fake = Fake::new(with_tokens);
    let world = world();
    assert!(world.read(fake.read("app:1")).is_ok());
    let host = &fake.address;
    assert_eq!(
        *lock(&world.lines),
        [
            format!("GET http://{host}/v2/app/manifests/1 401 0 ms"),
            format!("GET http://{host}/token?… 200 0 ms"),
            format!("GET http://{host}/v2/app/manifests/1 200 0 ms"),
        ]
    );
}

#[test]
fn a_redirect_to_another_host_carries_no_login_and_a_proxy_carries_both() {
    // The proxy is a fake that answers for every host it is asked to connect to.
    let fake = Fake::new(
        |seen, _| match (seen.method.as_str(), seen.header("host")) {
            ("CONNECT", _) => Reply {
                bytes: b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
                closes: false,
            },
            (_, Some("cdn.example.com")) => ok("{}"),
            _ if seen.path.starts_with("/token") => reply(200, &[], r#"{"token":"x"}"#),
            _ => match seen.header("authorization") {
                Some(_) => reply(307, &[("location", "http://cdn.example.com/b?s=1")], ""),
                None => challenge("http://auth.example.com/token", "app"),
            },
        },
    );
    let mut world = world();
    let proxy = format!("http://{}", fake.address);
    world.settings.environment = Environment::new([("HTTP_PROXY".to_owned(), proxy)]);
    world.settings.plain_http = BTreeSet::from(["r.example.com".parse().unwrap()]);
    world.logins = vec![password("me")];
    let mut read = fake.read("app:1");
    let reference: Reference = "r.example.com/app".parse().unwrap();
    read.repository = reference.repository().clone();
    assert!(world.read(read).is_ok());
    let sent: Vec<(String, bool)> = lock(&fake.seen)
        .iter()
        .filter(|seen| seen.method == "GET")
        .map(|seen| {
            let host = seen.header("host").unwrap_or_default().to_owned();
            (host, seen.header("authorization").is_some())
        })
        .collect();
    let expected = [
        ("r.example.com", false),
        ("auth.example.com", true),
        ("r.example.com", true),
        ("cdn.example.com", false),
    ];
    assert_eq!(sent, expected.map(|(host, sent)| (host.to_owned(), sent)));
}

#[test]
fn a_proxy_that_refuses_or_is_not_there_is_named() {
    let fake = Fake::new(|_, _| reply(407, &[], ""));
    let address = fake.address.clone();
    let mut world = world();
    world.settings.environment = Environment::new([(
        "HTTPS_PROXY".to_owned(),
        format!("http://me:secret@{address}"),
    )]);
    let mut read = fake.read("app:1");
    let reference: Reference = "r.example.com/app".parse().unwrap();
    read.repository = reference.repository().clone();
    let error = world.read(read.clone()).unwrap_err();
    assert_eq!(error.class, Class::Proxy, "{error}");
    drop(fake);
    let error = world.read(read).unwrap_err();
    assert_eq!(error.class, Class::Proxy, "{error}");
    assert!(
        error
            .reason
            .contains("`HTTPS_PROXY`: the connection was refused"),
        "{error}"
    );
}

/// A TLS server that answers each of `connections` connections once, if it gets that far.
fn tls_server(connections: usize) -> (String, std::thread::JoinHandle<()>) {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let file = |name: &str| format!("{}/tests/data/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let chain = CertificateDer::from_pem_file(file("server.crt")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(rustls::StreamOwned::new(session, stream.unwrap()));
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let _ = stream.get_mut().write_all(&ok("{}").bytes);
        }
    });
    (address, server)
}

#[test]
fn a_certificate_is_good_by_its_authority_only() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/ca.crt");
    for (ca_file, expected) in [
        (Some(std::fs::read(path).unwrap()), Ok(())),
        (None, Err(Class::Tls)),
    ] {
        // The first connection is plain: a registry of this machine might be.
        let (address, server) = tls_server(2);
        let mut world = world();
        world.settings.ca_file = ca_file;
        let reference: Reference = format!("{address}/app:1").parse().unwrap();
        let answer = world.read(Read {
            repository: reference.repository().clone(),
            target: Target::Tag(Tag::latest()),
            method: Method::Get,
        });
        server.join().unwrap();
        assert_eq!(
            answer.as_ref().map(|_| ()).map_err(|e| e.class),
            expected,
            "{answer:?}"
        );
        if let Err(error) = answer {
            assert!(error.reason.contains("not trusted"), "{error}");
            assert!(error.help().contains("--ca-file"), "{}", error.help());
        }
    }
}
