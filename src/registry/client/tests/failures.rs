//! What fails, what is repeated, and when it ends.

use super::*;

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
fn a_host_that_is_waited_for_is_asked_once_at_a_time_until_it_answers() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::new(move |_, _| match tries.fetch_add(1, Ordering::SeqCst) {
        0..=6 => error(503, "UNAVAILABLE", "down"),
        _ => ok("{}"),
    });
    let world = world();
    let host = fake.read("app:1").repository.host().clone();
    world.run(|client| {
        let read = || client.read(&[fake.read("app:1")]).remove(0);
        let mut sent = Vec::new();
        for _ in 0..3 {
            let error = read().unwrap_err();
            assert_eq!(read().map_err(|error| error.class), Err(Class::Unavailable));
            sent.push(fake.count("GET"));
            client.wait_for(&host, &error, Duration::from_secs(140));
        }
        assert!(read().is_ok() && read().is_ok());
        sent.push(fake.count("GET"));
        assert_eq!(sent, [5, 6, 7, 9]);
    });
    let waiting = format!("waiting for {host}, 3 min at most: GET http://{host}/v2/app/");
    let lines = lock(&world.lines);
    assert_eq!(
        lines.iter().filter(|it| it.starts_with(&waiting)).count(),
        3,
        "{lines:?}"
    );
}

#[test]
fn a_head_that_fails_is_not_repeated_and_leaves_the_host_to_be_asked_with_get() {
    for status in [500, 501, 502, 503, 504, 408] {
        let fake = Fake::new(move |seen, _| match seen.method.as_str() {
            "HEAD" => reply(status, &[("retry-after", "7200")], ""),
            _ => ok("{}"),
        });
        world().run(|client| {
            let mut read = fake.read("app:1");
            read.method = Method::Head;
            assert_eq!(class(client.read(&[read]).remove(0)), Class::Unavailable);
            assert!(client.read(&[fake.read("app:1")]).remove(0).is_ok());
        });
        assert_eq!(fake.lines().len(), 2, "{:?}", fake.lines());
    }
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
