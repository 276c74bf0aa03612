//! The metadata that a builder writes, read into builds: which format a file has.
//!
//! A format is a file of its own and a line in `READERS`. See docs/metadata.md.

mod build;
mod buildx;
mod descriptor;
mod keys;
mod members;
mod report;

pub use build::{Build, DoublePush, Image, Outputs};
pub(crate) use build::{MAX_NAMES, MAX_PLATFORMS};
use keys::is_text;
use members::Members;

use crate::problem::Problem;

/// The largest metadata that is read, in bytes. Several hundred kilobytes are common: buildx puts
/// the CI event into the provenance of every platform.
pub const MAX_METADATA: usize = 16 * 1024 * 1024;

/// Reads the builds of one format. Empty if there are none of it.
type ReadFormat = fn(&str, &Members<'_>) -> Result<Vec<Build>, Problem>;

/// The formats. The first that finds a build in a file counts.
const READERS: &[ReadFormat] = &[report::read, buildx::read];

/// Reads the text of a metadata file; `source` is what to call it in messages.
///
/// # Errors
///
/// When the text is not JSON, or a key that is used is malformed: the message names the file,
/// the key and the reason.
pub fn parse(source: &str, text: &[u8]) -> Result<Vec<Build>, Problem> {
    if text.len() > MAX_METADATA {
        return Err(Problem::invalid(
            format!(
                "`{source}` is larger than {} MiB",
                MAX_METADATA / 1024 / 1024
            ),
            "give the file that `docker buildx build --metadata-file` wrote",
        ));
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        Problem::invalid(
            format!(
                "failed to read `{source}`: not UTF-8 at byte {}",
                error.valid_up_to()
            ),
            "give the file that `docker buildx build --metadata-file` wrote",
        )
    })?;
    // Windows tools put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(nothing(source, "is empty"));
    }
    let members: Option<Members<'_>> = match is_text(text) {
        // The parser would quote all of it.
        true => Err("expected an object, found a string".to_owned()),
        false => serde_json::from_str(text).map_err(|error| error.to_string()),
    }
    .and_then(|members: Option<Members<'_>>| {
        let too_many = members.as_ref().and_then(Members::too_many);
        too_many.map_or(Ok(members), Err)
    })
    .map_err(|cause| {
        Problem::invalid(
            format!("failed to read `{source}`: {cause}"),
            "give the JSON that `docker buildx build --metadata-file` wrote",
        )
    })?;
    let Some(members) = members else {
        return Err(nothing(source, "holds `null`"));
    };
    for read in READERS {
        let builds = read(source, &members)?;
        if !builds.is_empty() {
            return Ok(builds);
        }
    }
    Err(nothing(source, "holds no build"))
}

fn nothing(source: &str, what: &str) -> Problem {
    Problem::nothing(
        format!("nothing to check: `{source}` {what}"),
        "give the file that `docker buildx build --push --metadata-file` wrote",
    )
}

#[cfg(test)]
mod tests;
