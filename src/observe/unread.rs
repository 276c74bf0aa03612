//! Why an image is not known as deep as was asked, in words.

use super::kept::LayerState;
use super::layers::LayerKey;
use super::memory::bad_answer;
use crate::oci::{Digest, Layer, Repository};
use crate::registry::{Cause, Class, Error, Method, Read, Target};

/// A layer that is not what its image's config says, when it is unpacked.
pub(super) fn other_bytes(repository: &Repository, layer: &LayerKey<'_>, found: &Digest) -> Error {
    let read = Read {
        repository: repository.clone(),
        target: Target::Blob(layer.digest.clone()),
        method: Method::Get,
    };
    let reason = format!(
        "unpacked, it is {found}, and the image's config names {}",
        layer.diff_id
    );
    Error {
        cause: Cause::OtherBytes,
        ..bad_answer(&read, reason)
    }
}

/// A layer that was not read.
pub(super) fn not_read(digest: &Digest, layer: &Layer, limit: u64) -> Error {
    let reason = match layer.is_encrypted {
        true => "it is encrypted".to_owned(),
        false => format!(
            "{} MiB more would be over the {} MiB that this run may download",
            layer.size.div_ceil(1024 * 1024),
            limit / 1024 / 1024
        ),
    };
    Error {
        cause: Cause::DownloadLimit,
        ..Error::new(Class::NotRead, format!("reading layer {digest}"), reason)
    }
}

/// An image whose platform nothing that was read decides, as this layer of it was not.
pub(super) fn undecided(
    digest: &Digest,
    layer: Option<&Layer>,
    state: Option<&LayerState>,
) -> Error {
    let (class, why) = match state {
        Some(LayerState::NotUnderstood(why)) => (Class::Shape, why.as_str()),
        _ if layer.is_some_and(|it| it.is_encrypted) => (Class::NotRead, "it is encrypted"),
        _ if layer.is_some_and(|it| it.is_foreign) => (Class::NotRead, "it is not distributed"),
        _ => (Class::NotRead, "it is too large"),
    };
    let reason = format!(
        "all of its layers are those of an image for another architecture, and what it starts may be in one that was not read: {why}"
    );
    Error {
        class,
        cause: Cause::DefaultDepth,
        ..Error::of_document(format!("the layers of {digest}"), reason)
    }
}
