//! A finding: one expectation with what was seen of it, what was decided and what was done.

use crate::expectation::Expectation;
use crate::observation::Observation;
use crate::outcome::{Aftermath, Outcome};
use crate::verdict::Verdict;

/// What is known of one expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was claimed.
    pub expectation: Expectation,
    /// What was seen before any write.
    pub observation: Observation,
    /// What was decided before any write.
    pub verdict: Verdict,
    /// What became of the repair, if one was tried.
    pub outcome: Option<Outcome>,
    /// What became of what the repair might take away.
    pub aftermath: Aftermath,
}
