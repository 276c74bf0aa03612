//! The attestations that a target asks for.

use serde_json::Value;

use super::attributes::Attributes;
use crate::oci::Attestation;

/// The attestations that are asked for. The first of a kind counts, as in buildx. A type that
/// BuildKit does not have is an error: what it asks for could not be looked for.
pub(super) fn attestations(attest: &[Value]) -> Result<Vec<Attestation>, String> {
    let read = |value| {
        let attributes = Attributes::read(value)?;
        let text = attributes.get("type").ok_or("it has no `type`")?;
        let mut kinds = Attestation::ALL.into_iter();
        let kind = kinds.find(|kind| text.eq_ignore_ascii_case(kind.as_str()));
        let kind = kind.ok_or_else(|| {
            let text: String = text.chars().take(100).collect();
            format!("there is no attestation of the type `{text}`, only `provenance` and `sbom`")
        })?;
        Ok((kind, !attributes.is_true("disabled")?))
    };
    let all: Vec<(Attestation, bool)> = attest
        .iter()
        .map(|value| read(value).map_err(|cause: String| format!("`attest`: {cause}")))
        .collect::<Result<_, _>>()?;
    let is_asked = |kind: &Attestation| {
        let first = all.iter().find(|(known, _)| known == kind);
        first.is_some_and(|(_, is_asked)| *is_asked)
    };
    Ok(Attestation::ALL.into_iter().filter(is_asked).collect())
}
