//! What answers to reads and writes are taken for.

use super::*;

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
            || {
                let words = "OCI index found, but accept header does not support OCI indexes";
                error(404, "MANIFEST_UNKNOWN", words)
            },
            Some(Class::BadAnswer),
        ),
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
    ] as [(fn() -> Reply, Option<Class>); 13]
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
fn headers_that_are_empty_say_nothing() {
    let fake = Fake::new(|seen, _| {
        let headers = [("docker-content-digest", ""), ("www-authenticate", "")];
        match seen.path.ends_with("/1") {
            true => reply(200, &headers, "{}"),
            false => reply(401, &headers, ""),
        }
    });
    world().run(|client| {
        let read = |path: &str, method| {
            let read = Read {
                method,
                ..fake.read(path)
            };
            client.read(&[read]).remove(0)
        };
        assert_eq!(read("app:1", Method::Head), Ok(Answer::Header(None)));
        let body = read("app:1", Method::Get).unwrap();
        assert!(
            matches!(body, Answer::Body { claimed: None, .. }),
            "{body:?}"
        );
        let error = read("app:2", Method::Get).unwrap_err();
        assert_eq!(error.class, Class::Login);
        assert!(
            error.reason.contains("does not say how to log in"),
            "{error}"
        );
    });
}

/// Gitea gives a token to everybody who has a password, and then refuses without a challenge.
#[test]
fn a_good_login_without_the_right_is_denied_and_not_told_to_log_in() {
    for headers in [
        &[("content-type", "text/plain")][..],
        &[("content-type", "text/plain"), ("www-authenticate", "")],
    ] {
        let fake = Fake::new(move |seen, me| match seen.method.as_str() {
            "PUT" if seen.header("authorization").is_some() => {
                reply(401, headers, "reqPackageAccess")
            }
            _ => with_tokens(seen, me),
        });
        let mut world = world();
        world.settings.write = true;
        world.logins = vec![password("me")];
        let error = world
            .run(|client| client.put(&fake.write("app:1")))
            .unwrap_err();
        assert_eq!(error.class, Class::Denied, "{error}");
        assert!(error.reason.contains("reqPackageAccess"), "{error}");
    }
}

/// Harbor refuses what is in no project as if a login were missing, and does not say which.
#[test]
fn a_project_that_does_not_exist_is_no_refused_login() {
    let fake = Fake::new(|seen, me| match seen.header("authorization") {
        Some(value) if value.starts_with("Bearer") => reply(
            401,
            &[("www-authenticate", "")],
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"project nosuch not found"}]}"#,
        ),
        _ => with_tokens(seen, me),
    });
    let mut world = world();
    world.logins = vec![password("one"), password("two")];
    let error = world.read(fake.read("nosuch:1")).unwrap_err();
    assert_eq!(error.class, Class::NotFound, "{error}");
    assert!(!error.reason.contains("refused"), "{error}");
    assert_eq!(fake.lines().len(), 3);
}

#[test]
fn a_registry_that_takes_no_writes_is_told_from_one_that_refuses_a_read() {
    let fake = Fake::new(|_, _| reply(405, &[], "Method not allowed"));
    let world = world();
    world.run(|client| {
        let error = client.put(&fake.write("app:1")).unwrap_err();
        assert_eq!(error.class, Class::NoWrites, "{error}");
        let error = client.read(&[fake.read("app:1")]).remove(0).unwrap_err();
        assert_eq!(error.class, Class::Refused, "{error}");
    });
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
