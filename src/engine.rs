//! The engine: looks to findings, and findings to repairs. It knows the ports, and nothing of who asks.

use crate::apply::{accept, apply};
use crate::expectation::{Claim, Expectation};
use crate::finding::Finding;
use crate::merge::is_moving;
use crate::observe::{Looks, Phase, Ports, observe};
use crate::outcome::{Aftermath, Held, Outcome};
use crate::plan::{Step, plan};
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
    note(done, findings);
}

/// Plans what would be written, and notes that with its finding.
pub fn rehearse(findings: &mut [Finding]) {
    let outcome = |step: &Step<'_>| match step.expectation.immutable && step.before.is_some() {
        true => Outcome::Immutable,
        false => Outcome::Planned,
    };
    let planned = plan(findings);
    let planned: Vec<_> = planned
        .iter()
        .map(|step| (step.index, (outcome(step), Aftermath::default())))
        .collect();
    note(planned, findings);
}

/// Puts an index that was made under tags: first where every repository takes it, then those that are
/// absent or named for good, and last those that move.
pub fn publish(findings: &mut [Finding], looks: Looks, ports: &mut Ports<'_>) {
    let mut plan = plan(findings);
    plan.sort_by_key(|step| (step.before.is_some(), is_moving(step.tag)));
    let refused = accept(&plan, looks, ports);
    let outcomes = match refused.iter().next() {
        None => apply(&plan, looks, ports),
        Some((first, _)) => {
            let outcome = |step: &Step<'_>| match refused.get(&step.expectation.repository) {
                Some(error) if error.class.is_refusal() => Outcome::Refused(error.clone()),
                Some(error) => Outcome::Failed(error.clone()),
                None => Outcome::Held(Held::Unaccepted(first.clone())),
            };
            let each = plan.iter().map(outcome);
            each.map(|outcome| (outcome, Aftermath::default()))
                .collect()
        }
    };
    let done: Vec<_> = plan.iter().map(|step| step.index).zip(outcomes).collect();
    note(done, findings);
}

fn note(done: Vec<(usize, (Outcome, Aftermath))>, findings: &mut [Finding]) {
    for (index, (outcome, aftermath)) in done {
        if let Some(finding) = findings.get_mut(index) {
            finding.outcome = Some(outcome);
            finding.aftermath = aftermath;
        }
    }
}
