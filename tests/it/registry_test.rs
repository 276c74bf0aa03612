//! That the fake registry does what scenarios rely on.

use std::time::{Duration, Instant};

use base64::Engine as _;

use crate::client::{self, Connection};
use crate::registry::{BODIES, Fault, Registry};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const EMPTY: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const OTHER: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"annotations":{"a":"b"}}"#;

/// A registry whose `ns/app:1` is `EMPTY`, and that has `OTHER` too; and their digests.
fn two_indexes(registry: &Registry) -> (String, String) {
    let empty = registry.put_manifest("ns/app", EMPTY, INDEX);
    let other = registry.put_manifest("ns/app", OTHER, INDEX);
    registry.tag("ns/app", "1", &empty);
    (empty, other)
}

fn basic(user: &str, password: &str) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {text}")
}

#[test]
fn a_tag_can_be_put_and_read_back_and_every_request_is_in_the_journal() {
    let registry = Registry::start();
    let (empty, other) = two_indexes(&registry);
    let host = registry.host();
    let mut connection = Connection::open(&host).unwrap();
    let path = "/v2/ns/app/manifests/1";
    let accept = [("Accept", INDEX)];
    let found = connection.send("GET", path, &accept, b"").unwrap();
    assert_eq!((found.status, &*found.body), (200, EMPTY.as_bytes()));
    assert_eq!(found.header("docker-content-digest"), Some(empty.as_str()));
    let put = connection
        .send("PUT", path, &[("Content-Type", INDEX)], OTHER.as_bytes())
        .unwrap();
    assert_eq!(put.status, 201);
    assert_eq!(registry.tagged("ns/app", "1"), Some(other));
    let journal = registry.journal();
    let seen: Vec<(&str, &str, u16, usize)> = journal
        .iter()
        .map(|entry| (&*entry.method, &*entry.path, entry.status, entry.connection))
        .collect();
    assert_eq!(seen, [("GET", path, 200, 1), ("PUT", path, 201, 1)]);
    assert_eq!(journal[0].accept.as_deref(), Some(INDEX));
    assert_eq!(journal[1].body, OTHER.as_bytes());
    assert_eq!(registry.count("GET", "/manifests/"), 1);
    assert_eq!(registry.connections(), 1);
}

#[test]
fn the_first_live_rule_decides_as_often_as_it_was_told() {
    let registry = Registry::start();
    let (_, other) = two_indexes(&registry);
    let host = registry.host();
    registry
        .on("GET", "/manifests/1")
        .times(2)
        .answer(Fault::status(503).with("Retry-After", "1"));
    registry
        .on("GET", "/manifests/1")
        .answer([Fault::Stale(other.clone()), Fault::NoDigestHeader]);
    assert_eq!(registry.unused_rules().len(), 2);
    let get = || client::get(&host, "/v2/ns/app/manifests/1");
    assert_eq!(get().header("Retry-After"), Some("1"));
    assert_eq!(get().status, 503);
    let stale = get();
    assert_eq!((stale.status, &*stale.body), (200, OTHER.as_bytes()));
    assert_eq!(stale.header("Docker-Content-Digest"), None);
    assert_eq!(get().body, EMPTY.as_bytes());
    assert_eq!(registry.unused_rules(), [""; 0]);
}

#[test]
fn a_lost_answer_took_effect_and_a_dropped_request_did_not() {
    let registry = Registry::start();
    let (empty, other) = two_indexes(&registry);
    let host = registry.host();
    registry.on("PUT", "").answer(Fault::Drop);
    registry.on("PUT", "").answer(Fault::DropAfter);
    let put = || {
        let headers = [("Content-Type", INDEX)];
        let path = "/v2/ns/app/manifests/1";
        client::send(&host, "PUT", path, &headers, OTHER.as_bytes())
    };
    assert!(put().is_err());
    assert_eq!(registry.tagged("ns/app", "1"), Some(empty));
    assert!(put().is_err());
    assert_eq!(registry.tagged("ns/app", "1"), Some(other));
    assert_eq!(registry.journal()[1].status, 0);
}

#[test]
fn another_actor_may_move_the_tag_before_or_after_a_request() {
    let registry = Registry::start();
    let (empty, other) = two_indexes(&registry);
    let host = registry.host();
    let (to_other, to_empty) = (other.clone(), empty);
    registry
        .on("GET", "/manifests/1")
        .before(move |state| state.tag("ns/app", "1", &to_other))
        .then(move |state| state.tag("ns/app", "1", &to_empty))
        .pass();
    let get = || client::get(&host, "/v2/ns/app/manifests/1").body;
    assert_eq!(get(), OTHER.as_bytes());
    assert_eq!(get(), EMPTY.as_bytes());
}

#[test]
fn bodies_can_be_cut_chunked_replaced_and_slow() {
    let registry = Registry::start();
    two_indexes(&registry);
    let host = registry.host();
    let rule = || registry.on("GET", "/manifests/1");
    let get = || client::get(&host, "/v2/ns/app/manifests/1");
    rule().answer(Fault::Truncate(5));
    let cut = get();
    assert_eq!(cut.body, EMPTY.as_bytes()[..5]);
    assert_eq!(
        cut.header("Content-Length"),
        Some(&*EMPTY.len().to_string())
    );
    rule().answer(Fault::ChunkedBody);
    assert_eq!(get().body, EMPTY.as_bytes());
    rule().answer([
        Fault::Body(b"x".to_vec()),
        Fault::Header("Content-Type", "a/b".into()),
    ]);
    let other = get();
    assert_eq!(
        (&*other.body, other.header("Content-Type")),
        (&b"x"[..], Some("a/b"))
    );
    let start = Instant::now();
    let pause = Duration::from_millis(30);
    rule().answer([Fault::Stall(pause), Fault::StallInside(pause)]);
    assert_eq!(get().body, EMPTY.as_bytes());
    assert!(start.elapsed() >= 2 * pause);
}

#[test]
fn a_long_stall_ends_when_the_registry_is_dropped() {
    let registry = Registry::start();
    let host = registry.host();
    registry
        .on("GET", "")
        .answer(Fault::Stall(Duration::from_secs(600)));
    let client = std::thread::spawn(move || client::send(&host, "GET", "/v2/", &[], b"").is_ok());
    while registry.journal().is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(registry);
    client.join().unwrap();
}

#[test]
fn immutable_tags_are_refused_in_the_words_of_real_registries() {
    for refusal in BODIES {
        let registry = Registry::start();
        let (empty, _) = two_indexes(&registry);
        registry.immutable("ns/app", refusal.name);
        let host = registry.host();
        let refused = client::put(&host, "/v2/ns/app/manifests/1", INDEX, EMPTY.as_bytes());
        assert_eq!(refused.status, refusal.status, "{}", refusal.name);
        assert!(!String::from_utf8_lossy(&refused.body).contains('$'));
        assert_eq!(
            refused.code().is_some(),
            refusal.body.starts_with('{'),
            "{}",
            refusal.name
        );
        let fresh = client::put(&host, "/v2/ns/app/manifests/2", INDEX, EMPTY.as_bytes());
        assert_eq!(
            (fresh.status, registry.tagged("ns/app", "2")),
            (201, Some(empty))
        );
    }
}

#[test]
fn a_rule_can_refuse_what_the_registry_would_take() {
    let registry = Registry::start();
    let host = registry.host();
    registry
        .on("PUT", "/manifests/1")
        .answer([Fault::refusal("quay-immutable"), Fault::TakeEffect]);
    let put = client::put(&host, "/v2/ns/app/manifests/1", INDEX, EMPTY.as_bytes());
    assert_eq!(put.status, 409);
    let detail = &put.json()["errors"][0]["detail"]["message"];
    assert_eq!(detail, "tag '1' is immutable");
    assert!(registry.tagged("ns/app", "1").is_some());
}

#[test]
fn refusals_have_names_of_their_own() {
    let mut names: Vec<&str> = BODIES.iter().map(|refusal| refusal.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), BODIES.len());
}

#[test]
fn a_password_is_asked_for_and_rules_wait_for_it() {
    let registry = Registry::builder()
        .basic("ann", "se:cret")
        .read_only()
        .start();
    two_indexes(&registry);
    registry.on("GET", "/manifests/").answer(Fault::status(500));
    let host = registry.host();
    let path = "/v2/ns/app/manifests/1";
    let get = |authorization: &str| {
        let headers = [("Accept", INDEX), ("Authorization", authorization)];
        client::send(&host, "GET", path, &headers, b"").unwrap()
    };
    let asked = client::get(&host, path);
    assert_eq!(asked.status, 401);
    assert_eq!(
        asked.header("WWW-Authenticate"),
        Some(r#"Basic realm="fake registry""#)
    );
    assert_eq!(get(&basic("ann", "wrong")).status, 401);
    assert_eq!(get(&basic("ann", "se:cret")).status, 500);
    assert_eq!(get(&basic("ann", "se:cret")).status, 200);
    let headers = [
        ("Authorization", &*basic("ann", "se:cret")),
        ("Content-Type", INDEX),
    ];
    let put = client::send(&host, "PUT", path, &headers, EMPTY.as_bytes()).unwrap();
    assert_eq!((put.status, put.code().as_deref()), (403, Some("DENIED")));
}

#[test]
fn tokens_are_bound_to_scopes_and_rights_and_can_expire() {
    let registry = Registry::builder()
        .token("ann", "secret")
        .anonymous_pull()
        .start();
    two_indexes(&registry);
    let host = registry.host();
    let path = "/v2/ns/app/manifests/1";
    let ask = |query: &str, headers: &[(&str, &str)]| {
        client::send(&host, "GET", &format!("/token?{query}"), headers, b"").unwrap()
    };
    let send = |method: &str, token: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("Accept", INDEX),
            ("Content-Type", INDEX),
            ("Authorization", &authorization),
        ];
        let body = if method == "PUT" { EMPTY } else { "" };
        client::send(&host, method, path, &headers, body.as_bytes()).unwrap()
    };
    let challenge = client::get(&host, path);
    let wanted = format!(
        r#"Bearer realm="http://{host}/token",service="fake registry",scope="repository:ns/app:pull""#
    );
    assert_eq!(challenge.header("WWW-Authenticate"), Some(wanted.as_str()));

    let query = "service=fake%20registry&scope=repository:ns/app:pull,push";
    let login = basic("ann", "secret");
    let answer = ask(query, &[("Authorization", &login)]);
    assert_eq!(answer.json()["expires_in"], 300);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(
        (send("GET", &token).status, send("PUT", &token).status),
        (200, 201)
    );

    let anonymous = ask(query, &[]).json()["token"].as_str().unwrap().to_owned();
    assert_eq!(send("GET", &anonymous).status, 200);
    let refused = send("PUT", &anonymous);
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header("WWW-Authenticate")
            .unwrap()
            .ends_with(r#",error="insufficient_scope""#)
    );

    registry.expire_tokens();
    let expired = send("GET", &token);
    assert!(
        expired
            .header("WWW-Authenticate")
            .unwrap()
            .ends_with(r#",error="invalid_token""#)
    );

    assert_eq!(
        ask(query, &[("Authorization", &basic("ann", "x"))]).status,
        401
    );
    assert_eq!(ask("service=other", &[]).status, 400);
    assert_eq!(
        ask("service=fake+registry&scope=repository:A:pull", &[]).status,
        400
    );
}

#[test]
fn a_test_in_which_something_is_deleted_fails() {
    let registry = Registry::start();
    let mut connection = Connection::open(&registry.host()).unwrap();
    let path = "/v2/ns/app/manifests/1";
    connection.send("DELETE", path, &[], b"").unwrap();
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(registry)));
    assert!(dropped.is_err());
}
