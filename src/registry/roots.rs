//! The certificates that this system trusts.

use ureq::tls::Certificate;

/// All of them; none where there is no store.
#[cfg(not(target_os = "wasi"))]
pub(super) fn system() -> Vec<Certificate<'static>> {
    rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect()
}

/// The most that is read of a file of certificates.
#[cfg(target_os = "wasi")]
const MAX_SIZE: u64 = 4 * 1024 * 1024;

/// How many such files are read.
#[cfg(target_os = "wasi")]
const MAX_FILES: usize = 1000;

/// A WASI host has no store to show: what it trusts is in the PEM files that `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` name, which the native program goes by as well.
#[cfg(target_os = "wasi")]
pub(super) fn system() -> Vec<Certificate<'static>> {
    use std::io::Read as _;
    use ureq::tls::{PemItem, parse_pem};
    let read = |path: std::path::PathBuf| {
        let mut pem = Vec::new();
        let file = std::fs::File::open(path).ok()?;
        file.take(MAX_SIZE).read_to_end(&mut pem).ok()?;
        Some(pem)
    };
    let file = std::env::var_os("SSL_CERT_FILE").map(std::path::PathBuf::from);
    let directory = std::env::var_os("SSL_CERT_DIR")
        .and_then(|path| std::fs::read_dir(path).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()));
    file.into_iter()
        .chain(directory)
        .take(MAX_FILES)
        .filter_map(read)
        .flat_map(|pem| parse_pem(&pem).flatten().collect::<Vec<_>>())
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect()
}
