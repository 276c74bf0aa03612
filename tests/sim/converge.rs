//! The sixth promise: when the trouble is over, fixing again makes right what may be made right.

use tagproof::expectation::{Depth, OnOther};
use tagproof::outcome::Outcome;
use tagproof::verdict::Code;

use super::broken::Engine;
use super::forget::whole;
use super::images::{Kind, library};
use super::journal::What;
use super::promises::{Broken, CONVERGES, Ran, name};
use super::scene::{Claim, Lock, Scene, Source};
use super::task::Task;
use super::world::World;

/// Runs `fix` twice more in a world without trouble.
pub(crate) fn check(engine: Engine, scene: &Scene, world: &World<'_>) -> Result<(), Broken> {
    let scene = &Scene {
        settle: 2_000,
        timeout: 20_000,
        deadline: 600_000,
        fix: true,
        restore: true,
        ..scene.clone()
    };
    world.calm_down();
    let able: Vec<&Claim> = scene
        .claims
        .iter()
        .filter(|claim| may_come_right(scene, claim, world))
        .collect();
    for round in ["first", "second"] {
        let findings = engine.run(&mut Task::of(scene), world);
        let events = world.with(|state| state.journal.clone());
        let ran = Ran {
            scene,
            findings: &findings,
            events: &events,
            told: &[],
            end: 0,
            is_killed: false,
        };
        for claim in &able {
            let found = ran.finding(claim);
            let is_right = found.is_some_and(|it| match (&it.outcome, round) {
                (None, _) => it.verdict.code() == Code::Ok,
                (Some(outcome), "first") => outcome.code().is_right(),
                (Some(_), _) => false,
            });
            if !is_right {
                let outcome = found.and_then(|it| it.outcome.as_ref()).map(Outcome::code);
                let code = found.map(|it| it.verdict.code());
                return Err(Broken {
                    promise: CONVERGES,
                    how: format!("{}: {round} fix: {code:?} {outcome:?}", name(scene, claim)),
                });
            }
            let written = events.iter().any(|it| {
                it.repo == claim.repo
                    && matches!(&it.what, What::Put(to, ..) if Some(to) == claim.tag.as_ref())
            });
            if round == "second" && written {
                return Err(Broken {
                    promise: CONVERGES,
                    how: format!("{} is written again", name(scene, claim)),
                });
            }
        }
        world.next_run();
    }
    Ok(())
}

/// Whether the expected image is there, and the tag is writable and the build's own.
fn may_come_right(scene: &Scene, claim: &Claim, world: &World<'_>) -> bool {
    let Some(tag) = &claim.tag else {
        return false;
    };
    let (lib, repo) = (library(), &scene.repos[claim.repo]);
    let image = lib.doc(&claim.build().image);
    let has_platforms = scene
        .platforms
        .iter()
        .all(|platform| image.platforms.contains(platform));
    let is_whole = has_platforms && lib.has(claim.build(), &scene.attestations);
    let is_wrong = claim.build().wrong_at.is_some_and(|at| at <= scene.looks());
    let reads_configs = scene.looks() >= Depth::Platforms || !scene.platforms.is_empty();
    let lacks_blobs = reads_configs
        && lib
            .blobs_of(&image.digest)
            .iter()
            .any(|blob| scene.lost.contains(&(claim.repo, (*blob).clone())));
    if claim.conflict || claim.nothing || !is_whole || is_wrong || lacks_blobs {
        return false;
    }
    let (kind, is_spared, image_is_there, children_are_there, shown_is_whole) =
        world.with(|state| {
            let content = &state.content[claim.repo];
            let shown = content.tag(tag, state.now);
            (
                lib.kind(claim.build(), claim.by_id, shown),
                scene.is_spared(claim, shown),
                content.serves(&image.digest, state.now),
                image
                    .children
                    .iter()
                    .all(|it| content.serves(it, state.now)),
                shown.is_none_or(|shown| {
                    whole(shown).iter().all(|it| content.serves(it, state.now))
                }),
            )
        });
    if kind == Kind::Right {
        return children_are_there
            || (scene.looks() < Depth::Children && scene.attestations.is_empty());
    }
    let is_own = match kind {
        Kind::Right | Kind::Child => true,
        Kind::Wrapped => claim.source != Source::Implied && !is_spared,
        Kind::Absent => {
            (claim.source == Source::Named && !is_spared)
                || (claim.source != Source::Implied && !scene.platforms.is_empty())
        }
        Kind::Other => scene.on_other == OnOther::Fix && claim.source != Source::Implied,
    };
    // What lists something that is gone cannot be put back where that is asked for.
    let can_be_left = repo.forgets.is_none() || !repo.checks || shown_is_whole;
    is_own
        && can_be_left
        && (kind == Kind::Absent || !claim.immutable)
        && !claim.by_id
        && claim.lock == Lock::None
        && image_is_there
        && children_are_there
}
