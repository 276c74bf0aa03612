//! Real registries: `docker-registry` of Debian as a child process, with its storage in a folder of its own.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tagproof::oci::Digest;

use crate::client;
use crate::tls;
use crate::token_server::{ISSUER, SERVICE, TokenServer};

const PROGRAM: &str = "docker-registry";

/// Whether a real registry can be started here. If not, says so aloud, and fails the test when
/// `TAGPROOF_TEST_REQUIRE_ALL=1` asks for no test to be skipped.
pub(crate) fn available() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = *FOUND.get_or_init(|| Command::new(PROGRAM).arg("--version").output().is_ok());
    if !found {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let message = format!("skipped: {PROGRAM} is not installed ({test})");
        let required = std::env::var("TAGPROOF_TEST_REQUIRE_ALL").is_ok_and(|all| all == "1");
        assert!(!required, "{message}");
        // Not by `println!`, which the test harness keeps to itself.
        let _ = writeln!(std::io::stdout(), "{message}");
        let _ = writeln!(std::io::stderr(), "{message}");
    }
    found
}

/// A running real registry; it is killed when it is dropped.
pub(crate) struct Real {
    process: Process,
    /// Where to write without a login: another process over the same storage.
    side: Option<Process>,
    token_server: Option<TokenServer>,
    is_tls: bool,
    folder: Arc<Folder>,
}

impl Real {
    /// Plain HTTP, nobody is asked for a login.
    pub(crate) fn anonymous() -> Self {
        let folder = Arc::new(Folder::new());
        Self {
            process: Process::start(&folder, "anonymous", "", ""),
            side: None,
            token_server: None,
            is_tls: false,
            folder,
        }
    }

    /// TLS by the tests' authority (`tests/data/tls/ca.crt`), and a password: that of
    /// [`crate::token_server::USER`].
    pub(crate) fn htpasswd() -> Self {
        let folder = Arc::new(Folder::new());
        let tls = format!(
            "  tls: {{certificate: {:?}, key: {:?}}}\n",
            tls::file("server.crt"),
            tls::file("server.key")
        );
        let auth = format!(
            "auth: {{htpasswd: {{realm: tests, path: {:?}}}}}\n",
            tls::file("htpasswd")
        );
        Self {
            process: Process::start(&folder, "htpasswd", &tls, &auth),
            side: Some(Process::start(&folder, "side", "", "")),
            token_server: None,
            is_tls: true,
            folder,
        }
    }

    /// Plain HTTP, and tokens from a [`TokenServer`].
    pub(crate) fn token() -> Self {
        let folder = Arc::new(Folder::new());
        let server = TokenServer::start();
        let auth = format!(
            "auth: {{token: {{realm: {:?}, service: {SERVICE:?}, issuer: {ISSUER:?}, \
             rootcertbundle: {:?}}}}}\n",
            server.realm(),
            tls::file("token.crt")
        );
        Self {
            process: Process::start(&folder, "token", "", &auth),
            side: Some(Process::start(&folder, "side", "", "")),
            token_server: Some(server),
            is_tls: false,
            folder,
        }
    }

    /// `127.0.0.1:PORT`, the registry's name in references.
    pub(crate) fn host(&self) -> &str {
        &self.process.host
    }

    /// `http://127.0.0.1:PORT`, or with `https`.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.host())
    }

    /// The address of the token server.
    pub(crate) fn realm(&self) -> String {
        self.token_server.as_ref().unwrap().realm()
    }

    /// `127.0.0.1:PORT` of the same content over plain HTTP without a login.
    pub(crate) fn open_host(&self) -> &str {
        &self.side.as_ref().unwrap_or(&self.process).host
    }

    /// Pushes a blob and returns its digest.
    pub(crate) fn put_blob(&self, repository: &str, bytes: impl AsRef<[u8]>) -> String {
        let bytes = bytes.as_ref();
        let digest = Digest::of(bytes).to_string();
        let host = self.open_host();
        let start = format!("/v2/{repository}/blobs/uploads/");
        let begun = client::send(host, "POST", &start, &[], b"").unwrap();
        assert_eq!(begun.status, 202);
        let location = begun.header("Location").unwrap();
        let path = &location[location.find("/v2/").unwrap()..];
        let path = format!("{path}&digest={digest}");
        let headers = [("Content-Type", "application/octet-stream")];
        let put = client::send(host, "PUT", &path, &headers, bytes).unwrap();
        assert_eq!(put.status, 201, "{}", String::from_utf8_lossy(&put.body));
        digest
    }

    /// Pushes a manifest by its digest, which it returns. What it names has to be there.
    pub(crate) fn put_manifest(
        &self,
        repository: &str,
        bytes: impl AsRef<[u8]>,
        media_type: &str,
    ) -> String {
        let bytes = bytes.as_ref();
        let digest = Digest::of(bytes).to_string();
        self.put(repository, &digest, bytes, media_type);
        digest
    }

    /// Points a tag at a manifest that is there.
    pub(crate) fn tag(&self, repository: &str, tag: &str, digest: &str) {
        let path = format!("/v2/{repository}/manifests/{digest}");
        let found = client::get(self.open_host(), &path);
        assert_eq!(found.status, 200, "{repository}@{digest}");
        let media_type = found.header("Content-Type").unwrap();
        self.put(repository, tag, &found.body, media_type);
    }

    fn put(&self, repository: &str, reference: &str, bytes: &[u8], media_type: &str) {
        let path = format!("/v2/{repository}/manifests/{reference}");
        let put = client::put(self.open_host(), &path, media_type, bytes);
        assert_eq!(put.status, 201, "{}", String::from_utf8_lossy(&put.body));
    }

    /// Where a tag points.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        let path = format!("/v2/{repository}/manifests/{tag}");
        let found = client::get(self.open_host(), &path);
        (found.status == 200).then(|| Digest::of(&found.body).to_string())
    }

    /// Takes a tag away, in the storage.
    pub(crate) fn untag(&self, repository: &str, tag: &str) {
        fs::remove_dir_all(self.manifests(repository).join("tags").join(tag)).unwrap();
    }

    /// Takes a manifest away, in the storage; tags that point at it stay and lead nowhere.
    pub(crate) fn delete_manifest(&self, repository: &str, digest: &str) {
        let revision = format!("revisions/sha256/{}", hex(digest));
        fs::remove_dir_all(self.manifests(repository).join(revision)).unwrap();
    }

    /// Where the storage has the manifests of a repository.
    fn manifests(&self, repository: &str) -> PathBuf {
        let repositories = self.root().join("repositories");
        repositories.join(repository).join("_manifests")
    }

    fn root(&self) -> PathBuf {
        self.folder.0.join("data/docker/registry/v2")
    }

    /// Loads what a sample says was in a registry, as `crate::registry::Registry::load_sample`.
    /// It is written into the storage, since the samples lack the blobs that a push needs.
    pub(crate) fn load_sample(&self, sample: &Path, file: &str) {
        let Ok(text) = fs::read_to_string(sample.join(file)) else {
            return;
        };
        let content: serde_json::Value = serde_json::from_str(&text).unwrap();
        let root = self.root();
        for (repository, content) in content.as_object().unwrap() {
            let manifests = self.manifests(repository);
            for digest in content["manifests"].as_object().unwrap().keys() {
                let hex = hex(digest);
                let bytes = fs::read(sample.join(format!("manifests/{hex}.json"))).unwrap();
                write(
                    &root.join(format!("blobs/sha256/{}/{hex}/data", &hex[..2])),
                    &bytes,
                );
                let link = manifests.join(format!("revisions/sha256/{hex}/link"));
                write(&link, digest.as_bytes());
            }
            for (tag, digest) in content["tags"].as_object().unwrap() {
                let digest = digest.as_str().unwrap();
                let tag = manifests.join("tags").join(tag);
                let index = tag.join(format!("index/sha256/{}/link", hex(digest)));
                write(&tag.join("current/link"), digest.as_bytes());
                write(&index, digest.as_bytes());
            }
        }
    }
}

fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap()
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A folder that goes away with its last user.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("registry-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Process {
    child: Child,
    host: String,
    _folder: Arc<Folder>,
}

impl Process {
    /// Starts one over the folder's storage and waits until it listens on a port of its choice.
    fn start(folder: &Arc<Folder>, name: &str, http: &str, auth: &str) -> Self {
        let config = folder.0.join(format!("{name}.yml"));
        let text = format!(
            "version: 0.1\n\
             log: {{level: info, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {:?}}}}}\n\
             http:\n  addr: 127.0.0.1:0\n  secret: tests\n{http}{auth}",
            folder.0.join("data")
        );
        write(&config, text.as_bytes());
        let log = folder.0.join(format!("{name}.log"));
        let mut command = Command::new(PROGRAM);
        command
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap());
        let child = crate::run::start(&mut command);
        let mut process = Self {
            child,
            host: String::new(),
            _folder: Arc::clone(folder),
        };
        let start = Instant::now();
        while process.host.is_empty() {
            let said = fs::read_to_string(&log).unwrap();
            let ended = process.child.try_wait().unwrap().is_some();
            assert!(
                !ended && start.elapsed() < Duration::from_secs(30),
                "{said}"
            );
            std::thread::sleep(Duration::from_millis(5));
            // `msg="listening on 127.0.0.1:40000"`, `msg="listening on 127.0.0.1:40000, tls"`.
            let host = said
                .split_once("msg=\"listening on ")
                .and_then(|(_, rest)| rest.split_once(['"', ',']));
            if let Some((host, _)) = host {
                host.clone_into(&mut process.host);
            }
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
