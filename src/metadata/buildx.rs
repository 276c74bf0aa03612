//! The metadata file that buildx writes (`--metadata-file`).
//!
//! One file holds one build, or a bake file's targets. What the program uses is read strictly,
//! everything else is skipped: custom frontends and new buildx versions add keys at any time.
//! See docs/metadata.md.

use super::build::{Build, DoublePush, Image, MAX_NAMES, MAX_PLATFORMS};
use super::descriptor::{Descriptor, descriptor};
use super::keys::{holds_build, is_build_key, is_known_beside, is_target_name, is_text};
use super::members::Members;
use crate::oci::{Digest, Platform, Reference};
use crate::problem::Problem;

/// The longest text in the place of a platform that is shown, in characters.
const MAX_SHOWN: usize = 100;
/// The most keys beside targets that are shown.
const MAX_BESIDE: usize = 10;
/// The longest value of a key that is read, in bytes.
const MAX_TEXT: usize = 1024 * 1024;
/// The keys that have a platform behind them.
const PROVENANCE: &str = "buildx.build.provenance";
const TOO_LONG: &str = "it is longer than 1 MiB";

/// The builds in a file of buildx. Empty if it holds none.
pub(super) fn read(source: &str, members: &Members<'_>) -> Result<Vec<Build>, Problem> {
    if members.0.keys().any(|key| is_build_key(key)) {
        let others = members.0.iter().filter(|(key, _)| !is_build_key(key));
        for (key, value) in others {
            if holds_build(value.get()) {
                let cause = "it is a build as well, beside the one whose keys are at the top";
                return Err(malformed(source, None, key, cause));
            }
        }
        return Ok(vec![build(source, None, members)?]);
    }
    let mut builds: Vec<Build> = Vec::new();
    let mut beside = Vec::new();
    let mut names = 0;
    for (name, value) in &members.0 {
        if value.get() == "null" {
            continue;
        }
        if !is_target_name(name) && !holds_build(value.get()) {
            if !is_known_beside(name) && beside.len() < MAX_BESIDE {
                let name: String = name.chars().take(MAX_SHOWN).collect();
                beside.push(format!("the key `{name}`"));
            }
            continue;
        }
        let expected = "expected the keys of a bake target, such as `containerimage.digest`";
        let fault = |cause: &str| malformed(source, None, name, cause);
        if is_text(value.get()) {
            return Err(fault(expected));
        }
        let target: Members<'_> = serde_json::from_str(value.get()).map_err(|_| fault(expected))?;
        if let Some(cause) = target.too_many() {
            return Err(fault(&cause));
        }
        let build = build(source, Some(name), &target)?;
        names += build.names.len();
        if names > MAX_NAMES {
            return Err(Problem::invalid(
                format!("failed to read `{source}`: it has more than {MAX_NAMES} names"),
                "check a part of the targets at a time: bake them apart, with a metadata file each",
            ));
        }
        builds.push(build);
    }
    if let Some(first) = builds.first_mut() {
        first.unread.splice(..0, beside);
    }
    Ok(builds)
}

fn build(source: &str, target: Option<&str>, members: &Members<'_>) -> Result<Build, Problem> {
    let fault = |key: &str, cause: &str| malformed(source, target, key, cause);
    let text = |key: &str| -> Result<Option<String>, Problem> {
        match members.0.get(key) {
            None => Ok(None),
            Some(value) if value.get().len() > MAX_TEXT => Err(fault(key, TOO_LONG)),
            Some(value) => {
                serde_json::from_str(value.get()).map_err(|_| fault(key, "expected a string"))
            }
        }
    };
    let digest = |key: &str| -> Result<Option<Digest>, Problem> {
        let parsed = |text: String| match text.parse() {
            Ok(digest) => Ok(digest),
            Err(error) => Err(fault(key, &format!("`{text}`: {error}"))),
        };
        text(key)?.map(parsed).transpose()
    };

    let key = "containerimage.descriptor";
    let descriptor = match members.0.get(key) {
        None => None,
        Some(value) if value.get().len() > MAX_TEXT => return Err(fault(key, TOO_LONG)),
        Some(value) => descriptor(value.get()).map_err(|cause| fault(key, &cause))?,
    };
    let said = digest("containerimage.digest");
    // Nobody uses it where there is a descriptor, so it may be anything there.
    let config = digest("containerimage.config.digest");
    let double_push = double_push(descriptor.as_ref(), &said, &config)?;
    let image = image(descriptor.as_ref(), said, &config)?;
    let config = config.ok().flatten();
    // The trace of a double push is no config.
    let config = match &image {
        Image::Manifest { digest, .. } => config.filter(|config| config != digest),
        Image::Id(_) | Image::None | Image::Missing => None,
    };
    let typed = text("image.name")?;
    let mut unread = Vec::new();
    if image == Image::None && typed.as_ref().is_some_and(|typed| !typed.trim().is_empty()) {
        let of = target.map(|target| format!(" of `{target}`"));
        unread.push(format!("names{} without a digest", of.unwrap_or_default()));
    }
    let typed = typed.filter(|_| image != Image::None);
    let names = match &typed {
        Some(names) => self::names(names).map_err(|cause| fault("image.name", &cause))?,
        None => Vec::new(),
    };
    // Each exporter says the digest, and those of files complete the names; who pushes leaves them
    // as they were typed.
    let exported = descriptor.as_ref().is_some_and(|found| found.dated)
        && members.0.contains_key("containerimage.digest")
        && typed.is_none_or(|typed| typed.split(',').all(is_complete));
    let (platforms, unchecked) = platforms(members).map_err(|cause| fault(PROVENANCE, &cause))?;
    Ok(Build {
        source: source.to_owned(),
        target: target.map(str::to_owned),
        names,
        image,
        platforms,
        platforms_stated: false,
        unchecked,
        unread,
        attestations: Vec::new(),
        unpushed: Vec::new(),
        outputs: None,
        config,
        id: text("buildx.build.ref").unwrap_or_default(),
        double_push,
        exported,
    })
}

/// The trace of a double push: an older digest of the same build than the descriptor's.
fn double_push(
    descriptor: Option<&Descriptor>,
    said: &Result<Option<Digest>, Problem>,
    config: &Result<Option<Digest>, Problem>,
) -> Result<Option<DoublePush>, Problem> {
    let Some(found) = descriptor else {
        return Ok(None);
    };
    let said = said.clone()?.filter(|said| *said != found.digest);
    let is_config = matches!(config, Ok(Some(config)) if *config == found.digest);
    Ok((said.is_some() || is_config).then(|| DoublePush {
        built: found.digest.clone(),
        said,
    }))
}

/// What the build made: the descriptor says it, or else the digest, or else the image ID.
fn image(
    descriptor: Option<&Descriptor>,
    said: Result<Option<Digest>, Problem>,
    config: &Result<Option<Digest>, Problem>,
) -> Result<Image, Problem> {
    if let Some(found) = descriptor {
        return Ok(Image::Manifest {
            digest: found.digest.clone(),
            media_type: found.media_type.clone(),
            platform: found.platform.clone(),
        });
    }
    if let Ok(Some(id)) = config {
        return Ok(Image::Id(id.clone()));
    }
    match said? {
        Some(digest) => Ok(Image::Manifest {
            digest,
            media_type: None,
            platform: None,
        }),
        None => config.clone().map(|_| Image::None),
    }
}

/// The platforms that the provenance keys name, and the texts there that are not platforms.
fn platforms(members: &Members<'_>) -> Result<(Vec<Platform>, Vec<String>), String> {
    let keys = members.0.keys();
    let keys = keys.filter_map(|key| key.strip_prefix(PROVENANCE)?.strip_prefix('/'));
    let count = keys.clone().count();
    if count > MAX_PLATFORMS {
        return Err(format!(
            "it lists {count} platforms, more than {MAX_PLATFORMS}"
        ));
    }
    let (mut platforms, mut unchecked) = (Vec::new(), Vec::new());
    for text in keys {
        match text.parse::<Platform>() {
            Ok(platform) if platforms.contains(&platform) => {}
            Ok(platform) if !platform.is_unknown() => platforms.push(platform),
            // A frontend may call its results anything: not a mistake of the user.
            _ => unchecked.push(text.chars().take(MAX_SHOWN).collect()),
        }
    }
    Ok((platforms, unchecked))
}

/// Reads `image.name`: names separated by commas, as the user typed them.
fn names(text: &str) -> Result<Vec<Reference>, String> {
    let count = text.split(',').count();
    if count > MAX_NAMES {
        return Err(format!("it has {count} names, more than {MAX_NAMES}"));
    }
    text.split(',')
        .map(str::trim)
        // Docker's name for an image without one; never a name that was pushed.
        .filter(|name| !name.is_empty() && !name.starts_with("moby-dangling@"))
        .map(|name| {
            let reference: Reference =
                name.parse().map_err(|error| format!("`{name}`: {error}"))?;
            // The digest of such a name is the build's own.
            Ok(Reference::new(
                reference.repository().clone(),
                reference.tag().cloned(),
                None,
            ))
        })
        .collect()
}

/// Whether a name is written out: registry, repository and tag.
fn is_complete(name: &str) -> bool {
    name.parse::<Reference>()
        .is_ok_and(|reference| reference.tag().is_some() && reference.to_string() == name)
}

fn malformed(source: &str, target: Option<&str>, key: &str, cause: &str) -> Problem {
    let target = target
        .map(|target| format!("target `{target}`, "))
        .unwrap_or_default();
    Problem::invalid(
        format!("failed to read `{source}`: {target}key `{key}`: {cause}"),
        "give the file that `docker buildx build --metadata-file` wrote, unchanged",
    )
}
