//! TLS with the tests' own certificate authority.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// A file of `tests/data/tls`.
pub(crate) fn file(name: &str) -> PathBuf {
    let root = env!("CARGO_MANIFEST_DIR");
    [root, "tests", "data", "tls", name].iter().collect()
}

/// What a PEM file of one item holds.
pub(crate) fn der(name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(file(name)).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}

/// For servers: the certificate for `localhost` and `127.0.0.1`.
pub(crate) fn server_config() -> Arc<ServerConfig> {
    server_config_with("server.crt")
}

/// The same with another certificate of the same key.
pub(crate) fn server_config_with(certificate: &str) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der("server.key")));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(der(certificate))], key);
    Arc::new(config.unwrap())
}

/// For clients: trusts the tests' authority only.
pub(crate) fn client_config() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(der("ca.crt"))).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
