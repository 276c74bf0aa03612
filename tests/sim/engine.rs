//! The real engine, put together as a run puts it together: look, plan, apply.

use std::time::Duration;

use serde_json::{Map, json};
use tagproof::apply::apply;
use tagproof::clock::Clock;
use tagproof::expectation::{Asked, Claim, Expectation, OnOther, expect};
use tagproof::finding::Finding;
use tagproof::metadata;
use tagproof::observe::{Looks, Memory, Phase, observe};
use tagproof::oci::Reference;
use tagproof::plan::{Step, plan};
use tagproof::registry::Registry;
use tagproof::verdict;

use super::images::library;
use super::scene::{Scene, Source};

/// What a run is asked to do.
pub(crate) struct Task {
    pub(crate) expectations: Vec<Expectation>,
    pub(crate) looks: Looks,
    pub(crate) fix: bool,
}

impl Task {
    /// From a metadata file or from flags, as users give them.
    pub(crate) fn of(scene: &Scene) -> Self {
        let lib = library();
        let mut asked = Asked {
            platforms: scene
                .platforms
                .iter()
                .map(|platform| platform.parse().unwrap())
                .collect(),
            on_other: scene.move_other.then_some(OnOther::Fix),
            ..Asked::default()
        };
        let mut targets = Map::new();
        let mut names: Vec<String> = Vec::new();
        let mut twins: Vec<String> = Vec::new();
        for claim in &scene.claims {
            let name = &scene.repos[claim.repo].name;
            let name = match (&claim.tag, claim.source) {
                (_, Source::Implied) => continue,
                (Some(tag), _) => format!("{name}:{tag}"),
                (None, _) => name.to_string(),
            };
            if claim.source == Source::Asked {
                let reference: Reference = name.parse().unwrap();
                asked.tags.push(reference);
                asked.digest = Some(claim.build().image.clone());
                continue;
            }
            if claim.conflict {
                twins.push(name.clone());
            }
            names.push(name);
        }
        if let Some(first) = scene.claims.first()
            && !names.is_empty()
        {
            let image = lib.doc(&first.build().image);
            let value = match first.by_id {
                true => {
                    json!({"containerimage.config.digest": image.config.as_ref().unwrap().as_str()})
                }
                false => json!({
                    "containerimage.descriptor": {
                        "mediaType": image.media_type,
                        "digest": image.digest.as_str(),
                        "size": image.bytes.len(),
                    },
                    "containerimage.digest": image.digest.as_str(),
                }),
            };
            let mut app = value;
            app["image.name"] = json!(names.join(","));
            targets.insert("app".to_owned(), app);
        }
        if !twins.is_empty() {
            let other = &lib.builds[(scene.claims[0].build + 1) % lib.builds.len()].image;
            let twin =
                json!({"containerimage.digest": other.as_str(), "image.name": twins.join(",")});
            targets.insert("twin".to_owned(), twin);
        }
        let builds = match targets.is_empty() {
            true => Vec::new(),
            false => {
                let text = serde_json::to_vec(&targets).unwrap();
                metadata::parse("bake.json", &text).unwrap()
            }
        };
        let (expectations, _) = expect(&builds, &asked).unwrap();
        let millis = |time: i64| Duration::from_millis(u64::try_from(time).unwrap());
        Self {
            expectations,
            looks: Looks {
                settle: millis(scene.settle),
                settle_timeout: millis(scene.timeout),
                deep: scene.deep,
                deadline: millis(scene.deadline),
            },
            fix: scene.fix,
        }
    }
}

/// A registry, a clock, and what is remembered of the registry's answers.
pub(crate) struct Ports<'a> {
    pub(crate) registry: &'a dyn Registry,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) memory: Memory,
}

/// The looks before any write.
pub(crate) fn look(task: &Task, looks: Looks, ports: &mut Ports<'_>) -> Vec<Finding> {
    let asked: Vec<&Expectation> = task.expectations.iter().collect();
    let seen = observe(
        &asked,
        Phase::Before,
        looks,
        &mut ports.memory,
        ports.registry,
        ports.clock,
        &|_, _| {},
    );
    task.expectations
        .iter()
        .cloned()
        .zip(seen)
        .map(|(expectation, (sight, verdict))| Finding {
            expectation,
            sight,
            verdict,
            outcome: None,
        })
        .filter(|it| {
            it.expectation.claim != Claim::Implied || verdict::concerns(&it.expectation, &it.sight)
        })
        .collect()
}

pub(crate) fn steps(findings: &[Finding]) -> Vec<Step<'_>> {
    plan(findings)
}

/// Plans and applies.
pub(crate) fn repair(findings: &mut [Finding], looks: Looks, ports: &mut Ports<'_>) {
    let done = apply_steps(&steps(findings), looks, ports);
    for (index, outcome) in done {
        findings[index].outcome = Some(outcome);
    }
}

type Done = Vec<(usize, tagproof::outcome::Outcome)>;

pub(crate) fn apply_steps(plan: &[Step<'_>], looks: Looks, ports: &mut Ports<'_>) -> Done {
    let outcomes = apply(
        plan,
        looks,
        &mut ports.memory,
        ports.registry,
        ports.clock,
        &|_, _| {},
    );
    plan.iter().map(|step| step.index).zip(outcomes).collect()
}
