//! What the keys at the top of a file are: a build's, the names of targets, or neither.

use super::members::Members;

/// Whether a JSON value is a string.
pub(super) fn is_text(value: &str) -> bool {
    value.trim_start().starts_with('"')
}

/// Whether buildx takes this for the name of a target. What stands beside targets has a dot:
/// `buildx.build.warnings`, and the keys of others, such as `depot.build`.
pub(super) fn is_target_name(key: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !key.is_empty() && key.bytes().all(fits)
}

/// Whether a key beside targets is known, and says nothing of an image: buildx's own, and depot's.
pub(super) fn is_known_beside(key: &str) -> bool {
    key.starts_with("buildx.") || key == "depot.build"
}

/// Whether a value is what buildx writes of a build, whatever it is called.
pub(super) fn holds_build(value: &str) -> bool {
    let members: Option<Members<'_>> = match value.trim_start().starts_with('{') {
        true => serde_json::from_str(value).ok(),
        false => None,
    };
    members.is_some_and(|members| members.0.keys().any(|key| is_build_key(key)))
}

/// Whether a top-level key is one that buildx writes for a single build. A bake file has the
/// targets' names there.
pub(super) fn is_build_key(key: &str) -> bool {
    [
        "containerimage.",
        "image.name",
        "buildx.build.ref",
        "buildx.build.provenance",
        "cache.manifest",
        "frontend.",
        "result.",
    ]
    .iter()
    .any(|prefix| key.starts_with(prefix))
}
