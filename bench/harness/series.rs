//! Contenders measured in turns, so that a busy moment of the machine is everyone's.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::gauge::{self, Cost, Line};
use super::scene::Scene;
use super::stats;

/// One contender of a series.
pub(crate) struct Entry<'a> {
    pub(crate) name: String,
    pub(crate) line: Line,
    /// The exit code that means that it did what it was asked to.
    pub(crate) code: i32,
    /// Puts the registry into the state that it is to find.
    pub(crate) before: Option<Box<dyn Fn() -> Result<()> + 'a>>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(name: impl Into<String>, line: Line) -> Self {
        Self {
            name: name.into(),
            line,
            code: 0,
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

/// Measures each contender `rounds` times; one more round before is not counted, as it fills caches.
pub(crate) fn run(scene: &Scene, entries: &[Entry<'_>], rounds: usize) -> Result<Vec<Measured>> {
    let mut results: Vec<Measured> = entries
        .iter()
        .map(|entry| Measured {
            name: entry.name.clone(),
            walls: Vec::new(),
            cpu: Vec::new(),
            peak_kib: 0,
            connections: 0,
            most_open: 0,
            requests: 0,
        })
        .collect();
    // Where one round is all there is time for, caches are warm from the rounds before.
    let unseen = usize::from(rounds > 1);
    for round in 0..rounds + unseen {
        for (entry, result) in entries.iter().zip(&mut results) {
            if let Some(before) = &entry.before {
                before()?;
            }
            // What a killed connection of the one before left behind is not this one's.
            std::thread::sleep(Duration::from_millis(scene.condition.rtt * 2 + 2));
            scene.take();
            let cost: Cost = gauge::measure(&entry.line)?;
            let (connections, most_open, requests) = scene.take();
            ensure!(
                cost.code == entry.code,
                "{} ended with {}",
                entry.name,
                cost.code
            );
            if round >= unseen {
                result.walls.push(cost.wall);
                result.cpu.push(cost.cpu);
                result.peak_kib = result.peak_kib.max(cost.peak_kib);
                (result.connections, result.requests) = (connections, requests);
                result.most_open = result.most_open.max(most_open);
            }
        }
    }
    Ok(results)
}
