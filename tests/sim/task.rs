//! What a scene asks of the engine, as users ask it: by a metadata file, by flags, by a policy.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, json};
use tagproof::expectation::{Asked, Expectation, Expected, expect};
use tagproof::metadata;
use tagproof::observe::Looks;
use tagproof::oci::Reference;

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
            on_other: Some(scene.on_other),
            no_restore: !scene.restore,
            depth: scene.depth,
            on_wrong_platform: Some(scene.on_wrong_platform),
            ..Asked::default()
        };
        // A target for each build, with the names of its tags.
        let mut named: BTreeMap<(usize, bool), Vec<String>> = BTreeMap::new();
        let mut targets = Map::new();
        for claim in &scene.claims {
            let name = &scene.repos[claim.repo].name;
            let name = match (&claim.tag, claim.source) {
                (_, Source::Implied) => continue,
                (Some(tag), _) => format!("{name}:{tag}"),
                (None, _) => name.to_string(),
            };
            let image = &claim.build().image;
            if claim.source == Source::Asked {
                // The first one's digest is said for all, and another by the tag itself.
                let is_said = *asked.digest.get_or_insert_with(|| image.clone()) == *image;
                let reference: Reference = match is_said {
                    true => name.parse().unwrap(),
                    false => format!("{name}@{image}").parse().unwrap(),
                };
                asked.tags.push(reference);
                continue;
            }
            if claim.conflict {
                let other = &lib.builds[(claim.build + 1) % lib.builds.len()].image;
                let twin = json!({"containerimage.digest": other.as_str(), "image.name": name});
                targets.insert(format!("twin{}", targets.len()), twin);
            }
            let names = named.entry((claim.build, claim.by_id)).or_default();
            names.push(name);
        }
        for ((build, by_id), names) in named {
            let image = lib.doc(&lib.builds[build].image);
            let mut target = match by_id {
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
            if scene.of_file && !by_id {
                target["containerimage.descriptor"]["annotations"] =
                    json!({"org.opencontainers.image.created": "2026-11-24T10:17:05Z"});
            }
            target["image.name"] = json!(names.join(","));
            targets.insert(format!("app{build}"), target);
        }
        let builds = match targets.is_empty() {
            true => Vec::new(),
            false => {
                let text = serde_json::to_vec(&targets).unwrap();
                metadata::parse("bake.json", &text).unwrap()
            }
        };
        let (mut expectations, _) = expect(&builds, &asked).unwrap();
        for expectation in &mut expectations {
            expectation.attestations.clone_from(&scene.attestations);
            let claim = scene.claims.iter().find(|claim| {
                scene.repos[claim.repo].name == expectation.repository
                    && claim.tag == expectation.tag
            });
            if let Some(claim) = claim {
                expectation.immutable = claim.immutable;
                if claim.nothing {
                    expectation.image = Expected::Nothing;
                }
            }
        }
        let millis = |time: i64| Duration::from_millis(u64::try_from(time).unwrap());
        Self {
            expectations,
            looks: Looks {
                settle: millis(scene.settle),
                settle_timeout: millis(scene.timeout),
                below: true,
                provenance: false,
                layers: true,
                download_limit: 1_000_000,
                deadline: millis(scene.deadline),
            },
            fix: scene.fix,
        }
    }
}
