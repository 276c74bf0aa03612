//! How reads go out at the same time.

use super::*;

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
