//! That the fake registry does not lie about the basics: it answers as a real one does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tagproof::oci::Digest;

use crate::client::{self, ALL_MANIFESTS, Connection};
use crate::real::{self, Real};
use crate::registry::Registry;
use crate::token_server::{PASSWORD, SERVICE, USER};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = r#"{"architecture":"amd64","os":"linux"}"#;

/// A request to both.
struct Request {
    name: &'static str,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// What has to be equal in the answers.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    digest: Option<String>,
    content_type: Option<String>,
    location: Option<String>,
    code: Option<String>,
    length: Option<String>,
    body: Option<String>,
}

fn ask(host: &str, request: &Request) -> Answer {
    let headers: Vec<(&str, &str)> = request
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let answer =
        client::send(host, request.method, &request.path, &headers, &request.body).unwrap();
    let header = |name: &str| answer.header(name).map(|value| value.replace(host, "HOST"));
    let good = answer.status < 300;
    Answer {
        status: answer.status,
        digest: header("Docker-Content-Digest"),
        content_type: header("Content-Type"),
        location: header("Location"),
        code: answer.code(),
        // The words of errors may differ.
        length: header("Content-Length").filter(|_| good),
        body: good.then(|| String::from_utf8_lossy(&answer.body).into_owned()),
    }
}

fn read(name: &'static str, method: &'static str, path: &str, accept: &str) -> Request {
    Request {
        name,
        method,
        path: path.to_owned(),
        headers: vec![("Accept", accept.to_owned())],
        body: Vec::new(),
    }
}

fn put(name: &'static str, path: &str, media_type: &str, body: &str) -> Request {
    Request {
        name,
        method: "PUT",
        path: path.to_owned(),
        headers: vec![("Content-Type", media_type.to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

fn image(media_type: &str) -> String {
    let config = json!({
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": Digest::of(CONFIG.as_bytes()).as_str(),
        "size": CONFIG.len(),
    });
    json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": []}).to_string()
}

fn index_of(media_type: &str, child_type: &str, child: &str, size: usize) -> String {
    let child = json!({
        "mediaType": child_type,
        "digest": child,
        "size": size,
        "platform": {"os": "linux", "architecture": "amd64"},
    });
    json!({"schemaVersion": 2, "mediaType": media_type, "manifests": [child]}).to_string()
}

fn requests() -> Vec<Request> {
    let image_text = image(IMAGE);
    let image_digest = Digest::of(image_text.as_bytes()).to_string();
    let index = index_of(INDEX, IMAGE, &image_digest, image_text.len());
    let docker_text = image(DOCKER_IMAGE);
    let docker_digest = Digest::of(docker_text.as_bytes()).to_string();
    let list = index_of(LIST, DOCKER_IMAGE, &docker_digest, docker_text.len());
    let index_digest = Digest::of(index.as_bytes()).to_string();
    let zeros = format!("sha256:{}", "0".repeat(64));
    let orphan = index_of(INDEX, IMAGE, &zeros, 2);
    let untyped = |text: &str| {
        let mut value: Value = serde_json::from_str(text).unwrap();
        value.as_object_mut().unwrap().remove("mediaType");
        value.to_string()
    };
    let at = |reference: &str| format!("/v2/ns/app/manifests/{reference}");
    let blob = |digest: &str| format!("/v2/ns/app/blobs/{digest}");
    let config = Digest::of(CONFIG.as_bytes()).to_string();
    let all = ALL_MANIFESTS;
    vec![
        read("base", "GET", "/v2/", "*/*"),
        read("no repository", "GET", "/v2/no/such/manifests/1", all),
        read("no tag", "GET", &at("1"), all),
        read("no tag by HEAD", "HEAD", &at("1"), all),
        read("no digest", "GET", &at(&zeros), all),
        put("new image", &at("image"), IMAGE, &image_text),
        put("the same image again", &at("image"), IMAGE, &image_text),
        put("image by digest", &at(&image_digest), IMAGE, &image_text),
        put("docker image", &at("docker"), DOCKER_IMAGE, &docker_text),
        put("new index", &at("1"), INDEX, &index),
        put("list", &at("list"), LIST, &list),
        put("missing child", &at("orphan"), INDEX, &orphan),
        read("what was refused is not there", "GET", &at("orphan"), all),
        put("wrong digest", &at(&zeros), INDEX, &index),
        put("no JSON", &at("2"), INDEX, "{"),
        put("empty body", &at("2"), INDEX, ""),
        put("index as image", &at("2"), IMAGE, &index),
        put("image as index", &at("2"), INDEX, &image_text),
        put("unknown type", &at("2"), "application/x-unknown", &index),
        put("untyped index", &at("untyped"), INDEX, &untyped(&index)),
        put(
            "untyped image",
            &at("untyped-image"),
            IMAGE,
            &untyped(&image_text),
        ),
        put("untyped list", &at("untyped-list"), LIST, &untyped(&list)),
        put("bad tag", &at("-bad"), INDEX, &index),
        put("long tag", &at(&"x".repeat(129)), INDEX, &index),
        put("bad repository", "/v2/NS/app/manifests/1", INDEX, &index),
        read("index", "GET", &at("1"), all),
        read("index by HEAD", "HEAD", &at("1"), all),
        read("index by digest", "GET", &at(&index_digest), all),
        read("image", "GET", &at("image"), all),
        read("docker image", "GET", &at("docker"), all),
        read("list", "GET", &at("list"), all),
        read("untyped index", "GET", &at("untyped"), all),
        read("index, any type", "GET", &at("1"), "*/*"),
        read("index, any type, by HEAD", "HEAD", &at("1"), "*/*"),
        read("index, wrong type", "GET", &at("1"), IMAGE),
        read(
            "index by digest, wrong type",
            "GET",
            &at(&index_digest),
            IMAGE,
        ),
        read("image, wrong type", "GET", &at("image"), INDEX),
        read("list, only image", "GET", &at("list"), DOCKER_IMAGE),
        read(
            "docker image by digest, wrong type",
            "GET",
            &at(&docker_digest),
            INDEX,
        ),
        read("bad tag", "GET", &at("-bad"), all),
        read("short digest", "GET", &at("sha256:abc"), all),
        read(
            "upper-case digest",
            "GET",
            &at(&format!("sha256:{}", "A".repeat(64))),
            all,
        ),
        read("bad repository", "GET", "/v2/ns//app/manifests/1", all),
        read("blob", "GET", &blob(&config), "*/*"),
        read("blob by HEAD", "HEAD", &blob(&config), "*/*"),
        read("no blob", "GET", &blob(&zeros), "*/*"),
        read(
            "blob of another repository",
            "GET",
            &format!("/v2/o/o/blobs/{config}"),
            "*/*",
        ),
    ]
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn fake_and_real_answer_the_basics_alike() {
    if !real::available() {
        return;
    }
    let (fake, real) = (Registry::start(), Real::anonymous());
    fake.put_blob("ns/app", CONFIG);
    real.put_blob("ns/app", CONFIG);
    let mut differ = Vec::new();
    for request in requests() {
        let (fake, real) = (ask(&fake.host(), &request), ask(real.host(), &request));
        if fake != real {
            differ.push(format!(
                "{}:\n  fake {fake:?}\n  real {real:?}",
                request.name
            ));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// Status, challenge and error code. The realm and the service have to differ, and the order of
/// actions is up to chance: they are made equal.
fn refusal(
    connection: &mut Connection,
    request: &Request,
    [realm, service]: [&str; 2],
) -> (u16, Option<String>, Option<String>) {
    let headers: Vec<(&str, &str)> = request
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let answer = connection.send(request.method, &request.path, &headers, b"");
    let answer = answer.unwrap();
    let challenge = answer.header("WWW-Authenticate").map(|challenge| {
        challenge
            .replace(realm, "REALM")
            .replace(service, "SERVICE")
            .replace("push,pull", "pull,push")
    });
    (answer.status, challenge, answer.code())
}

fn with_authorization(authorization: Option<&str>) -> Vec<Request> {
    let tag = "/v2/ns/app/manifests/1";
    let blob = format!("/v2/ns/app/blobs/{}", Digest::of(b""));
    let requests = [
        read("base", "GET", "/v2/", ALL_MANIFESTS),
        read("tag", "GET", tag, ALL_MANIFESTS),
        read("tag by HEAD", "HEAD", tag, ALL_MANIFESTS),
        put("write", tag, INDEX, ""),
        read("blob", "GET", &blob, "*/*"),
    ];
    let with = |mut request: Request| {
        let header = authorization.map(|value| ("Authorization", value.to_owned()));
        request.headers.extend(header);
        request
    };
    requests.map(with).into()
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn fake_and_real_ask_for_a_password_alike() {
    if !real::available() {
        return;
    }
    let (fake, real) = (
        Registry::builder().basic(USER, PASSWORD).start(),
        Real::htpasswd(),
    );
    for authorization in [
        None,
        Some("Basic YW5uOndyb25n"),
        Some("Basic !"),
        Some("Bearer x"),
    ] {
        for request in with_authorization(authorization) {
            let mut connection = Connection::open(&fake.host()).unwrap();
            let fake = refusal(&mut connection, &request, ["fake registry", "-"]);
            let mut connection = Connection::open_tls(real.host()).unwrap();
            let real = refusal(&mut connection, &request, ["tests", "-"]);
            assert_eq!(fake, real, "{}, {authorization:?}", request.name);
        }
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn fake_and_real_ask_for_a_token_alike() {
    if !real::available() {
        return;
    }
    let (fake, real) = (
        Registry::builder().token(USER, PASSWORD).start(),
        Real::token(),
    );
    let fake_realm = format!("{}/token", fake.url());
    let real_realm = real.realm();
    let login = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let login = [("Authorization", &*format!("Basic {login}"))];
    let token = |realm: &str, service: &str| {
        let (host, _) = realm["http://".len()..].split_once('/').unwrap();
        let scope = "repository:ns/app:pull";
        let path = format!("/token?service={}&scope={scope}", service.replace(' ', "+"));
        let answer = client::send(host, "GET", &path, &login, b"").unwrap();
        format!("Bearer {}", answer.json()["token"].as_str().unwrap())
    };
    let fake_names = [fake_realm.as_str(), "fake registry"];
    let real_names = [real_realm.as_str(), SERVICE];
    let pull = [
        token(fake_names[0], fake_names[1]),
        token(real_names[0], real_names[1]),
    ];
    let garbage = || ["Bearer x".to_owned(), "Bearer x".to_owned()];
    for [fake_token, real_token] in [None, Some(garbage()), Some(pull)]
        .map(|tokens| tokens.map_or([None, None], |tokens| tokens.map(Some)))
    {
        let requests = with_authorization(fake_token.as_deref())
            .into_iter()
            .zip(with_authorization(real_token.as_deref()));
        for (to_fake, to_real) in requests {
            let mut connection = Connection::open(&fake.host()).unwrap();
            let fake = refusal(&mut connection, &to_fake, fake_names);
            let mut connection = Connection::open(real.host()).unwrap();
            let real = refusal(&mut connection, &to_real, real_names);
            assert_eq!(fake, real, "{}, {fake_token:?}", to_fake.name);
        }
    }
}
