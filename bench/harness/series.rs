//! Contenders measured in turns, so that a busy moment of the machine is everyone's.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::contenders::AT_ONCE;
use super::gauge::{self, Line};
use super::scene::Scene;
use super::stats;

/// How long the turns of one series may go on; a turn that has begun is ended.
const LIMIT: Duration = Duration::from_secs(75);

/// One contender of a series.
pub(crate) struct Entry<'a> {
    pub(crate) name: String,
    pub(crate) line: Line,
    /// The exit code that means that it did what it was asked to.
    pub(crate) code: i32,
    /// How many requests it is to take, where that is promised.
    pub(crate) promised: Option<usize>,
    /// Puts the registry into the state that it is to find.
    pub(crate) before: Option<Box<dyn Fn() -> Result<()> + 'a>>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(name: impl Into<String>, line: Line) -> Self {
        Self {
            name: name.into(),
            line,
            code: 0,
            promised: None,
            before: None,
        }
    }
}

/// What came of one contender.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) walls: Vec<Duration>,
    pub(crate) cpu: Vec<Duration>,
    pub(crate) peak_kib: u64,
    pub(crate) connections: usize,
    pub(crate) most_open: usize,
    pub(crate) requests: usize,
}

impl Measured {
    fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            walls: Vec::new(),
            cpu: Vec::new(),
            peak_kib: 0,
            connections: 0,
            most_open: 0,
            requests: 0,
        }
    }

    /// The wall time in the middle, in milliseconds.
    pub(crate) fn wall(&self) -> f64 {
        middle(&self.walls)
    }

    /// The CPU time in the middle, in milliseconds.
    pub(crate) fn cpu(&self) -> f64 {
        middle(&self.cpu)
    }
}

fn middle(times: &[Duration]) -> f64 {
    stats::median(times.iter().map(|time| time.as_secs_f64() * 1000.0)).unwrap_or(f64::NAN)
}

/// Measures each contender `rounds` times, and says which of them did not do what they were asked
/// to, and so are left out.
pub(crate) fn run(
    scene: &Scene,
    entries: &[Entry<'_>],
    rounds: usize,
) -> (Vec<Measured>, Vec<String>) {
    let mut results: Vec<Measured> = entries
        .iter()
        .map(|entry| Measured::of(&entry.name))
        .collect();
    let mut failures: Vec<Option<String>> = entries.iter().map(|_| None).collect();
    // A first turn fills caches; where there is time for two only, they are warm from those before.
    let unseen = usize::from(rounds > 2);
    let start = Instant::now();
    for round in 0..rounds + unseen {
        if round > unseen && start.elapsed() > LIMIT {
            break;
        }
        for ((entry, result), failure) in entries.iter().zip(&mut results).zip(&mut failures) {
            if failure.is_some() {
                continue;
            }
            if let Err(why) = turn(scene, entry, (round >= unseen).then_some(result)) {
                let condition = scene.condition.shown();
                *failure = Some(format!("{} ({condition}): {why}", entry.name));
            }
        }
    }
    let whole = results.into_iter().zip(&failures);
    (
        whole
            .filter(|(_, failure)| failure.is_none())
            .map(|(result, _)| result)
            .collect(),
        failures.into_iter().flatten().collect(),
    )
}

/// Lets one contender run once.
fn turn(scene: &Scene, entry: &Entry<'_>, result: Option<&mut Measured>) -> Result<(), String> {
    if let Some(before) = &entry.before {
        before().map_err(|error| format!("{error:#}"))?;
    }
    scene.rest();
    let cost = gauge::measure(&entry.line).map_err(|error| format!("{error:#}"))?;
    let (connections, most_open, requests) = scene.take();
    if cost.code != entry.code {
        let words = cost.said.lines().last().unwrap_or_default();
        return Err(format!("ended with {}: {words}", cost.code));
    }
    if let Some(promised) = entry.promised.filter(|&promised| promised != requests) {
        return Err(format!("sent {requests} requests instead of {promised}"));
    }
    if entry.promised.is_some() && most_open > AT_ONCE {
        return Err(format!(
            "had {most_open} connections to one registry at once"
        ));
    }
    if let Some(result) = result {
        result.walls.push(cost.wall);
        result.cpu.push(cost.cpu);
        result.peak_kib = result.peak_kib.max(cost.peak_kib);
        (result.connections, result.requests) = (connections, requests);
        result.most_open = result.most_open.max(most_open);
    }
    Ok(())
}
