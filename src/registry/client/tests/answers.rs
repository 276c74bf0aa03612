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
