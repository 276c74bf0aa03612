//! The metadata file that buildx writes (`--metadata-file`), read into builds.
//!
//! One file holds one build, or a bake file's targets. What the program uses is read strictly,
//! everything else is skipped: custom frontends and new buildx versions add keys at any time.
//! See docs/metadata.md.

mod descriptor;
mod keys;
mod members;

use descriptor::descriptor;
use keys::{holds_build, is_build_key, is_known_beside, is_target_name, is_text};
use members::{Members, TOO_MANY};

use crate::oci::{Attestation, Digest, MediaType, Platform, Reference};
use crate::problem::Problem;

/// The largest metadata that is read, in bytes. Several hundred kilobytes are common: buildx puts
/// the CI event into the provenance of every platform.
pub const MAX_METADATA: usize = 16 * 1024 * 1024;

/// The most names that the targets of a file have together.
pub(crate) const MAX_NAMES: usize = 5_000;
/// The most platforms of one build.
pub(crate) const MAX_PLATFORMS: usize = 100;
/// The longest text in the place of a platform that is shown, in characters.
const MAX_SHOWN: usize = 100;
/// The most keys beside targets that are shown.
const MAX_BESIDE: usize = 10;
/// The longest value of a key that is read, in bytes.
const MAX_TEXT: usize = 1024 * 1024;
const TOO_LONG: &str = "it is longer than 1 MiB";

/// What one build left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Where it was read, for people: the file's name as it was typed.
    pub source: String,
    /// The bake target, if the metadata is a bake file's.
    pub target: Option<String>,
    /// The names it was given, `moby-dangling` aside. A name may lack a tag.
    pub names: Vec<Reference>,
    /// What it made.
    pub image: Image,
    /// The platforms it was made for, where the file lists them (the provenance keys).
    pub platforms: Vec<Platform>,
    /// Whether those platforms are what was asked for: a definition states them.
    pub platforms_stated: bool,
    /// The texts in the place of a platform that an image cannot be held to here: buildx's
    /// `local`, and what is not a platform.
    pub unchecked: Vec<String>,
    /// What else stands in the file that could hold a claim and is not understood: the keys beside
    /// its targets, with the first of them, and names without a digest.
    pub unread: Vec<String>,
    /// The attestations that a definition asks for.
    pub attestations: Vec<Attestation>,
    /// The names that a definition gives it, but no output pushes it to.
    pub unpushed: Vec<Reference>,
    /// What each of its outputs pushes to, where a definition has several that push.
    pub outputs: Option<Outputs>,
    /// The digest of the image's config, where the file has it beside the image's own.
    pub config: Option<Digest>,
    /// buildx's own name of the build, `builder/node/id`.
    pub id: Option<String>,
    /// The trace of a double push, if there is one.
    pub double_push: Option<DoublePush>,
    /// Whether the metadata may be of a file or a loaded image (`--load`, `type=oci`), so that
    /// nothing of it may have been pushed, or another image. Nothing in a file says that it is;
    /// where this is false, it is not of one that BuildKit's exporters made.
    pub exported: bool,
}

/// The names that several outputs of one build push to. Both lists may hold one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Those of the output that the metadata describes.
    pub described: Vec<Reference>,
    /// Those of all others.
    pub others: Vec<Reference>,
}

/// What a build says it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// A manifest or an index of this digest.
    Manifest {
        /// `containerimage.descriptor.digest`, else `containerimage.digest`.
        digest: Digest,
        /// The descriptor's media type.
        media_type: Option<MediaType>,
        /// The descriptor's platform: only for a single manifest.
        platform: Option<Platform>,
    },
    /// An image of this ID (digest of the config): Docker's classic store gives no more.
    Id(Digest),
    /// No image: a linked target, `cacheonly`, `type=local`.
    None,
    /// An image was asked for, and the metadata has none.
    Missing,
}

/// What shows that the build's own Docker pushed its tags a second time (docker/buildx#2959).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoublePush {
    /// The digest of what was built.
    pub built: Digest,
    /// What `containerimage.digest` says instead, where the two differ.
    pub said: Option<Digest>,
}

impl Build {
    /// A target of the definition `source`, before it is known what it left behind.
    pub(crate) fn without_metadata(source: &str, target: &str) -> Self {
        Self {
            source: source.to_owned(),
            target: Some(target.to_owned()),
            names: Vec::new(),
            image: Image::None,
            platforms: Vec::new(),
            platforms_stated: false,
            unchecked: Vec::new(),
            unread: Vec::new(),
            attestations: Vec::new(),
            unpushed: Vec::new(),
            outputs: None,
            config: None,
            id: None,
            double_push: None,
            exported: false,
        }
    }
}

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
    .map_err(|cause| {
        Problem::invalid(
            format!("failed to read `{source}`: {cause}"),
            "give the JSON that `docker buildx build --metadata-file` wrote",
        )
    })?;
    let Some(members) = members else {
        return Err(nothing(source, "holds `null`"));
    };
    if members.0.keys().any(|key| is_build_key(key)) {
        let others = members.0.iter().filter(|(key, _)| !is_build_key(key));
        for (key, value) in others {
            if holds_build(value.get()) {
                let cause = "it is a build as well, beside the one whose keys are at the top";
                return Err(malformed(source, None, key, cause));
            }
        }
        return Ok(vec![build(source, None, &members)?]);
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
        let target: Members<'_> = serde_json::from_str(value.get()).map_err(|error| {
            let cause = error.to_string();
            fault(match cause.starts_with(TOO_MANY) {
                true => &cause,
                false => expected,
            })
        })?;
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
    let Some(first) = builds.first_mut() else {
        return Err(nothing(source, "holds no build"));
    };
    first.unread.splice(..0, beside);
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
        text(key)?
            .map(|text| {
                text.parse()
                    .map_err(|error| fault(key, &format!("`{text}`: {error}")))
            })
            .transpose()
    };

    let descriptor = match members.0.get("containerimage.descriptor") {
        None => None,
        Some(value) if value.get().len() > MAX_TEXT => {
            return Err(fault("containerimage.descriptor", TOO_LONG));
        }
        Some(value) => {
            descriptor(value.get()).map_err(|cause| fault("containerimage.descriptor", &cause))?
        }
    };
    let said = digest("containerimage.digest");
    // Nobody uses it where there is a descriptor, so it may be anything there.
    let config = digest("containerimage.config.digest");
    let mut double_push = None;
    let image = match (&descriptor, said, config.clone()) {
        (Some(found), said, config) => {
            let said = said?.filter(|said| *said != found.digest);
            if said.is_some() || config.is_ok_and(|config| config.as_ref() == Some(&found.digest)) {
                double_push = Some(DoublePush {
                    built: found.digest.clone(),
                    said,
                });
            }
            Image::Manifest {
                digest: found.digest.clone(),
                media_type: found.media_type.clone(),
                platform: found.platform.clone(),
            }
        }
        (None, _, Ok(Some(id))) => Image::Id(id),
        (None, Ok(Some(digest)), _) => Image::Manifest {
            digest,
            media_type: None,
            platform: None,
        },
        (None, Ok(None), Ok(None)) => Image::None,
        (None, Err(problem), _) | (None, _, Err(problem)) => return Err(problem),
    };
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
    let keys = members.0.keys();
    let keys = keys.filter_map(|key| key.strip_prefix("buildx.build.provenance/"));
    let count = keys.clone().count();
    if count > MAX_PLATFORMS {
        return Err(fault(
            "buildx.build.provenance",
            &format!("it lists {count} platforms, more than {MAX_PLATFORMS}"),
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

fn nothing(source: &str, what: &str) -> Problem {
    Problem::nothing(
        format!("nothing to check: `{source}` {what}"),
        "give the file that `docker buildx build --push --metadata-file` wrote",
    )
}

#[cfg(test)]
mod tests;
