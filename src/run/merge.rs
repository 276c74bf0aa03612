//! The run of a merge: from the legs that were proven to the tags that show their index.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::back;
use crate::cli::{MergeOptions, Options};
use crate::engine;
use crate::expectation::{self, Asked, Claim, Depth, Expectation, OnOther};
use crate::files::{self, SharedStdin};
use crate::finding::Finding;
use crate::merge::{self, Annotation, Leg, MAX_TAGS_FROM, TagsFrom};
use crate::metadata::{Build, Image};
use crate::observation::Tree;
use crate::observe::{Looks, Ports};
use crate::oci::{Document, Platform, Reference, Repository};
use crate::outcome::{Held, Outcome};
use crate::policy::Policy;
use crate::problem::{Problem, ProblemKind};
use crate::report::LegProven;
use crate::verdict::Verdict;

/// What a merge was asked for, complete.
pub(super) struct Merge {
    asked: Asked,
    /// Exactly what the index must have.
    platforms: Vec<Platform>,
    annotations: Vec<Annotation>,
    allow_mixed: bool,
    allow_fewer: bool,
    allow_older: bool,
    dry_run: bool,
}

impl Merge {
    /// Completes what was asked for: the tags of `--tags-from`, and a build for each `--source`.
    ///
    /// # Errors
    ///
    /// When there is no tag, one has a digest, or a file cannot be read.
    pub(super) fn new(
        options: &MergeOptions,
        run: &Options,
        asked: &mut Asked,
        builds: &mut Vec<Build>,
        stdin: &mut SharedStdin<'_>,
    ) -> Result<Self, Problem> {
        let mut annotations = Vec::new();
        if asked.platforms.is_empty() {
            asked.platforms = defined(builds, &asked.targets);
        }
        builds.extend(options.sources.iter().map(source));
        let said = match (&options.tags_from, &options.tags_of_the_job) {
            (Some(path), _) => read_tags(path, stdin)?,
            (None, Some(text)) => tags_of_the_job(text, builds, &asked.targets)?,
            (None, None) => TagsFrom::default(),
        };
        asked.tags.extend(said.tags);
        annotations.extend(said.annotations);
        annotations.extend(options.annotations.iter().cloned());
        if asked.tags.is_empty() {
            return Err(Problem::invalid(
                "no tag to put the index under",
                "name them: `--tag REPO:TAG`, or `--tags-from FILE` with what docker/metadata-action left",
            ));
        }
        if let Some(pinned) = asked.tags.iter().find(|tag| tag.digest().is_some()) {
            return Err(Problem::invalid(
                format!("`--tag {pinned}` has a digest, and the merge makes the digest"),
                "write it like `--tag registry.example.com/app:1.4`; a leg is given by `--source REPO@DIGEST`",
            ));
        }
        Ok(Self {
            asked: asked.clone(),
            platforms: Vec::new(),
            annotations,
            allow_mixed: options.allow_mixed,
            allow_fewer: options.allow_fewer,
            allow_older: run.allow_older,
            dry_run: run.dry_run,
        })
    }

    /// Completes it with what the policy asks for.
    ///
    /// # Errors
    ///
    /// When nothing says which platforms the index must have, or the policy cannot be obeyed.
    pub(super) fn ruled(self, rules: Option<&Policy>) -> Result<Self, Problem> {
        let platforms = platforms(&self.asked, rules)?;
        Ok(Self { platforms, ..self })
    }
}

/// The platforms that a definition asks for, of these targets or of all.
fn defined(builds: &[Build], targets: &[String]) -> Vec<Platform> {
    let is_meant = |build: &&Build| {
        let target = build.target.as_ref();
        build.platforms_stated
            && (targets.is_empty() || target.is_some_and(|it| targets.contains(it)))
    };
    let mut platforms: Vec<Platform> = Vec::new();
    for platform in builds.iter().filter(is_meant).flat_map(|it| &it.platforms) {
        if !platforms.contains(platform) {
            platforms.push(platform.clone());
        }
    }
    platforms
}

/// Reads the file of `--tags-from`.
fn read_tags(path: &Path, stdin: &mut SharedStdin<'_>) -> Result<TagsFrom, Problem> {
    let help = "give the file that docker/metadata-action's output was written to";
    let (source, text) = match path == Path::new("-") {
        true => (
            "standard input".to_owned(),
            stdin.read("`--tags-from -`", MAX_TAGS_FROM)?,
        ),
        false => (
            path.display().to_string(),
            files::read(path, MAX_TAGS_FROM, help)?,
        ),
    };
    merge::tags_from(&source, &text)
}

/// The tags that docker/metadata-action left to the job. Nobody said that they are for this image, so each
/// must be of a repository that a leg is of.
fn tags_of_the_job(text: &str, builds: &[Build], targets: &[String]) -> Result<TagsFrom, Problem> {
    const NAME: &str = "$DOCKER_METADATA_OUTPUT_JSON";
    let said = merge::tags_from(NAME, text.as_bytes())?;
    let is_asked_for = |build: &&Build| {
        let target = build.target.as_ref();
        targets.is_empty() || target.is_none_or(|target| targets.contains(target))
    };
    let names = builds.iter().filter(is_asked_for).flat_map(|it| &it.names);
    let own: BTreeSet<&Repository> = names.map(Reference::repository).collect();
    let mut tags = said.tags.iter();
    // Legs without a repository are refused for that.
    match tags.find(|tag| !own.is_empty() && !own.contains(tag.repository())) {
        None => Ok(said),
        Some(foreign) => {
            let own: Vec<String> = own.iter().map(|it| format!("`{it}`")).collect();
            Err(Problem::invalid(
                format!(
                    "`{NAME}` has a tag of `{}`, and the legs are of {}",
                    foreign.repository(),
                    own.join(", ")
                ),
                "name the tags in the input `tags`, or let docker/metadata-action name the image of the legs only",
            ))
        }
    }
}

/// The build that a `--source` stands for.
fn source(reference: &Reference) -> Build {
    let image = reference.digest().map(|digest| Image::Manifest {
        digest: digest.clone(),
        media_type: None,
        platform: None,
    });
    Build {
        target: None,
        names: vec![Reference::new(reference.repository().clone(), None, None)],
        image: image.unwrap_or(Image::None),
        ..Build::without_metadata(&reference.to_string(), "")
    }
}

/// Makes the index of the legs, and puts it under the tags. The findings of the tags, and the index.
///
/// # Errors
///
/// When a leg is wrong or not proven, or the legs are not what was asked for. Nothing is written then.
pub(super) fn publish(
    findings: &[Finding],
    merge: &Merge,
    rules: Option<&Policy>,
    looks: Looks,
    ports: &mut Ports<'_>,
) -> Result<(Vec<Finding>, String), Problem> {
    let legs = proven(findings)?;
    let platforms = merge.platforms.as_slice();
    let misfits = merge::misfits(&legs, platforms, merge.allow_mixed);
    if let Some(first) = misfits.first() {
        let each: Vec<String> = misfits.iter().map(ToString::to_string).collect();
        return Err(Problem {
            kind: ProblemKind::Refused,
            message: format!("the legs are not merged: {}", each.join("; ")),
            help: Some(first.help().to_owned()),
        });
    }
    let made = merge::compose(&legs, platforms, &merge.annotations);
    let made = Arc::new(made.ok_or_else(|| {
        Problem::invalid(
            "an index among the legs has an entry without a media type, a digest or a size",
            "build that leg again",
        )
    })?);
    let text = String::from_utf8_lossy(made.bytes()).into_owned();
    let expectations = expectations(&made, &merge.asked, platforms, rules)?;
    for expectation in &expectations {
        ports.memory.hold(&expectation.repository, &made);
    }
    let mut tags = engine::look(expectations, looks, ports);
    let may_be_written = |finding: &Finding| {
        matches!(finding.verdict, Verdict::Ok) || finding.verdict.code().is_repairable()
    };
    // No tag is written before all that the index lists is in each repository.
    if tags.iter().all(may_be_written) {
        hold_back(&mut tags, &legs, merge, looks, ports);
        match merge.dry_run {
            true => engine::rehearse(&mut tags),
            false => engine::publish(&mut tags, looks, ports),
        }
    } else {
        wait_for_children(&mut tags);
    }
    Ok((tags, text))
}

/// Notes with each tag that could be written that it was not, where another repository lacks what the index
/// lists.
fn wait_for_children(tags: &mut [Finding]) {
    let is_unready =
        |it: &&Finding| matches!(it.verdict, Verdict::Broken(_) | Verdict::Unproven(_));
    let Some(unready) = tags.iter().find(is_unready) else {
        return;
    };
    let repository = unready.expectation.repository.clone();
    for finding in tags
        .iter_mut()
        .filter(|it| it.verdict.code().is_repairable())
    {
        finding.outcome = Some(Outcome::Held(Held::Unready(repository.clone())));
    }
}

/// The legs, if all of them are proven.
fn proven(findings: &[Finding]) -> Result<Vec<Leg>, Problem> {
    let is_unproven = |it: &&Finding| matches!(it.verdict, Verdict::Unproven(_));
    let is_wrong = |it: &&Finding| it.verdict != Verdict::Ok && !is_unproven(it);
    let first = |kind: ProblemKind, finding: &Finding| Problem {
        kind,
        message: format!(
            "the legs are not merged: {} is `{}`: {}",
            finding.expectation.origin,
            finding.verdict.code(),
            LegProven::new(finding).message
        ),
        help: Some(
            match kind {
                ProblemKind::Unproven => {
                    "see that it can be read, and run the merge again; nothing was written"
                }
                _ => "build that leg again, or look what became of it; nothing was written",
            }
            .to_owned(),
        ),
    };
    if let Some(finding) = findings.iter().find(is_wrong) {
        return Err(first(ProblemKind::Refused, finding));
    }
    if let Some(finding) = findings.iter().find(is_unproven) {
        return Err(first(ProblemKind::Unproven, finding));
    }
    Ok(findings.iter().filter_map(Leg::proven).collect())
}

/// The platforms that the index must have: those of the command line or of the definition, else the policy's.
fn platforms(asked: &Asked, rules: Option<&Policy>) -> Result<Vec<Platform>, Problem> {
    if !asked.platforms.is_empty() {
        return Ok(asked.platforms.clone());
    }
    // What the policy says holds for whatever digest.
    let nothing = Document::new(Vec::new(), "");
    let expectations = expectations(&nothing, asked, &[], rules)?;
    let mut each = expectations.iter().map(|it| &it.platforms);
    let first = each.next().cloned().unwrap_or_default();
    if let Some(other) = each.find(|other| **other != first) {
        let list = |all: &[Platform]| match all {
            [] => "none".to_owned(),
            all => all
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        };
        return Err(Problem::invalid(
            format!(
                "the policy asks for different platforms of these tags: {}; and {}",
                list(&first),
                list(other)
            ),
            "name the platforms: `--platform linux/amd64,linux/arm64`",
        ));
    }
    match first.is_empty() {
        true => Err(Problem::invalid(
            "no platforms: without them a leg that is missing would not be noticed",
            "name them all: `--platform linux/amd64,linux/arm64`",
        )),
        false => Ok(first),
    }
}

/// That each tag should be this index.
fn expectations(
    made: &Document,
    asked: &Asked,
    platforms: &[Platform],
    rules: Option<&Policy>,
) -> Result<Vec<Expectation>, Problem> {
    let build = Build {
        target: None,
        names: asked.tags.clone(),
        image: Image::Manifest {
            digest: made.digest().clone(),
            media_type: Some(made.media_type().clone()),
            platform: None,
        },
        ..Build::without_metadata("the merge", "")
    };
    let asked = Asked {
        tags: asked.tags.clone(),
        targets: Vec::new(),
        platforms: platforms.to_vec(),
        on_other: Some(OnOther::Fix),
        no_restore: true,
        ..asked.clone()
    };
    let (mut expectations, _) = expectation::expect(&[build], &asked)?;
    if let Some(policy) = rules {
        policy.rule(&mut expectations, &asked)?;
    }
    for expectation in &mut expectations {
        expectation.claim = Claim::Merge;
        expectation.origin = "the merge".to_owned();
        // Before the first write, all that the index lists is known to be there.
        expectation.depth = expectation.depth.max(Depth::Children);
    }
    Ok(expectations)
}

/// Notes with each tag that must not be moved why: it would lose platforms, or go back.
fn hold_back(
    tags: &mut [Finding],
    legs: &[Leg],
    merge: &Merge,
    looks: Looks,
    ports: &mut Ports<'_>,
) {
    let new: Vec<Platform> = legs.iter().flat_map(Leg::platforms).cloned().collect();
    let built: Vec<merge::Built<'_>> = legs
        .iter()
        .map(|leg| (&*leg.document, leg.images.as_slice()))
        .collect();
    for finding in tags {
        let Finding {
            expectation,
            observation,
            verdict,
            ..
        } = &*finding;
        let Verdict::Other(_) = verdict else {
            continue;
        };
        let Some(shown) = observation.tag.here() else {
            continue;
        };
        let of_index = Tree::new(shown, &observation.nested).platforms();
        let lost = match merge.allow_fewer {
            true => Vec::new(),
            false => merge::lost_platforms(&of_index, &new),
        };
        if !lost.is_empty() {
            finding.outcome = Some(Outcome::Held(Held::Fewer(lost)));
            continue;
        }
        if merge.allow_older {
            continue;
        }
        let images = back::images(expectation, shown, looks, ports);
        if let Some(why) = merge::goes_back(&built, (shown, &images)) {
            finding.outcome = Some(Outcome::Held(Held::Older(why)));
        }
    }
}
