//! Where the time of a run goes, as seen from the fronts of the servers.

use std::time::Instant;

use super::experiments::Phase;
use super::front::Event;
use super::scene::Scene;
use super::stats;

/// Splits a run of one tag with a login, by the moments that its fronts saw.
pub(crate) fn split(start: Instant, end: Instant, scene: &Scene) -> Vec<Phase> {
    let mut events = scene.one.counts.events();
    events.extend(scene.tokens.counts.events());
    events.sort_by_key(|(moment, _)| *moment);
    let mut phases = Vec::new();
    let mut last = start;
    let mut answers = 0;
    for (moment, event) in &events {
        let name = match (event, answers) {
            (Event::Connected, 0) => "start, until the first connection",
            (Event::Secured, 0) => "TLS with the registry",
            (Event::Asked, 0) => "the first request",
            (Event::Answered, 0) => "the registry's challenge",
            (Event::Connected, 1) => "until the connection to the token server",
            (Event::Secured, 1) => "TLS with the token server",
            (Event::Asked, 1) => "the request for a token",
            (Event::Answered, 1) => "the token server's token",
            (Event::Asked, _) => "the read",
            (Event::Answered, _) => "the registry's answer",
            (_, _) => "another connection",
        };
        phases.push((name, (*moment - last).as_secs_f64() * 1000.0));
        last = *moment;
        answers += usize::from(matches!(event, Event::Answered));
    }
    phases.push((
        "the report and the end",
        (end - last).as_secs_f64() * 1000.0,
    ));
    phases
}

/// The median of each phase, in the order of the first run.
pub(crate) fn middle(runs: &[Vec<Phase>]) -> Vec<Phase> {
    let Some(first) = runs.first() else {
        return Vec::new();
    };
    let of = |name: &str| {
        let times = runs.iter().map(|run| {
            let mine = run.iter().filter(|(other, _)| *other == name);
            mine.map(|(_, time)| time).sum::<f64>()
        });
        stats::median(times).unwrap_or(f64::NAN)
    };
    first.iter().map(|&(name, _)| (name, of(name))).collect()
}
