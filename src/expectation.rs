//! Expectations: what builds and the command line together claim about tags. Pure.

use std::collections::BTreeMap;
use std::fmt;

use crate::metadata::{Build, Image};
use crate::note::{self, Note};
use crate::oci::{Attestation, Digest, Document, MediaType, Platform, Reference, Repository, Tag};
use crate::problem::Problem;

/// A claim to prove: this tag of this repository is this image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The repository.
    pub repository: Repository,
    /// The tag; `None` where only the digest is claimed to be in the repository.
    pub tag: Option<Tag>,
    /// The bake target that claims it.
    pub target: Option<String>,
    /// What the tag should be.
    pub image: Expected,
    /// The media type the build's descriptor names.
    pub media_type: Option<MediaType>,
    /// The platforms the image must have. Empty: none are required.
    pub platforms: Vec<Platform>,
    /// Whether the user stated those platforms (`--platform`, a definition, a policy), or the build
    /// did.
    pub platforms_stated: bool,
    /// The attestations that every platform of the image must have.
    pub attestations: Vec<Attestation>,
    /// The platform of the image where it is a plain manifest, if the build's descriptor names it.
    pub own_platform: Option<Platform>,
    /// Who claims it.
    pub claim: Claim,
    /// The claimant for people: "the build of `app`", or "`--tag`".
    pub origin: String,
    /// What others at hand claim for this very tag instead: who, and which image.
    pub conflicts: Vec<(String, Expected)>,
    /// Whether a policy says that the tag is never moved once it is there.
    pub immutable: bool,
    /// What to do where the tag is something that is no part of the build.
    pub on_other: OnOther,
    /// The pattern of the policy that each of its keys was taken from.
    pub rules: BTreeMap<&'static str, String>,
    /// Whether the build also wrote a file (`--load`, `type=oci`): a hint for a message, no more.
    pub exported: bool,
}

/// What a tag should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// The manifest or index of this digest.
    Manifest(Digest),
    /// A manifest whose config has this digest.
    Id(Digest),
    /// Nothing was built that it could be: a definition asks for it, the metadata lacks it.
    Nothing,
}

/// Who claims that a tag is an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A build's metadata names the tag: it was pushed to it.
    Build,
    /// Only the command line names the tag: such a tag is not created on a guess.
    Asked,
    /// `latest` of a repository that was named without a tag. It may or may not have been pushed,
    /// so it is judged only if it holds this build or a part of it.
    Implied,
}

/// What to do where a tag is something that is no part of the build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOther {
    /// The run fails.
    #[default]
    Fail,
    /// The run does not fail for it.
    Warn,
    /// The tag is moved all the same.
    Fix,
}

impl OnOther {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Warn, Self::Fix];

    /// The word that flags and policies have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Fix => "fix",
        }
    }
}

impl fmt::Display for OnOther {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Expected {
    /// The digest, whichever kind it is of, if anything was built.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Manifest(digest) | Self::Id(digest) => Some(digest),
            Self::Nothing => None,
        }
    }

    /// Whether `document` is this image.
    #[must_use]
    pub fn is(&self, document: &Document) -> bool {
        match self {
            Self::Manifest(digest) => digest == document.digest() || digest.is_of(document.bytes()),
            Self::Id(config) => document.config() == Some(config),
            Self::Nothing => false,
        }
    }
}

impl Expectation {
    /// `host/path:tag`, or `host/path@digest` where no tag is named.
    #[must_use]
    pub fn reference(&self) -> Reference {
        let digest = match self.tag {
            Some(_) => None,
            None => self.image.digest().cloned(),
        };
        Reference::new(self.repository.clone(), self.tag.clone(), digest)
    }
}

/// What the command line asks for, beside the builds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The tags to prove instead of the metadata's names.
    pub tags: Vec<Reference>,
    /// The digest they should be, where they do not carry their own.
    pub digest: Option<Digest>,
    /// Only these bake targets. Empty: all.
    pub targets: Vec<String>,
    /// The platforms every image must have. Empty: those its build names.
    pub platforms: Vec<Platform>,
    /// What to do where a tag is another image, whatever a policy says.
    pub on_other: Option<OnOther>,
}

/// The expectations of `builds` under what was asked for, in the order of the input, and notes.
///
/// # Errors
///
/// When there is nothing to check, a target is unknown, or it cannot be told which digest a
/// `--tag` should be.
pub fn expect(builds: &[Build], asked: &Asked) -> Result<(Vec<Expectation>, Vec<Note>), Problem> {
    let builds = of_targets(builds, &asked.targets)?;
    let made: Vec<&Build> = builds
        .iter()
        .copied()
        .filter(|build| build.image != Image::None)
        .collect();
    let mut claims = match asked.tags.is_empty() {
        true => claimed_by(&made),
        false => asked_for(&made, asked)?,
    };
    if !asked.platforms.is_empty() {
        for claim in &mut claims {
            claim.platforms.clone_from(&asked.platforms);
            claim.platforms_stated = true;
        }
    }
    for claim in &mut claims {
        claim.on_other = asked.on_other.unwrap_or_default();
    }
    let mut notes = notes(&made, &claims, asked);
    notes.extend(builds.iter().filter_map(|build| not_pushed(build)));
    if claims.is_empty() {
        return Err(no_claim(&builds, &made));
    }
    Ok((without_repeats(claims), notes))
}

fn of_targets<'a>(builds: &'a [Build], targets: &[String]) -> Result<Vec<&'a Build>, Problem> {
    for target in targets {
        if !builds
            .iter()
            .any(|build| build.target.as_ref() == Some(target))
        {
            let mut known: Vec<String> = builds
                .iter()
                .filter_map(|build| build.target.as_ref())
                .map(|target| format!("`{target}`"))
                .collect();
            known.sort();
            known.dedup();
            let help = match known.is_empty() {
                true => "leave `--target` out: only a bake file has targets".to_owned(),
                false => format!("use one of {}", known.join(", ")),
            };
            return Err(Problem::invalid(
                format!("no target `{target}` in the metadata"),
                help,
            ));
        }
    }
    let wanted = |build: &&Build| {
        targets.is_empty() || build.target.as_ref().is_some_and(|t| targets.contains(t))
    };
    Ok(builds.iter().filter(wanted).collect())
}

/// What the metadata itself claims.
fn claimed_by(builds: &[&Build]) -> Vec<Expectation> {
    let mut claims = Vec::new();
    for build in builds {
        let Some(image) = image_of(build) else {
            continue;
        };
        for name in &build.names {
            let claim = |tag: Option<Tag>, claim: Claim| Expectation {
                tag,
                claim,
                ..expectation(name.repository(), &image, Some(build))
            };
            match (name.tag(), &image) {
                (Some(tag), _) => claims.push(claim(Some(tag.clone()), Claim::Build)),
                // Docker completes the names of its classic store, so this is what it pushed.
                (None, Expected::Id(_)) => claims.push(claim(Some(Tag::latest()), Claim::Build)),
                (None, Expected::Nothing) => claims.push(claim(None, Claim::Build)),
                (None, Expected::Manifest(_)) => {
                    claims.push(claim(None, Claim::Build));
                    claims.push(claim(Some(Tag::latest()), Claim::Implied));
                }
            }
        }
    }
    claims
}

/// What the command line claims: its tags replace the names in the metadata.
fn asked_for(builds: &[&Build], asked: &Asked) -> Result<Vec<Expectation>, Problem> {
    let mut images: Vec<Expected> = builds
        .iter()
        .filter_map(|build| image_of(build))
        .filter(|image| *image != Expected::Nothing)
        .collect();
    images.sort();
    images.dedup();
    let mut claims = Vec::new();
    for reference in &asked.tags {
        let image = match (
            reference.digest().or(asked.digest.as_ref()),
            images.as_slice(),
        ) {
            (Some(digest), _) => Expected::Manifest(digest.clone()),
            (None, [image]) => image.clone(),
            (None, []) => {
                return Err(Problem::invalid(
                    format!("no digest to expect of `{reference}`"),
                    format!(
                        "give the metadata file, `--digest sha256:…`, or `--tag {reference}@sha256:…`"
                    ),
                ));
            }
            (None, [_, _, ..]) => return Err(several_digests(reference, builds)),
        };
        let build = builds
            .iter()
            .copied()
            .find(|build| image_of(build).as_ref() == Some(&image));
        let tag = match (reference.tag(), reference.digest()) {
            (Some(tag), _) => Some(tag.clone()),
            (None, Some(_)) => None,
            (None, None) => Some(Tag::latest()),
        };
        let named = build.is_some_and(|build| {
            build.names.iter().any(|name| {
                name.repository() == reference.repository() && name.tag() == tag.as_ref()
            })
        });
        claims.push(Expectation {
            tag,
            claim: if named { Claim::Build } else { Claim::Asked },
            ..expectation(reference.repository(), &image, build)
        });
    }
    Ok(claims)
}

fn several_digests(reference: &Reference, builds: &[&Build]) -> Problem {
    let targets: Vec<String> = builds
        .iter()
        .filter_map(|build| build.target.as_ref())
        .map(|target| format!("`{target}`"))
        .collect();
    let help = match targets.is_empty() {
        true => format!("say which one: `--digest sha256:…`, or `--tag {reference}@sha256:…`"),
        false => format!(
            "say which one: one `--target` of {}, or `--digest sha256:…`",
            targets.join(", ")
        ),
    };
    Problem::invalid(
        format!(
            "several digests at hand for `{reference}`, and nothing says which one it should be"
        ),
        help,
    )
}

fn image_of(build: &Build) -> Option<Expected> {
    match &build.image {
        Image::Manifest { digest, .. } => Some(Expected::Manifest(digest.clone())),
        Image::Id(id) => Some(Expected::Id(id.clone())),
        Image::Missing => Some(Expected::Nothing),
        Image::None => None,
    }
}

/// An expectation without a tag yet, with all that `build` says of the image.
fn expectation(repository: &Repository, image: &Expected, build: Option<&Build>) -> Expectation {
    let (media_type, own_platform) = match build.map(|build| &build.image) {
        Some(Image::Manifest {
            media_type,
            platform,
            ..
        }) => (*media_type, platform.clone()),
        _ => (None, None),
    };
    Expectation {
        repository: repository.clone(),
        tag: None,
        target: build.and_then(|build| build.target.clone()),
        image: image.clone(),
        media_type,
        platforms: build
            .map(|build| build.platforms.clone())
            .unwrap_or_default(),
        platforms_stated: build.is_some_and(|build| build.platforms_stated),
        attestations: build
            .map(|build| build.attestations.clone())
            .unwrap_or_default(),
        own_platform,
        claim: Claim::Build,
        origin: build.map_or_else(|| "`--tag`".to_owned(), called),
        conflicts: Vec::new(),
        immutable: false,
        on_other: OnOther::default(),
        rules: BTreeMap::new(),
        exported: build.is_some_and(|build| build.exported),
    }
}

/// Drops what is claimed twice alike, and marks what is claimed twice with different images.
fn without_repeats(claims: Vec<Expectation>) -> Vec<Expectation> {
    let same_tag = |a: &Expectation, b: &Expectation| {
        a.tag.is_some() && a.tag == b.tag && a.repository == b.repository
    };
    let mut kept: Vec<Expectation> = Vec::new();
    for claim in claims {
        let twin = |other: &&mut Expectation| {
            other.repository == claim.repository
                && other.tag == claim.tag
                && other.image == claim.image
                // Of those that left nothing, each is to be named.
                && (claim.image != Expected::Nothing || other.target == claim.target)
        };
        match kept.iter_mut().find(twin) {
            Some(twin) if twin.claim == Claim::Implied => twin.claim = claim.claim,
            Some(_) => {}
            None => kept.push(claim),
        }
    }
    let all = kept.clone();
    // A tag that a build names is no guess any more.
    kept.retain(|claim| {
        claim.claim != Claim::Implied
            || !all
                .iter()
                .any(|other| other.claim != Claim::Implied && same_tag(claim, other))
    });
    for claim in kept
        .iter_mut()
        .filter(|claim| claim.claim != Claim::Implied && claim.image != Expected::Nothing)
    {
        claim.conflicts = all
            .iter()
            .filter(|other| {
                other.claim != Claim::Implied
                    && same_tag(claim, other)
                    && other.image != claim.image
                    && other.image != Expected::Nothing
            })
            .map(|other| (other.origin.clone(), other.image.clone()))
            .collect();
    }
    kept
}

/// The build for people: its target, or its file.
fn called(build: &Build) -> String {
    match &build.target {
        Some(target) => format!("the build of `{target}`"),
        None => format!("the build of `{}`", build.source),
    }
}

fn notes(builds: &[&Build], claims: &[Expectation], asked: &Asked) -> Vec<Note> {
    let mut notes = Vec::new();
    for build in builds {
        let who = called(build);
        let used = claims
            .iter()
            .any(|claim| image_of(build).as_ref() == Some(&claim.image));
        if let Some(push) = &build.double_push {
            let said = match &push.said {
                Some(said) => format!(
                    "{who} made `{}`, but its `digest` output says `{said}`: whatever used that output (signing, deploying) used the wrong one",
                    push.built
                ),
                None => format!(
                    "{who} was pushed twice by its own Docker; what it made is `{}`",
                    push.built
                ),
            };
            notes.push(Note {
                code: note::Code::DoublePush,
                message: said,
                help: "upgrade buildx to 0.22 or newer: older ones let Docker push every tag a second time (docker/buildx#2959)".to_owned(),
            });
        }
        if build.names.is_empty() && matches!(build.image, Image::Manifest { .. }) {
            let (message, help) = match used {
                true => (
                    format!("{who} left a digest and no name: what is proven comes from `--tag`"),
                    "keep `--tag`: a builder of several nodes, and a build without `-t`, leave no names".to_owned(),
                ),
                false => (
                    format!("{who} left a digest and no name: it is not checked"),
                    "name its tags with `--tag` if it was pushed".to_owned(),
                ),
            };
            notes.push(Note {
                code: note::Code::NoName,
                message,
                help,
            });
        }
        if asked.tags.is_empty()
            && build.names.iter().any(|name| name.tag().is_none())
            && matches!(build.image, Image::Manifest { .. })
        {
            notes.push(Note {
                code: note::Code::NoTag,
                message: format!("{who} names a repository and no tag: its digest is proven, `latest` only if it holds this build"),
                help: "name the tags with `--tag` if there are any, for example those that a merge job made".to_owned(),
            });
        }
        if used && let Image::Id(id) = &build.image {
            notes.push(Note {
                code: note::Code::ImageId,
                message: format!("{who} left no manifest digest, only the image ID `{}`: its tags are proven by that, and never repaired", id.short()),
                help: "use a `docker-container` builder, or Docker's containerd image store, to have a digest".to_owned(),
            });
        }
    }
    notes
}

/// What to say of a target whose tags no output pushes.
fn not_pushed(build: &Build) -> Option<Note> {
    let names: Vec<String> = build.unpushed.iter().map(|it| format!("`{it}`")).collect();
    (!names.is_empty()).then(|| Note {
        code: note::Code::NotPushed,
        message: format!(
            "{} is not pushed, as the definition says, so its tags are not checked: {}",
            called(build),
            names.join(", ")
        ),
        help: "if it is pushed, print the definition with the flags of the build: `docker buildx bake --push --print`".to_owned(),
    })
}

fn no_claim(builds: &[&Build], made: &[&Build]) -> Problem {
    match (builds, made) {
        ([], _) => Problem::invalid(
            "no metadata and no tag to check",
            "give the file that `docker buildx build --push --metadata-file build.json` wrote, or `--tag NAME:TAG@sha256:…`",
        ),
        (builds, []) if builds.iter().any(|build| !build.unpushed.is_empty()) => Problem::nothing(
            "nothing to check: the definition pushes nothing",
            "print the definition with the flags of the build: `docker buildx bake --push --print`",
        ),
        (_, []) => Problem::nothing(
            "nothing to check: no build in the metadata made an image",
            "build with `--push`, and give the metadata file of that build",
        ),
        (_, [build, ..]) => Problem::nothing(
            format!(
                "nothing to check: {} left a digest and no name",
                called(build)
            ),
            match build.target {
                // With several targets at hand, `--tag` alone would not say whose digest is meant.
                Some(_) => {
                    "a builder of several nodes, or a build without `-t`, leaves no names: give `--tag NAME:TAG` with one `--target`"
                }
                None => {
                    "a builder of several nodes, or a build without `-t`, leaves no names: give `--tag NAME:TAG`"
                }
            },
        ),
    }
}

#[cfg(test)]
mod tests;
