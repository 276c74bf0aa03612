//! The engine: looks to findings, and findings to repairs. It knows the ports, and nothing of who asks.

use crate::apply::apply;
use crate::expectation::{Claim, Expectation};
use crate::finding::Finding;
use crate::observe::{Looks, Phase, Ports, observe};
use crate::outcome::Aftermath;
use crate::plan::plan;
use crate::verdict::concerns;

/// Looks until two looks agree, and judges. In the order of the expectations; those that are only implied and
/// turn out not to concern the build are left out.
pub fn look(expectations: Vec<Expectation>, looks: Looks, ports: &mut Ports<'_>) -> Vec<Finding> {
    let asked: Vec<&Expectation> = expectations.iter().collect();
    let seen = observe(&asked, Phase::Before, looks, ports);
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
    let outcomes = apply(&plan, looks, ports);
    let done: Vec<_> = plan.iter().map(|step| step.index).zip(outcomes).collect();
    for (index, (outcome, aftermath)) in done {
        if let Some(finding) = findings.get_mut(index) {
            finding.outcome = Some(outcome);
            finding.aftermath = aftermath;
        }
    }
}
