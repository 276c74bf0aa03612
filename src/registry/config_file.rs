//! A login config on the disk: bounded, and nothing at all if it is missing.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::login_config::LoginConfig;

/// The most that is read of a config file.
const MAX_SIZE: u64 = 1024 * 1024;

/// Reads a config file; `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<LoginConfig>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    let mut file = file.take(MAX_SIZE + 1);
    file.read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if file.limit() == 0 {
        return Err("it is larger than 1 MiB".to_owned());
    }
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
