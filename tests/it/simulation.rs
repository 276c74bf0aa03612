//! The engine in a simulated world, where everything that can go wrong does (`tests/sim`).

use crate::sim::broken::Engine;
use crate::sim::coverage::Coverage;
use crate::sim::play;

#[test]
fn three_thousand_simulated_runs_keep_every_promise() {
    let mut coverage = Coverage::default();
    for seed in 0..3_000 {
        if let Err(broken) = play(seed, Engine::Real, &mut coverage) {
            panic!(
                "seed {seed} broke promise {}\n{}\nreplay: cargo run --example simulate -- --seed {seed}",
                broken.promise, broken.how
            );
        }
    }
    // So few runs reach every verdict with every outcome it can have; the rest needs more of them.
    assert_eq!(coverage.missing_verdicts(), []);
}

/// What proves that the simulation can see.
#[test]
fn each_broken_engine_is_caught_breaking_its_promise_within_a_thousand_seeds() {
    for engine in Engine::BROKEN {
        let caught = (0..1_000).any(|seed| {
            let played = play(seed, engine, &mut Coverage::default());
            played.is_err_and(|broken| broken.promise == engine.breaks())
        });
        assert!(
            caught,
            "{engine:?} is not caught breaking {}",
            engine.breaks()
        );
    }
}
