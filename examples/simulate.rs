//! The engine in a simulated world, run for run: `cargo run --release --example simulate -- --seeds 1000000`.
//!
//! Stops at the first seed that breaks a promise, or after `--most`. Fails, too, where enough seeds have not reached all that
//! is possible. `--seed N` plays that one alone, and tells it. `--broken` says
//! which promise gives each of the broken engines away, and with which seed.

#![allow(clippy::unwrap_used, reason = "a simulation that panics has failed")]

#[path = "../tests/sim/mod.rs"]
mod sim;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sim::broken::Engine;
use sim::coverage::Coverage;
use sim::promises::Broken;

const HELP: &str = "usage: simulate [--seeds COUNT] [--from SEED] [--threads COUNT] [--most FAILURES] | --seed SEED | --broken";

/// How many seeds a thread takes at once.
const SHARE: u64 = 1_000;

fn main() -> ExitCode {
    let (mut seeds, mut from, mut threads, mut only, mut most) = (10_000, 0, 2, None, 1);
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        if flag == "--broken" {
            return broken();
        }
        let number = args.next().and_then(|value| value.parse::<u64>().ok());
        match (flag.as_str(), number) {
            ("--seeds", Some(number)) => seeds = number,
            ("--from", Some(number)) => from = number,
            ("--threads", Some(number)) => threads = number.max(1),
            ("--most", Some(number)) => most = number,
            ("--seed", Some(number)) => only = Some(number),
            _ => {
                say(HELP);
                return ExitCode::from(2);
            }
        }
    }
    if let Some(seed) = only {
        say(&sim::tell(seed));
        let broken = sim::play(seed, Engine::Real, &mut Coverage::default());
        if broken.is_empty() {
            say("all promises were kept");
            return ExitCode::SUCCESS;
        }
        return fail(seed, &broken);
    }
    let next = AtomicU64::new(from);
    let failures = Mutex::new(Vec::<(u64, Vec<Broken>)>::new());
    let is_over = || u64::try_from(failures.lock().unwrap().len()).unwrap() >= most;
    let work = || {
        let mut coverage = Coverage::default();
        loop {
            let first = next.fetch_add(SHARE, Ordering::SeqCst);
            if first >= from + seeds || is_over() {
                return coverage;
            }
            for seed in first..(first + SHARE).min(from + seeds) {
                let broken = sim::play(seed, Engine::Real, &mut coverage);
                if !broken.is_empty() {
                    failures.lock().unwrap().push((seed, broken));
                    if is_over() {
                        return coverage;
                    }
                }
            }
        }
    };
    let mut all = Coverage::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            all.merge(worker.join().unwrap());
        }
    });
    say(&all.tell());
    let mut code = ExitCode::SUCCESS;
    if let Some(lacks) = all.lacks() {
        say(&format!(
            "{} runs must reach all that is possible, and have not reached\n{lacks}",
            all.runs
        ));
        code = ExitCode::FAILURE;
    }
    for (seed, broken) in failures.lock().unwrap().iter() {
        code = fail(*seed, broken);
    }
    code
}

/// How soon each of the broken engines is caught.
fn broken() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for engine in Engine::BROKEN {
        let promise = engine.breaks();
        let caught = (0..1_000).find(|&seed| {
            let broken = sim::play(seed, engine, &mut Coverage::default());
            broken.iter().any(|it| it.promise == promise)
        });
        match caught {
            Some(seed) => say(&format!("{engine:?}: seed {seed}, promise {promise}")),
            None => {
                say(&format!("{engine:?}: NOT CAUGHT"));
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn fail(seed: u64, broken: &[Broken]) -> ExitCode {
    for Broken { promise, how } in broken {
        say(&format!("seed {seed} broke promise {promise}\n{how}"));
    }
    say(&format!(
        "replay: cargo run --example simulate -- --seed {seed}"
    ));
    ExitCode::FAILURE
}

#[allow(clippy::print_stdout, reason = "it is there to be read")]
fn say(text: &str) {
    println!("{text}");
}
