//! The certificates that this system trusts, and those of a file.

use ureq::tls::{Certificate, PemItem, parse_pem};

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

/// The certificates of the file called `name`.
pub(super) fn read_file(name: &str, pem: &[u8]) -> Result<Vec<Certificate<'static>>, String> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        match item.map_err(|_| format!("{name} is not a file of PEM certificates"))? {
            PemItem::Certificate(certificate) => found.push(certificate),
            _ => return Err(format!("{name} holds something that is no certificate")),
        }
    }
    match found.is_empty() {
        true => Err(format!("{name} holds no certificate in PEM form")),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused() {
        assert!(read_file("it", b"").is_err());
        assert!(read_file("it", b"hello").is_err());
        assert!(
            read_file(
                "it",
                b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"
            )
            .is_err()
        );
    }
}
