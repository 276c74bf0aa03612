//! Redirects, proxies and TLS.

use super::*;

#[test]
fn a_redirect_to_another_origin_is_followed_without_the_login() {
    let store = Fake::new(|_, _| ok("{}"));
    let target = format!("http://{}/blob?signature=secret", store.address);
    let fake = Fake::new(move |seen, me| match seen.header("authorization") {
        Some(_) => reply(307, &[("location", &target)], ""),
        None => with_tokens(seen, me),
    });
    // Another port is another origin, also on this machine.
    assert!(world().read(fake.read("app:1")).is_ok());
    let stored = lock(&store.seen).last().cloned().unwrap();
    assert_eq!(stored.header("authorization"), None);
}

#[test]
fn a_redirect_within_the_origin_keeps_the_login() {
    for status in [301, 302, 303, 307, 308] {
        for absolute in [true, false] {
            let fake = Fake::new(move |seen, me| {
                let base = if absolute {
                    format!("http://{me}")
                } else {
                    String::new()
                };
                let path = seen.path.replacen("/v2/", "/mirror/v2/", 1);
                match (seen.path.starts_with("/v2/"), seen.header("authorization")) {
                    (true, _) => reply(status, &[("location", &format!("{base}{path}"))], ""),
                    (false, Some("Bearer for-app")) => ok("{}"),
                    (false, _) if seen.path.starts_with("/token") => with_tokens(seen, me),
                    // What asks where the redirect leads is the registry itself.
                    (false, _) => challenge(&format!("http://{me}/token"), "app"),
                }
            });
            let mut world = world();
            world.logins = vec![password("me")];
            world.run(|client| {
                for tag in 1..=2 {
                    let read = fake.read(&format!("app:{tag}"));
                    assert!(client.read(&[read]).remove(0).is_ok(), "{status}");
                }
                assert_eq!(client.requests().pulls, 2);
            });
            assert_eq!(fake.lines().len(), 2 + 1 + 2 + 2, "{:?}", fake.lines());
        }
    }
}

#[test]
fn a_token_server_that_redirects_within_its_origin_is_followed_with_all_that_was_sent() {
    let identity = Secret::IdentityToken("identity-secret".to_owned());
    let by_token = Ok(Login {
        source: "me".to_owned(),
        secret: identity,
    });
    for status in [301, 302, 307, 308] {
        for with_query in [true, false] {
            for login in [password("me"), by_token.clone()] {
                let fake = Fake::new(move |seen, me| {
                    let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
                    let target = match with_query {
                        true => format!("/token/?{query}"),
                        false => "/token/".to_owned(),
                    };
                    match path {
                        "/token" => reply(status, &[("location", &target)], ""),
                        "/token/" => reply(200, &[], r#"{"token":"for-app"}"#),
                        _ => with_tokens(seen, me),
                    }
                });
                let mut world = world();
                world.logins = vec![login];
                assert!(world.read(fake.read("app:1")).is_ok(), "{status}");
                let seen = lock(&fake.seen);
                let [first, second] = [&seen[1], &seen[2]];
                assert_eq!(first.method, second.method);
                assert_eq!(first.body, second.body);
                assert_eq!(
                    first.header("authorization"),
                    second.header("authorization")
                );
                let query = |seen: &Seen| seen.path.split_once('?').map(|it| it.1.to_owned());
                assert_eq!(
                    query(first).unwrap_or_default(),
                    query(second).unwrap_or_default()
                );
                assert!(first.header("authorization").is_some() || !first.body.is_empty());
            }
        }
    }
}

#[test]
fn a_token_server_that_redirects_elsewhere_in_a_circle_or_to_a_get_is_not_followed() {
    let thief = Fake::new(|_, _| reply(200, &[], r#"{"token":"x"}"#));
    let elsewhere = format!("http://{}/token", thief.address);
    let secure = "https://ME/token/".to_owned();
    for (status, target, most) in [
        (307, elsewhere.clone(), 1),
        (301, elsewhere, 1),
        (308, secure, 1),
        (307, "/token".to_owned(), 4),
        (303, "/token/".to_owned(), 1),
    ] {
        let fake = Fake::new(move |seen, me| match seen.path.starts_with("/token") {
            true => reply(status, &[("location", &target.replace("ME", me))], ""),
            false => with_tokens(seen, me),
        });
        let mut world = world();
        world.logins = vec![Ok(Login {
            source: "me".to_owned(),
            secret: Secret::IdentityToken("identity-secret".to_owned()),
        })];
        assert_eq!(class(world.read(fake.read("app:1"))), Class::Unsafe);
        assert_eq!(fake.count("POST /token"), most);
    }
    assert!(thief.lines().is_empty());
}

#[test]
fn a_registry_of_this_machine_that_wants_tls_gets_it_when_the_first_tries_were_cut() {
    let words = "Client sent an HTTP request to an HTTPS server.\n";
    let (error, greetings) = read_from_answer_400(words, 4, 2);
    assert_eq!(greetings, [b'G', 0x16, b'G', 0x16]);
    assert_eq!(error.class, Class::Tls, "{error}");
}

/// Reads from a server of this machine that answers plain HTTP with 400 and these words, and hangs
/// up on the greeting of TLS, but for the first `cut` connections, which it cuts: the error, and the
/// first byte of each connection.
fn read_from_answer_400(words: &'static str, connections: usize, cut: usize) -> (Error, Vec<u8>) {
    let (sender, greetings) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for (number, stream) in listener.incoming().take(connections).enumerate() {
            let mut stream = stream.unwrap();
            let mut first = [0; 1];
            stream.read_exact(&mut first).unwrap();
            sender.send(first[0]).unwrap();
            let reply = match first[0] {
                _ if number < cut => continue,
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
        let (error, greetings) = read_from_answer_400(words, 2, 0);
        assert_eq!(greetings, [b'G', 0x16], "{words}");
        assert_eq!(error.class, Class::Tls, "{error}");
        assert!(error.request.contains(" https://"), "{error}");
    }
}

#[test]
fn a_registry_of_this_machine_that_refuses_in_its_own_words_is_not_asked_over_tls() {
    let words = r#"{"errors": [{"code": "NAME_INVALID", "message": "invalid"}]}"#;
    let (error, greetings) = read_from_answer_400(words, 1, 0);
    assert_eq!(greetings, [b'G']);
    assert!(error.request.contains(" http://"), "{error}");
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
        world.settings.ca_file = ca_file.map(|pem| ("ca.crt".to_owned(), pem));
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
        }
    }
}
