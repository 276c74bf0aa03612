//! A login config on the disk: bounded, and nothing at all if it is missing.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::login_config::LoginConfig;
use crate::text::{too_large, utf8};

/// The most that is read of a config file.
const MAX_SIZE: usize = 1024 * 1024;

/// Reads a config file; `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<LoginConfig>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.take(MAX_SIZE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() > MAX_SIZE {
        return Err(too_large(MAX_SIZE));
    }
    let text = utf8(bytes, MAX_SIZE).map_err(|why| format!("{why}: save it as UTF-8"))?;
    LoginConfig::parse(&text).map(Some)
}

/// Whether a file or directory could not be opened because there is none. A WebAssembly host
/// shows only the directories it was told to, and fails for the others in ways of its own.
pub(super) fn is_missing(error: &io::Error) -> bool {
    cfg!(target_os = "wasi")
        || matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
}
