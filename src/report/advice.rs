//! What a report says of one tag: what is so, why it matters, and what to type.

use crate::expectation::{Claim, Expectation, Expected};
use crate::observation::Sight;
use crate::oci::{Attestation, Child, Digest, Platform};
use crate::outcome::Outcome;
use crate::plan::may_create;
use crate::verdict::{Lack, Relation, Verdict};

/// What is so, in one line: what was decided, and what became of it.
pub(super) fn message(
    expectation: &Expectation,
    sight: &Sight,
    verdict: &Verdict,
    outcome: Option<&Outcome>,
) -> String {
    let decided = decided(expectation, sight, verdict, outcome.is_some());
    let Some(outcome) = outcome else {
        return decided;
    };
    let became = match outcome {
        Outcome::Fixed => "it was repaired".to_owned(),
        Outcome::AlreadyRight => {
            "it had come right, twice, when it was looked at before the write".to_owned()
        }
        Outcome::Refused(error) => format!("the registry refused the repair: {error}"),
        Outcome::Immutable => "the policy says that it is never moved".to_owned(),
        Outcome::Changed { now: Some(now) } => {
            format!("someone else moved it to `{now}` before it was written, so it was left alone")
        }
        Outcome::Changed { now: None } => {
            "someone else deleted it before it was written, so it was left alone".to_owned()
        }
        Outcome::Unsettled(why) => format!("it was written, but not seen right in time: {why}"),
        Outcome::Failed(error) => format!("the repair failed: {error}"),
    };
    format!("{decided}; {became}")
}

/// What was decided; of what was then written, in the past tense.
fn decided(expectation: &Expectation, sight: &Sight, verdict: &Verdict, past: bool) -> String {
    let tag = match (&expectation.tag, expectation.image.digest()) {
        (Some(tag), _) => format!("`{tag}`"),
        (None, Some(digest)) => format!("`{}`", digest.short()),
        (None, None) => format!("`{}`", expectation.repository),
    };
    let (is, points) = if past {
        ("was", "pointed")
    } else {
        ("is", "points")
    };
    match verdict {
        Verdict::Ok => match (&expectation.image, &expectation.tag) {
            (Expected::Manifest(_), Some(_)) => format!("{tag} is what the build made"),
            (Expected::Manifest(_), None) => format!("{tag} is in the repository"),
            (Expected::Id(_) | Expected::Nothing, _) => {
                format!("{tag} is the image that the build made")
            }
        },
        Verdict::Child(child) => format!(
            "{tag} {points} at {} of the build, not at its index",
            called(child)
        ),
        Verdict::Wrapped => {
            format!(
                "{tag} {is} an index around the manifest that was built, so it has another digest"
            )
        }
        Verdict::Absent => {
            format!("there {is} no tag {tag}, but the image that was built is in the repository")
        }
        Verdict::Other(Relation::More) => {
            format!("{tag} {is} an index that holds this build and more, such as a merge job makes")
        }
        Verdict::Other(Relation::Part) => {
            format!(
                "{tag} {is} another index of nothing but images of this build, such as one with fewer platforms"
            )
        }
        Verdict::Other(Relation::Some) => {
            format!("{tag} {is} an index of some images of this build and others")
        }
        Verdict::Other(Relation::None) => {
            format!("{tag} {is} no part of this build: an older, newer or foreign image")
        }
        Verdict::Incomplete(missing) => {
            format!("the image that {tag} should be lacks {}", lacks(missing))
        }
        Verdict::Broken(missing) => {
            let gone: Vec<String> = missing
                .iter()
                .map(|child| format!("{} (`{}`)", called(child), child.digest.short()))
                .collect();
            format!(
                "the repository lacks what the index lists: {}",
                gone.join(" and ")
            )
        }
        Verdict::NeverPushed if expectation.image == Expected::Nothing => format!(
            "{} left no metadata of an image, so nothing says what {tag} should be",
            expectation.origin
        ),
        Verdict::NeverPushed => match (&expectation.tag, sight.shown()) {
            (None, _) => format!("{} is not in the repository", digest(&expectation.image)),
            (Some(_), Some(_)) => format!(
                "{tag} is another image, and the one that was built is not in the repository"
            ),
            (Some(_), None) => {
                format!("neither {tag} nor the image that was built is in the repository")
            }
        },
        Verdict::Conflict => {
            let others: Vec<String> = expectation
                .conflicts
                .iter()
                .map(|(who, image)| format!("{who} makes it {}", digest(image)))
                .collect();
            format!(
                "{} makes {tag} {}, but {}",
                expectation.origin,
                digest(&expectation.image),
                others.join(" and ")
            )
        }
        Verdict::Unproven(error) => format!("{tag} could not be checked: {error}"),
    }
}

/// Why it matters and what to do, one thing a line.
pub(super) fn help(
    expectation: &Expectation,
    verdict: &Verdict,
    outcome: Option<&Outcome>,
) -> Vec<String> {
    if let Some(outcome) = outcome {
        return after(outcome);
    }
    let about_the_tag = matches!(
        verdict,
        Verdict::Child(_) | Verdict::Wrapped | Verdict::Absent | Verdict::Other(_)
    );
    if about_the_tag && matches!(expectation.image, Expected::Id(_)) {
        return vec![
            "push the image again: a tag that is known by its image ID alone is never repaired"
                .to_owned(),
        ];
    }
    if about_the_tag && expectation.immutable && !matches!(verdict, Verdict::Absent) {
        return vec![format!("it is never moved, as the policy says: {KEPT}")];
    }
    let repair = |extra: &str| {
        let digest = expectation.image.digest();
        format!(
            "repair it: `tagproof fix --tag {}{}{extra}`",
            expectation.reference(),
            digest
                .map(|digest| format!("@{digest}"))
                .unwrap_or_default()
        )
    };
    match verdict {
        Verdict::Ok => Vec::new(),
        Verdict::Child(_) => vec![
            "whoever pulls it on another platform gets an image that cannot run there".to_owned(),
            repair(""),
        ],
        Verdict::Wrapped => vec![
            "signatures and attestations are for the digest that was built, not for this one".to_owned(),
            repair(""),
        ],
        Verdict::Absent if may_create(expectation) => vec!["whoever pulls it gets nothing".to_owned(), repair("")],
        Verdict::Absent if expectation.claim == Claim::Asked => vec![
            "it is not created, because no build names it: one platform's build could become the release".to_owned(),
            repair(" --platform linux/amd64,…") + ", with the platforms it must have",
        ],
        Verdict::Absent => vec![repair("")],
        Verdict::Other(Relation::More) => vec![
            "if a merge job made it, check with that job's metadata instead".to_owned(),
            repair(" --on-other fix") + " throws away what else it holds",
        ],
        Verdict::Other(_) => vec![
            "it is not moved: it may be a newer build's".to_owned(),
            repair(" --on-other fix") + ", if it is yours to move; `--on-other warn` if others may move it",
        ],
        Verdict::Incomplete(missing) => incomplete(missing),
        Verdict::Broken(gone) if gone.iter().all(|child| child.is_attestation) => vec![
            "whoever asks for its provenance or SBOM gets an error; the images themselves are whole".to_owned(),
            "build and push again, and keep the clean-up job from deleting untagged manifests that an index lists".to_owned(),
        ],
        Verdict::Broken(_) => vec![
            "whoever pulls it for that platform gets an error".to_owned(),
            "build and push again, and keep the clean-up job from deleting untagged manifests that an index lists".to_owned(),
        ],
        Verdict::NeverPushed if expectation.image == Expected::Nothing => vec![
            "bake every target of the definition with `--push`, and give the metadata file of that bake; `--group` or `--target` if only some of them are meant".to_owned(),
        ],
        Verdict::NeverPushed => {
            let mut lines = Vec::new();
            if expectation.exported {
                lines.push("the build wrote a file or loaded the image (`--load`, `type=oci`): was it pushed at all".to_owned());
            }
            lines.push("build with `--push`, to this registry, and check right after it; `--on-unpushed warn` if it is not meant to be pushed".to_owned());
            lines
        }
        Verdict::Conflict => {
            vec!["give every build tags of its own, or check them one at a time with `--target`; nothing was written".to_owned()]
        }
        Verdict::Unproven(error) => {
            vec![error.help(), "`--on-unproven warn` if this must not fail the run".to_owned()]
        }
    }
}

/// What to do about a tag that is wrong and immutable.
const KEPT: &str = "release under a new tag, or take this one out of `immutable` in the policy if it may be repaired";

/// What to do after a repair was tried.
fn after(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Fixed | Outcome::AlreadyRight => Vec::new(),
        Outcome::Refused(error) | Outcome::Failed(error) => vec![error.help()],
        Outcome::Immutable => vec![KEPT.to_owned()],
        Outcome::Changed { .. } => {
            vec!["run the same command again if it is still yours to move".to_owned()]
        }
        Outcome::Unsettled(_) => {
            vec!["run `tagproof check` again in a minute, or raise `--settle-timeout`".to_owned()]
        }
    }
}

/// The command that undoes a repair, digest for digest, or why there is none.
pub(super) fn undo(expectation: &Expectation, before: Option<&Digest>) -> String {
    match before {
        Some(before) => format!(
            "tagproof fix --tag {}@{before} --on-other fix{}",
            expectation.reference(),
            // What is put back need not be what the policy asks for.
            if expectation.rules.is_empty() {
                ""
            } else {
                " --no-policy"
            }
        ),
        None => "the tag was created: only the registry can delete it".to_owned(),
    }
}

/// The command that shows a tag.
pub(super) fn inspect(expectation: &Expectation) -> String {
    format!(
        "docker buildx imagetools inspect {}",
        expectation.reference()
    )
}

fn called(child: &Child) -> String {
    match (&child.platform, child.is_attestation) {
        (_, true) => "an attestation manifest".to_owned(),
        (Some(platform), false) => format!("the {platform} manifest"),
        (None, false) => "a manifest without a platform".to_owned(),
    }
}

fn digest(image: &Expected) -> String {
    match image.digest() {
        Some(digest) => format!("`{digest}`"),
        None => "nothing".to_owned(),
    }
}

/// `linux/arm64 and provenance of linux/amd64`.
fn lacks(missing: &[Lack]) -> String {
    let each = missing.iter().map(|lack| match lack {
        Lack::Platform(platform) => platform.to_string(),
        Lack::Attestation(kind, Some(platform)) => format!("{kind} of {platform}"),
        Lack::Attestation(kind, None) => kind.to_string(),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// What to do about an image that lacks what was asked for.
fn incomplete(missing: &[Lack]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut platforms: Vec<&Platform> = Vec::new();
    let mut kinds: Vec<Attestation> = Vec::new();
    for lack in missing {
        match lack {
            Lack::Platform(platform) => platforms.push(platform),
            Lack::Attestation(kind, _) => kinds.push(*kind),
        }
    }
    if !platforms.is_empty() {
        let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        lines.push(format!("build again with `--platform` for all of them, {} included: re-pointing a tag cannot add one", platforms.join(", ")));
    }
    kinds.sort_unstable();
    kinds.dedup();
    if !kinds.is_empty() {
        let flags: Vec<String> = kinds
            .iter()
            .map(|kind| format!("`--{kind}=true`"))
            .collect();
        lines.push(format!("build again with {}: what is required are BuildKit's own attestations, in the index; signatures and referrers, such as cosign's, are something else", flags.join(" and ")));
    }
    lines
}
