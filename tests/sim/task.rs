//! What a scene asks of the engine, as users ask it: by a metadata file, by flags, by a policy.

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
                deep: scene.deep,
                deadline: millis(scene.deadline),
            },
            fix: scene.fix,
        }
    }
}
