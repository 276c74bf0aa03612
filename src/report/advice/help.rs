//! Why what was found of a tag matters, and what to do.

use crate::expectation::{Claim, Expectation, Expected, Output};
use crate::finding::Finding;
use crate::observation::{Gone, Observation, WrongBy, WrongImage};
use crate::oci::{Attestation, Digest, Document, Platform};
use crate::outcome::{Aftermath, Held, Outcome};
use crate::plan::{may_be_the_push, may_create};
use crate::verdict::{Missing, Relation, Verdict};

use super::registry;

/// Why it matters and what to do, one thing a line.
pub(in crate::report) fn help(finding: &Finding, followup_flags: &str) -> Vec<String> {
    let Finding {
        expectation,
        observation,
        verdict,
        outcome,
        aftermath,
    } = finding;
    if let Some(outcome) = outcome {
        let mut lines = outcome_help(outcome);
        lines.extend(about_losses(observation, aftermath));
        if outcome.code().is_written() && observation.shown().is_none() {
            lines.push("the tag was created: only the registry can delete it".to_owned());
        }
        return lines;
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
    if about_the_tag && matches!(expectation.output, Output::Other(_)) {
        return vec![
            "it is not repaired: another output pushes it than the one that the metadata describes, and the digest of that is not known".to_owned(),
            "push again; to have every digest proven, build each output in a target of its own".to_owned(),
        ];
    }
    if about_the_tag && expectation.immutable && !matches!(verdict, Verdict::Absent) {
        return vec![format!("it is never moved, as the policy says: {KEPT}")];
    }
    let mut lines = verdict_help(expectation, observation, verdict, followup_flags);
    let is_written = verdict.code().is_repairable() || *verdict == Verdict::Ok;
    if expectation.claim == Claim::Merge && !is_written {
        lines.push("no tag was written".to_owned());
    }
    lines
}

/// What to do about a tag that was not written.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn verdict_help(
    expectation: &Expectation,
    observation: &Observation,
    verdict: &Verdict,
    followup_flags: &str,
) -> Vec<String> {
    let repair = |extra: &str| {
        format!(
            "repair it: `tagproof fix --tag {}{}{extra}{}`",
            expectation.reference(),
            pinned(&expectation.image),
            followup_flags
        )
    };
    match verdict {
        Verdict::Ok => Vec::new(),
        Verdict::Child(_) => vec![
            "whoever pulls it on another platform gets an image that cannot run there".to_owned(),
            repair(""),
        ],
        Verdict::Wrapped if may_be_the_push(expectation, observation) => vec![
            "it is not moved: the metadata may be of a file or a loaded image (`type=oci`, `type=docker`), and what was pushed beside it may be this index".to_owned(),
            "make the push the last output, so that the metadata is of it: `--output type=oci,dest=… --output type=registry`".to_owned(),
            repair("") + ", if the index is not what was pushed",
        ],
        Verdict::Wrapped => vec![
            "signatures and attestations are for the digest that was built, not for this one".to_owned(),
            repair(""),
        ],
        Verdict::Absent if may_create(expectation, observation) => vec![
            "whoever pulls it gets nothing".to_owned(),
            create(expectation, observation, followup_flags),
        ],
        Verdict::Absent if expectation.claim == Claim::Asked => vec![
            "it is not created, because no build names it: one platform's build could become the release".to_owned(),
            repair(" --platform linux/amd64,…") + ", with the platforms it must have",
        ],
        Verdict::Absent if expectation.exported => vec![
            "it is not created: the metadata may be of a file or a loaded image (`--load`, `type=oci`), and nothing says that it was pushed".to_owned(),
            repair(" --platform linux/amd64,…") + ", with the platforms it must have",
        ],
        Verdict::Absent => vec![repair("")],
        Verdict::Other(Relation::More) => vec![
            "if a merge job made it, check with that job's metadata instead".to_owned(),
            repair(" --on-other fix") + " throws away what else it holds",
        ],
        Verdict::Other(Relation::Same | Relation::Part) if loses_attestations(observation) => vec![
            "it is not moved: it has attestations that the image in the metadata lacks, and may be what another output or a newer build pushed".to_owned(),
            "`--on-other warn` if others may move it".to_owned(),
        ],
        Verdict::Other(Relation::Same) => vec![
            "its digest is another one, so signatures and attestations of this build do not fit it".to_owned(),
            "it is not moved: another run that built the same commit from a cache leaves this, and may own the tag".to_owned(),
            repair(" --on-other fix") + ", if it is yours to move; `--on-other warn` if others may move it",
        ],
        Verdict::Other(_) => vec![
            "it is not moved: it may be a newer build's".to_owned(),
            repair(" --on-other fix") + ", if it is yours to move; `--on-other warn` if others may move it",
        ],
        Verdict::Incomplete(missing) => incomplete(missing),
        Verdict::Broken(_) if expectation.claim == Claim::Merge => vec![
            "push every leg to this repository, too, or leave its tags out".to_owned(),
        ],
        Verdict::Broken(gone) if gone.iter().all(is_attestation) => vec![
            "whoever asks for its provenance or SBOM gets an error; the images themselves are whole".to_owned(),
            "build and push again, and keep the clean-up job from deleting untagged manifests that an index lists".to_owned(),
        ],
        Verdict::WrongPlatform(wrong) => wrong_platform(wrong),
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
                lines.push("the metadata may be of a file or a loaded image (`--load`, `type=oci`): was it pushed at all".to_owned());
            }
            lines.push("build with `--push`, to this registry, and check right after it; `--on-unpushed warn` if it is not meant to be pushed".to_owned());
            if !expectation.repository.host().keeps_untagged() {
                lines.push("if it was pushed: a registry such as zot, Gitea or Quay forgets an image when its last tag is moved, so push it again; a second tag that nothing else writes, such as the commit, keeps it".to_owned());
            }
            lines
        }
        Verdict::Conflict => {
            vec!["give every build tags of its own, or check them one at a time with `--target`; nothing was written".to_owned()]
        }
        Verdict::Unproven(error) => {
            vec![registry::help(error), "`--on-unproven warn` if this must not fail the run".to_owned()]
        }
    }
}

fn is_attestation(gone: &Gone) -> bool {
    gone.child
        .as_ref()
        .is_some_and(|child| child.is_attestation)
}

/// Why an image may be for another platform than the index says.
fn wrong_platform(wrong: &[WrongImage]) -> Vec<String> {
    let is_program = |it: &WrongImage| matches!(it.is, WrongBy::Program(_) | WrongBy::All(_));
    let mut lines = vec![
        "anyone who runs it on that platform gets `exec format error`; re-pointing a tag does not change that".to_owned(),
    ];
    if wrong.iter().any(|it| !is_program(it)) {
        lines.push("build again: look for `FROM --platform=$BUILDPLATFORM` in the last stage, and for an index that was put together by hand".to_owned());
    }
    if wrong.iter().any(is_program) {
        lines.push("build again: look for `FROM --platform=$BUILDPLATFORM` in the last stage, for `GOARCH` or `TARGETARCH` that is not passed on, and for a program that was copied from the host".to_owned());
        lines.push("if it is meant: name the path in the policy, `programs: { ignore: [PATH] }`, or look less deep, `--depth children`".to_owned());
    }
    lines
}

/// Whether the tag has attestations, and the image that it should be has none.
fn loses_attestations(observation: &Observation) -> bool {
    let has = |document: &Document| document.children().iter().any(|child| child.is_attestation);
    let shown = observation.tag.here();
    shown.is_some_and(|shown| has(shown)) && !observation.expected_image().is_some_and(|it| has(it))
}

/// What to do about a tag that is wrong and immutable.
const KEPT: &str = "release under a new tag, or take this one out of `immutable` in the policy if it may be repaired";

/// `@sha256:…`, as it stands behind a tag.
fn pinned(image: &Expected) -> String {
    let digest = image.digest();
    digest.map(|it| format!("@{it}")).unwrap_or_default()
}

/// The command that creates an absent tag. Without the metadata, only stated
/// platforms say that the whole image is meant.
fn create(expectation: &Expectation, observation: &Observation, followup_flags: &str) -> String {
    let known = observation.expected.as_ref().and_then(|seen| seen.here());
    let platforms = match known.and_then(Option::as_ref) {
        Some(document) if document.media_type().is_index() => document.platforms(),
        _ => expectation.own_platform.iter().cloned().collect(),
    };
    if platforms.is_empty() {
        return "create it: `tagproof fix` with the metadata file of the build".to_owned();
    }
    let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    let mut list = platforms.join(",");
    // A version is in parentheses, which mean something to a shell.
    if list.contains('(') {
        list = format!("'{list}'");
    }
    format!(
        "create it: `tagproof fix --tag {}{} --platform {}{}`",
        expectation.reference(),
        pinned(&expectation.image),
        list,
        followup_flags
    )
}

/// What to do after a repair was tried.
fn outcome_help(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Fixed | Outcome::Lost | Outcome::AlreadyRight | Outcome::Planned => Vec::new(),
        Outcome::Held(Held::Fewer(_)) => vec![
            "add a leg for each of them and name them in `--platform`; `--allow-fewer` moves the tag all the same".to_owned(),
        ],
        Outcome::Held(Held::Older(_)) => {
            vec!["`--allow-older` moves the tag all the same".to_owned()]
        }
        Outcome::Held(Held::Unaccepted(_) | Held::Unready(_)) => {
            vec!["put that right first, or give only the tags of the others".to_owned()]
        }
        Outcome::Refused(error) | Outcome::Failed(error) | Outcome::Unread(error) => {
            vec![registry::help(error)]
        }
        Outcome::Immutable => vec![KEPT.to_owned()],
        Outcome::Changed { .. } => {
            vec!["run the same command again if it is still yours to move".to_owned()]
        }
        Outcome::Unseen(error) => {
            vec![
                registry::help(error),
                "then run `tagproof check` again: it may be right by now".to_owned(),
            ]
        }
        Outcome::Unsettled(_) => {
            vec!["run `tagproof check` again in a minute, or raise `--settle-timeout`".to_owned()]
        }
    }
}

/// What to do about what the registry had before the write, and may not have now.
fn about_losses(observation: &Observation, aftermath: &Aftermath) -> Vec<String> {
    let Aftermath {
        restored: _,
        lost,
        before_is_gone,
    } = aftermath;
    let mut lines = Vec::new();
    let expected = observation.expected.as_ref().and_then(|seen| seen.here());
    let lists = |digest: &Digest| {
        let document = expected.and_then(Option::as_ref);
        document.is_some_and(|it| it.children().iter().any(|child| child.named.is(digest)))
    };
    if lost.iter().any(|(left, _)| lists(&left.digest)) {
        lines.push(
            "build and push again: the index lists it, so a pull may fail for its platform"
                .to_owned(),
        );
    }
    if lost.iter().any(|(left, _)| !lists(&left.digest)) {
        lines.push("push it again from where it was made, if it is still needed".to_owned());
    }
    lines.extend(lost.first().map(|(_, why)| registry::help(why)));
    if *before_is_gone {
        lines.push(
            "there is no way to undo it: the registry has forgotten what the tag was".to_owned(),
        );
    }
    lines
}

/// The command that undoes a repair, digest for digest.
pub(in crate::report) fn undo(
    expectation: &Expectation,
    before: &Digest,
    followup_flags: &str,
) -> String {
    format!(
        "tagproof fix --tag {}@{before} --on-other fix --depth tag{}{}",
        expectation.reference(),
        followup_flags,
        // What is put back need not be what the policy asks for.
        if expectation.rules.is_empty() {
            ""
        } else {
            " --no-policy"
        }
    )
}

/// The command that shows a tag.
pub(in crate::report) fn inspect(expectation: &Expectation) -> String {
    format!(
        "docker buildx imagetools inspect {}",
        expectation.reference()
    )
}

/// What to do about an image that lacks what was asked for.
fn incomplete(missing: &[Missing]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut platforms: Vec<&Platform> = Vec::new();
    let mut kinds: Vec<Attestation> = Vec::new();
    for lack in missing {
        match lack {
            Missing::Platform(platform) => platforms.push(platform),
            Missing::Attestation(kind, _) => kinds.push(*kind),
        }
    }
    if !platforms.is_empty() {
        let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        lines.push(format!("build again with `--platform` for all of them, {} included: re-pointing a tag cannot add one", platforms.join(", ")));
    }
    if !kinds.is_empty() {
        let flags: Vec<String> = Attestation::ALL
            .iter()
            .filter(|kind| kinds.contains(kind))
            .map(|kind| format!("`--{kind}=true`"))
            .collect();
        lines.push(format!("build again with {}: what is required are BuildKit's own attestations, in the index; signatures and referrers, such as cosign's, are something else", flags.join(" and ")));
    }
    lines
}
