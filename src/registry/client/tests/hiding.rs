//! Registries that hide or refuse what they would show to who has logged in, instead of asking.

use super::*;

/// What `/v2/` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Basic,
    Bearer,
    Nothing,
}

/// A registry that answers as `shut` says to nobody, and shows everything to `good`.
fn fake(asks: Asks, shut: fn() -> Reply) -> Fake {
    Fake::new(move |seen, me| {
        let authorization = seen.header("authorization").unwrap_or_default();
        let is_good = [basic("good"), "Bearer good".to_owned()].contains(&authorization.to_owned());
        if seen.path.starts_with("/token") {
            return match authorization {
                "" => reply(200, &[], r#"{"token":"anyone"}"#),
                _ if is_good => reply(200, &[], r#"{"token":"good"}"#),
                _ => error(401, "UNAUTHORIZED", "wrong"),
            };
        }
        match (seen.path.as_str(), asks) {
            _ if is_good => match seen.method.as_str() {
                "PUT" => reply(201, &[], ""),
                _ => ok("{}"),
            },
            ("/v2/", Asks::Basic) => reply(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
            ("/v2/", Asks::Bearer) => challenge(&format!("http://{me}/token"), ""),
            ("/v2/", Asks::Nothing) => reply(200, &[], "{}"),
            (_, Asks::Basic) if !authorization.is_empty() => reply(401, &[], "who is that"),
            _ => shut(),
        }
    })
}

const SHUT: [fn() -> Reply; 9] = [
    || error(404, "MANIFEST_UNKNOWN", "unknown"),
    || error(404, "NAME_UNKNOWN", "unknown"),
    || reply(404, &[("content-type", "text/plain")], "404 page not found"),
    || reply(404, &[("content-type", "text/html")], "<h1>Not found"),
    || reply(404, &[], ""),
    || error(403, "DENIED", "denied"),
    || reply(403, &[], ""),
    || reply(401, &[], ""),
    || reply(401, &[("www-authenticate", "")], ""),
];

/// Whether `Authorization` came with each request, in their order.
fn logged_in(fake: &Fake) -> Vec<bool> {
    let seen = lock(&fake.seen);
    let is_in = |seen: &Seen| seen.header("authorization").is_some();
    seen.iter().map(is_in).collect()
}

#[test]
fn what_is_hidden_or_refused_is_asked_for_once_more_with_the_login_that_v2_asks_for() {
    for shut in SHUT {
        for method in [Method::Get, Method::Head] {
            for (asks, token) in [(Asks::Basic, &[][..]), (Asks::Bearer, &[true])] {
                let fake = fake(asks, shut);
                let mut world = world();
                world.logins = vec![password("good")];
                let reads = ["app:1", "app:2", "other:1"].map(|path| Read {
                    method,
                    ..fake.read(path)
                });
                world.run(|client| {
                    for read in reads {
                        assert!(client.read(&[read]).remove(0).is_ok());
                    }
                });
                let first = [&[false, false][..], token, &[true]].concat();
                // Then it is known what is asked for.
                let expected = [&first, &[true][..], token, &[true]].concat();
                assert_eq!(logged_in(&fake), expected, "{:?}", fake.lines());
                assert_eq!(fake.lines()[1], "GET /v2/");
            }
        }
    }
}

#[test]
fn where_v2_asks_for_no_login_none_is_sent_and_it_is_asked_once() {
    for shut in SHUT {
        let fake = fake(Asks::Nothing, shut);
        let mut world = world();
        world.logins = vec![password("good")];
        world.run(|client| {
            let said = ["app:1", "app:2", "other:1"].map(|path| {
                client
                    .read(&[fake.read(path)])
                    .remove(0)
                    .map_err(|it| it.class)
            });
            assert_eq!(said[0], said[1]);
            assert_eq!(said[0], said[2]);
        });
        assert_eq!(logged_in(&fake), [false; 4], "{:?}", fake.lines());
        let base = fake.lines().into_iter().filter(|line| line == "GET /v2/");
        assert_eq!(base.count(), 1);
    }
}

#[test]
fn without_a_login_nothing_is_asked() {
    for shut in SHUT {
        let fake = fake(Asks::Basic, shut);
        world().run(|client| {
            for path in ["app:1", "other:1"] {
                let _ = client.read(&[fake.read(path)]);
            }
        });
        assert_eq!(fake.lines().len(), 2);
    }
}

#[test]
fn what_is_said_of_the_tag_itself_is_no_question_for_a_login() {
    for shut in [
        || error(404, "MANIFEST_BLOB_UNKNOWN", "unknown"),
        || error(401, "IMMUTABLE_TAG", "tag is immutable"),
        || error(403, "DENIED", "the tag is immutable"),
        || error(412, "PRECONDITION", "configured as immutable"),
        || error(413, "SIZE_INVALID", "too large"),
    ] as [fn() -> Reply; 5]
    {
        let fake = fake(Asks::Basic, shut);
        let mut world = world();
        world.logins = vec![password("good")];
        world
            .run(|client| client.put(&fake.write("app:1")))
            .unwrap_err();
        assert_eq!(fake.lines().len(), 1, "{:?}", fake.lines());
    }
}

#[test]
fn a_write_that_is_refused_without_asking_is_sent_again_with_the_login() {
    for shut in SHUT {
        for (asks, requests) in [(Asks::Basic, 3), (Asks::Bearer, 4)] {
            let fake = fake(asks, shut);
            let mut world = world();
            world.settings.write = true;
            world.logins = vec![password("good")];
            world
                .run(|client| client.put(&fake.write("app:1")))
                .unwrap();
            assert_eq!(fake.lines().len(), requests, "{:?}", fake.lines());
        }
    }
}

#[test]
fn a_login_that_is_refused_is_named_and_nothing_is_called_absent() {
    let fake = fake(Asks::Basic, SHUT[0]);
    let mut world = world();
    world.logins = vec![
        password("stale"),
        Err("the helper `x` is not there".to_owned()),
    ];
    let error = world.read(fake.read("app:1")).unwrap_err();
    assert_eq!(error.class, Class::Login, "{error}");
    assert!(
        error.reason.contains("stale") && error.reason.contains("helper `x`"),
        "{error}"
    );
}

#[test]
fn a_challenge_of_v2_counts_from_the_same_origin_only() {
    let thief = Fake::new(|_, _| reply(401, &[("www-authenticate", "Basic realm=\"x\"")], ""));
    let elsewhere = format!("http://{}/v2/", thief.address);
    let fake = Fake::new(move |seen, _| match seen.path.as_str() {
        "/v2/" => reply(307, &[("location", &elsewhere)], ""),
        _ => reply(404, &[], ""),
    });
    let mut world = world();
    world.logins = vec![password("good")];
    assert_eq!(world.read(fake.read("app:1")), Ok(Answer::Absent));
    assert_eq!(
        [logged_in(&fake), logged_in(&thief)],
        [vec![false; 2], vec![false]]
    );
    // A thief that is named as the token server is as unsafe as ever.
    let realm = "http://169.254.169.254/token";
    let fake = Fake::new(move |seen, _| match seen.path.as_str() {
        "/v2/" => challenge(realm, ""),
        _ => reply(404, &[], ""),
    });
    assert_eq!(class(world.read(fake.read("app:1"))), Class::Unsafe);
}

#[test]
fn what_was_public_until_now_is_asked_for_with_the_login_when_it_is_not() {
    let fake = Fake::new(
        |seen, _| match (seen.path.as_str(), seen.header("authorization")) {
            ("/v2/", None) => reply(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
            (path, None) if path.ends_with("/2") => reply(404, &[], ""),
            _ => ok("{}"),
        },
    );
    let mut world = world();
    world.logins = vec![password("good")];
    world.run(|client| {
        for tag in 1..=3 {
            let answer = client.read(&[fake.read(&format!("app:{tag}"))]).remove(0);
            assert!(matches!(answer, Ok(Answer::Body { .. })), "{answer:?}");
        }
    });
    assert_eq!(logged_in(&fake), [false, false, false, true, true]);
}

/// A registry that takes the logins `one` and `two`, refuses all others, and shows `app:1` to `two`.
fn two_may_see(asks_first: bool) -> Fake {
    Fake::new(move |seen, _| {
        let authorization = seen.header("authorization").unwrap_or_default().to_owned();
        let ask = || reply(401, &[("www-authenticate", "Basic realm=\"x\"")], "");
        let is_seen = authorization == basic("two") && seen.path.ends_with("/app/manifests/1");
        match (seen.method.as_str(), seen.path.as_str()) {
            _ if is_seen => ok("{}"),
            ("PUT", _) if authorization == basic("one") => reply(201, &[], ""),
            ("PUT", _) => error(403, "DENIED", "denied"),
            _ if [basic("one"), basic("two")].contains(&authorization) => reply(404, &[], ""),
            (_, path) if asks_first || path == "/v2/" || !authorization.is_empty() => ask(),
            _ => reply(404, &[], ""),
        }
    })
}

#[test]
fn every_login_is_tried_before_something_is_called_absent() {
    for asks_first in [true, false] {
        for sources in [
            &["one", "two"][..],
            &["bad", "one", "worse", "two"],
            &["two"],
        ] {
            let fake = two_may_see(asks_first);
            let mut world = world();
            world.logins = sources.iter().map(|source| password(source)).collect();
            let answer = world.read(fake.read("app:1"));
            assert!(matches!(answer, Ok(Answer::Body { .. })), "{answer:?}");
        }
    }
}

#[test]
fn what_no_login_sees_is_absent_and_the_first_that_was_taken_goes_on() {
    for sources in [
        &["one"][..],
        &["one", "two"],
        &["one", "bad"],
        &["bad", "one", "two", "bad"],
    ] {
        let fake = two_may_see(true);
        let mut world = world();
        world.logins = sources.iter().map(|source| password(source)).collect();
        world.run(|client| {
            for _ in 0..2 {
                let answer = client.read(&[fake.read("app:3")]).remove(0);
                assert_eq!(answer, Ok(Answer::Absent), "{sources:?}");
            }
            client.put(&fake.write("app:3")).unwrap();
        });
        // Each login once, and from then on the first: one more read, and the write.
        assert_eq!(
            fake.lines().len(),
            1 + sources.len() + 2,
            "{:?}",
            fake.lines()
        );
    }
}

#[test]
fn many_reads_at_once_ask_v2_once() {
    let fake = fake(Asks::Basic, SHUT[0]);
    let mut world = world();
    world.logins = vec![password("good")];
    let batch: Vec<Read> = (0..40)
        .map(|tag| fake.read(&format!("app:{tag}")))
        .collect();
    world.run(|client| {
        assert!(client.read(&batch).iter().all(Result::is_ok));
    });
    let lines = fake.lines();
    assert_eq!(
        lines.iter().filter(|line| *line == "GET /v2/").count(),
        1,
        "{lines:?}"
    );
}
