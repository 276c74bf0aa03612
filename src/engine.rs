//! The engine: looks to findings, and findings to repairs. It knows the ports, and nothing of who asks.

use crate::apply::apply;
use crate::clock::Clock;
use crate::expectation::{Claim, Expectation};
use crate::finding::Finding;
use crate::observe::{Event, Looks, Memory, Phase, observe};
use crate::outcome::Aftermath;
use crate::plan::plan;
use crate::registry::Registry;
use crate::verdict::concerns;

/// What the engine works with: the two ports, and what it remembers of the registry's answers.
pub struct Ports<'a> {
    /// The registry.
    pub registry: &'a dyn Registry,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Receives what happens while the run goes on.
    pub tell: &'a dyn Fn(Event<'_>),
    /// What was learned of the registries so far.
    pub memory: Memory,
}

/// Looks until two looks agree, and judges. In the order of the expectations; those that are only implied and
/// turn out not to concern the build are left out.
pub fn look(expectations: Vec<Expectation>, looks: Looks, ports: &mut Ports<'_>) -> Vec<Finding> {
    let asked: Vec<&Expectation> = expectations.iter().collect();
    let seen = observe(
        &asked,
        Phase::Before,
        looks,
        &mut ports.memory,
        ports.registry,
        ports.clock,
        ports.tell,
    );
    expectations
        .into_iter()
        .zip(seen)
        .map(|(expectation, (observation, verdict))| Finding {
            expectation,
            observation,
            verdict,
            outcome: None,
            aftermath: Aftermath::default(),
        })
        .filter(|it| {
            it.expectation.claim != Claim::Implied || concerns(&it.expectation, &it.observation)
        })
        .collect()
}

/// Plans what may be repaired, applies it, and notes each outcome with its finding.
pub fn repair(findings: &mut [Finding], looks: Looks, ports: &mut Ports<'_>) {
    let plan = plan(findings);
    let outcomes = apply(
        &plan,
        looks,
        &mut ports.memory,
        ports.registry,
        ports.clock,
        ports.tell,
    );
    let done: Vec<_> = plan.iter().map(|step| step.index).zip(outcomes).collect();
    for (index, (outcome, aftermath)) in done {
        if let Some(finding) = findings.get_mut(index) {
            finding.outcome = Some(outcome);
            finding.aftermath = aftermath;
        }
    }
}
