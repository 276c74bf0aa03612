//! That the real registries start, ask for the logins they should, and hold the samples.

use base64::Engine as _;

use crate::client::{self, ALL_MANIFESTS, Connection};
use crate::real::{self, Real};
use crate::registry::Registry;
use crate::samples::{self, Store};
use crate::tls;
use crate::token_server::{PASSWORD, USER};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image of an empty layer in `ns/app:1`, and its digest.
fn push_image(real: &Real) -> String {
    let config = real.put_blob("ns/app", r#"{"architecture":"amd64","os":"linux"}"#);
    let layer = real.put_blob("ns/app", "layer");
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 37},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": 5}],
    });
    let digest = real.put_manifest("ns/app", manifest.to_string(), IMAGE);
    real.tag("ns/app", "1", &digest);
    digest
}

fn login(user: &str, password: &str) -> String {
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {login}")
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn an_anonymous_real_registry_takes_images_and_gives_them_back() {
    if !real::available() {
        return;
    }
    let real = Real::anonymous();
    let digest = push_image(&real);
    assert_eq!(real.tagged("ns/app", "1"), Some(digest));
    assert_eq!(real.tagged("ns/app", "2"), None);
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_real_registry_with_a_password_speaks_tls_by_the_tests_authority() {
    if !real::available() {
        return;
    }
    let real = Real::htpasswd();
    push_image(&real);
    let get = |headers: &[(&str, &str)]| {
        let mut connection = Connection::open_tls(real.host()).unwrap();
        connection
            .send("GET", "/v2/ns/app/manifests/1", headers, b"")
            .unwrap()
    };
    assert_eq!(get(&[]).status, 401);
    let accept = ("Accept", ALL_MANIFESTS);
    assert_eq!(
        get(&[accept, ("Authorization", &login(USER, "wrong"))]).status,
        401
    );
    assert_eq!(
        get(&[accept, ("Authorization", &login(USER, PASSWORD))]).status,
        200
    );
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_real_registry_with_tokens_believes_the_tests_token_server() {
    if !real::available() {
        return;
    }
    let real = Real::token();
    push_image(&real);
    let path = "/v2/ns/app/manifests/1";
    assert_eq!(client::get(real.host(), path).status, 401);
    let realm = real.realm();
    let (host, _) = realm["http://".len()..].split_once('/').unwrap();
    let token = |headers: &[(&str, &str)]| {
        let query = "service=registry+of+the+tests&scope=repository:ns/app:pull";
        client::send(host, "GET", &format!("/token?{query}"), headers, b"").unwrap()
    };
    let status_with = |token: &client::Answer| {
        let token = token.json()["token"].as_str().unwrap().to_owned();
        let authorization = format!("Bearer {token}");
        let headers = [("Accept", ALL_MANIFESTS), ("Authorization", &authorization)];
        client::send(real.host(), "GET", path, &headers, b"")
            .unwrap()
            .status
    };
    let right = token(&[("Authorization", &login(USER, PASSWORD))]);
    assert_eq!(status_with(&right), 200);
    assert_eq!(status_with(&token(&[])), 401);
    assert_eq!(
        token(&[("Authorization", &login(USER, "wrong"))]).status,
        401
    );
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn the_fake_registry_speaks_tls_by_the_tests_authority() {
    let registry = Registry::builder().tls(tls::server_config()).start();
    let mut connection = Connection::open_tls(&registry.host()).unwrap();
    assert_eq!(
        connection.send("GET", "/v2/", &[], b"").unwrap().status,
        200
    );
    let plain = registry.host();
    let refused = Connection::open(&plain)
        .unwrap()
        .send("GET", "/v2/", &[], b"");
    // Go's answer has no length, which this client does not read.
    assert!(refused.is_err());
    let not_tls = Registry::start();
    assert!(
        Connection::open_tls(&not_tls.host())
            .unwrap()
            .send("GET", "/v2/", &[], b"")
            .is_err()
    );
}

/// Whether all tags of all samples are in the registry, byte for byte.
fn holds_the_samples<S: Store>(start: impl Fn() -> S, open_host: impl Fn(&S) -> String) {
    for sample in samples::all() {
        let (first, second) = (start(), start());
        let metadata = sample.load(&first, &second);
        assert!(!metadata.contains("localhost:500"), "{}", sample.name);
        for (registry, file) in [(&first, "registry.json"), (&second, "registry-5001.json")] {
            for (repository, tag, digest) in sample.tags(file) {
                let path = format!("/v2/{repository}/manifests/{tag}");
                let found = client::get(&open_host(registry), &path);
                assert_eq!(found.status, 200, "{}: {path}", sample.name);
                assert_eq!(found.header("Docker-Content-Digest"), Some(digest.as_str()));
                assert_eq!(tagproof::oci::Digest::of(&found.body).as_str(), digest);
            }
        }
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn the_fake_registry_holds_every_sample() {
    holds_the_samples(Registry::start, Registry::host);
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_real_registry_holds_every_sample() {
    if real::available() {
        holds_the_samples(Real::anonymous, |real| real.open_host().to_owned());
    }
}
