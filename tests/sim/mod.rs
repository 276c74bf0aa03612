//! A simulated world for the engine: registries and a clock in memory, replicas that lag, other
//! people at work, and everything that can go wrong, all drawn from one seed.
//!
//! `scene` draws, `world` plays it behind the engine's ports, `task` is what the engine is asked,
//! `promises` and `converge` check what it did, `broken` has engines that must be caught.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "a simulation that panics has failed; the test and the example use what they need"
)]

mod actors;
mod answers;
pub(crate) mod broken;
mod converge;
pub(crate) mod coverage;
mod doubt;
pub(crate) mod fault;
pub(crate) mod forget;
mod images;
mod journal;
mod left;
pub(crate) mod promises;
mod rng;
mod scene;
mod state;
mod task;
mod world;

use broken::Engine;
use coverage::Coverage;
use promises::{Broken, Ran};
use scene::Scene;
use task::Task;
use world::World;

/// Plays the scene of a seed, and gives the promises that were broken.
pub(crate) fn play(seed: u64, engine: Engine, coverage: &mut Coverage) -> Vec<Broken> {
    let scene = Scene::draw(seed);
    let world = World::new(&scene);
    let mut findings = engine.run(&mut Task::of(&scene), &world);
    let (events, told) = world.with(|state| (state.journal.clone(), state.told.clone()));
    let (end, is_killed) = world.with(|state| (state.now, state.is_killed));
    // Nobody hears what a run that was killed would have said.
    if is_killed {
        findings.clear();
    }
    let ran = Ran {
        scene: &scene,
        findings: &findings,
        events: &events,
        told: &told,
        end,
        is_killed,
    };
    coverage.add(&ran);
    let mut broken = promises::check(&ran, &world);
    broken.extend(converge::check(engine, &scene, &world).err());
    broken
}

/// The scene of a seed and what happened in it, to be read by a person.
pub(crate) fn tell(seed: u64) -> String {
    let scene = Scene::draw(seed);
    let world = World::new(&scene);
    let findings = Engine::Real.run(&mut Task::of(&scene), &world);
    let mut text = format!("{scene:#?}\n");
    for event in world.with(|state| state.journal.clone()) {
        text.push_str(&event.tell());
    }
    for finding in findings {
        let (verdict, outcome) = (finding.verdict, finding.outcome);
        let reference = finding.expectation.reference();
        text.push_str(&format!("{reference}: {verdict:?} {outcome:?}\n"));
    }
    for (number, build) in images::library().builds.iter().enumerate() {
        text.push_str(&format!("build {number}: {}\n", build.image.short()));
    }
    text
}
