//! Builds of a job that were not meant to be pushed, such as those that tests load.

use std::collections::BTreeSet;

use crate::expectation::Expected;
use crate::finding::Finding;
use crate::note::{self, Note};
use crate::registry::{Class, Error};
use crate::verdict::Verdict;

/// Removes the findings of every build of which the registry holds nothing, and gives a note for
/// each. Where it holds nothing of any build, all findings stay.
///
/// A metadata file does not say whether a build was pushed, so only the registry's answer counts.
pub(super) fn set_aside(findings: &mut Vec<Finding>) -> Vec<Note> {
    if !findings
        .iter()
        .any(|finding| finding.verdict.code().is_pushed())
    {
        return Vec::new();
    }
    let there: BTreeSet<String> = findings
        .iter()
        .filter(|finding| !may_be_unpushed(finding))
        .map(|finding| finding.expectation.origin.clone())
        .collect();
    let mut notes: Vec<(String, Vec<String>)> = Vec::new();
    findings.retain(|finding| {
        let origin = &finding.expectation.origin;
        if there.contains(origin) {
            return true;
        }
        let reference = format!("`{}`", finding.expectation.reference());
        match notes.iter_mut().find(|(known, _)| known == origin) {
            Some((_, references)) => references.push(reference),
            None => notes.push((origin.clone(), vec![reference])),
        }
        false
    });
    notes
        .into_iter()
        .map(|(origin, references)| Note {
            code: note::Code::NotPushed,
            message: format!("{origin} was not pushed: {}", references.join(", ")),
            help: "nothing, if it was not to be pushed; otherwise build it with `push: true` and name its metadata with `metadata-file`".to_owned(),
        })
        .collect()
}

/// Whether the registry says that the build was not pushed. What it refuses to say is unknown, but
/// for the names that Docker gives to local images (`app`, which is `docker.io/library/app`): only
/// Docker pushes there, what it pushed can be read by anyone, and where there is nothing, Docker
/// Hub answers that it wants a login.
fn may_be_unpushed(finding: &Finding) -> bool {
    match &finding.verdict {
        // A target that only the definition names was not built at all.
        Verdict::NeverPushed => finding.expectation.image != Expected::Nothing,
        Verdict::Unproven(Error { class, .. }) => {
            finding.expectation.repository.is_dockers_own()
                && matches!(class, Class::Login | Class::Denied)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
