//! Which login is sent, when, and where to.

use super::*;

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
