//! A scene: a real registry under two addresses, and its token server, at a distance and behind TLS or not.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::content::Content;
use super::front::Front;
use crate::token_server::{ISSUER, PASSWORD, SERVICE, TokenServer, USER};

/// How the registry is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Condition {
    pub(crate) rtt: u64,
    pub(crate) is_tls: bool,
    pub(crate) has_login: bool,
}

impl Condition {
    pub(crate) fn shown(self) -> String {
        let transport = if self.is_tls { "TLS" } else { "plain" };
        let login = if self.has_login {
            "token login"
        } else {
            "no login"
        };
        format!("{} ms, {transport}, {login}", self.rtt)
    }
}

/// Where things are.
pub(crate) struct Places {
    /// A folder for everything that is written.
    pub(crate) work: PathBuf,
    /// The address that `*.registry.test` leads to, in a network of the bench's own. Clients send no
    /// credentials to token servers at loopback's or private addresses, and guess at loopback's
    /// names. Without it there is no TLS.
    pub(crate) address: Option<IpAddr>,
    /// The certificate and key of `*.registry.test`.
    pub(crate) certificate: (PathBuf, PathBuf),
    /// What clients trust: the system's certificates and the bench's own.
    pub(crate) authorities: PathBuf,
}

/// A running scene; it ends when it is dropped.
pub(crate) struct Scene {
    pub(crate) condition: Condition,
    pub(crate) one: Front,
    pub(crate) two: Front,
    pub(crate) tokens: Front,
    home: PathBuf,
    child: Child,
    _token_server: TokenServer,
}

impl Scene {
    pub(crate) fn start(places: &Places, content: &Content, condition: Condition) -> Result<Self> {
        let (certificate, key) = &places.certificate;
        let tls = match condition.is_tls {
            true => Some(server_config(certificate, key)?),
            false => None,
        };
        let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
        let named = places.address.unwrap_or(loopback);
        let at = if condition.is_tls { named } else { loopback };
        let rtt = Duration::from_millis(condition.rtt);
        let behind: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let one = Front::start(at, rtt, tls.clone(), Arc::clone(&behind))?;
        let two = Front::start(at, rtt, tls.clone(), Arc::clone(&behind))?;
        let token_server = TokenServer::start();
        let behind_tokens = token_server.realm();
        let address = behind_tokens
            .trim_start_matches("http://")
            .trim_end_matches("/token");
        let tokens = Front::start(
            named,
            rtt,
            tls,
            Arc::new(Mutex::new(Some(address.parse()?))),
        )?;
        let auth = match condition.has_login {
            false => String::new(),
            true => format!(
                "auth: {{token: {{realm: {:?}, service: {SERVICE:?}, issuer: {ISSUER:?}, rootcertbundle: {:?}}}}}\n",
                realm(places, condition, tokens.port()),
                crate::tls::file("token.crt"),
            ),
        };
        let (child, address) = registry(&places.work, &content.storage, &auth)?;
        *behind.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
        let scene = Self {
            condition,
            one,
            two,
            tokens,
            home: places.work.join("home"),
            child,
            _token_server: token_server,
        };
        scene.write_login()?;
        Ok(scene)
    }

    /// The two registries' names in references.
    pub(crate) fn hosts(&self) -> [String; 2] {
        [("one", &self.one), ("two", &self.two)]
            .map(|(name, front)| host(self.condition, name, front.port()))
    }

    /// What every program finds in its environment.
    pub(crate) fn environment(&self, places: &Places) -> Vec<(String, String)> {
        let path = std::env::var("PATH").unwrap_or_default();
        let home = self.home.display().to_string();
        let authorities = places.authorities.display().to_string();
        [
            ("PATH", path),
            ("HOME", home),
            ("SSL_CERT_FILE", authorities),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Waits until what the run before left behind is gone.
    pub(crate) fn rest(&self) {
        let fronts = [&self.one, &self.two, &self.tokens];
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2)
            && !fronts.iter().all(|front| front.counts.is_idle())
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.take();
    }

    /// Connections, the most of them at once at one registry, and requests since the last call.
    pub(crate) fn take(&self) -> (usize, usize, usize) {
        let [one, two, tokens] = [&self.one, &self.two, &self.tokens].map(|it| it.counts.take());
        (
            one.0 + two.0 + tokens.0,
            one.1.max(two.1),
            one.2 + two.2 + tokens.2,
        )
    }

    fn write_login(&self) -> Result<()> {
        let auth = BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let login = serde_json::json!({"auth": auth});
        let auths: serde_json::Map<String, serde_json::Value> = match self.condition.has_login {
            true => self
                .hosts()
                .into_iter()
                .map(|host| (host, login.clone()))
                .collect(),
            false => serde_json::Map::new(),
        };
        let folder = self.home.join(".docker");
        fs::create_dir_all(&folder)?;
        let text = serde_json::json!({"auths": auths}).to_string();
        fs::write(folder.join("config.json"), text)?;
        Ok(())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// With TLS the names are like any registry's; loopback's own names make clients guess.
fn host(condition: Condition, name: &str, port: u16) -> String {
    match condition.is_tls {
        true => format!("{name}.registry.test:{port}"),
        false => format!("127.0.0.1:{port}"),
    }
}

/// Where tokens are.
fn realm(places: &Places, condition: Condition, port: u16) -> String {
    let scheme = if condition.is_tls { "https" } else { "http" };
    match places.address {
        Some(_) => format!("{scheme}://auth.registry.test:{port}/token"),
        None => format!("{scheme}://127.0.0.1:{port}/token"),
    }
}

fn server_config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let certificates =
        CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, PrivateKeyDer::from_pem_file(key)?)?;
    Ok(Arc::new(config))
}

/// Starts `docker-registry` on a port of its choice.
fn registry(work: &Path, storage: &Path, auth: &str) -> Result<(Child, SocketAddr)> {
    let (config, log) = (work.join("registry.yml"), work.join("registry.log"));
    let text = format!(
        "version: 0.1\n\
         log: {{level: info, accesslog: {{disabled: true}}}}\n\
         storage: {{filesystem: {{rootdirectory: {storage:?}}}}}\n\
         http:\n  addr: 127.0.0.1:0\n  secret: bench\n{auth}"
    );
    fs::write(&config, text)?;
    let mut child = Command::new("docker-registry")
        .arg("serve")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?)
        .spawn()
        .context("docker-registry")?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
        let said = fs::read_to_string(&log)?;
        let listening = said
            .split_once("msg=\"listening on ")
            .and_then(|(_, rest)| rest.split_once(['"', ',']));
        if let Some((address, _)) = listening {
            return Ok((child, address.parse()?));
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    bail!(
        "docker-registry does not start: {}",
        fs::read_to_string(&log)?
    )
}
