//! What simulated runs have reached, and what cannot be reached and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use tagproof::{outcome, verdict};

use super::fault::{Fault, Phase};
use super::forget::Forgets;
use super::journal::{Event, What, faults};
use super::promises::Ran;

type Outcome = Option<outcome::Code>;

/// After so many runs every possible pair of fault and request must have been reached, and after
/// so many every possible triple of verdict, outcome and fault.
const RUNS_FOR_PAIRS: u64 = 100_000;
const RUNS_FOR_TRIPLES: u64 = 2_000_000;

/// Counts of what was reached.
#[derive(Default)]
pub(crate) struct Coverage {
    pub(crate) runs: u64,
    requests: u64,
    most_requests: usize,
    verdicts: BTreeMap<(verdict::Code, Outcome), u64>,
    pairs: BTreeMap<(Fault, Phase), u64>,
    triples: BTreeMap<(verdict::Code, Outcome, Fault), u64>,
    left: BTreeMap<(Forgets, Left), u64>,
    /// After how many requests since a write runs were killed.
    kills: BTreeMap<usize, u64>,
}

/// What became of something that a tag was moved off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Left {
    Stayed,
    Gone,
    PutBack,
    /// It was put back, and the registry refused it or did not take it.
    NotTaken,
    /// The run was killed before it could be put back.
    Killed,
}

impl Left {
    const ALL: [Self; 5] = [
        Self::Stayed,
        Self::Gone,
        Self::PutBack,
        Self::NotTaken,
        Self::Killed,
    ];
}

impl Coverage {
    pub(crate) fn add(&mut self, ran: &Ran<'_>) {
        self.runs += 1;
        self.requests += u64::try_from(ran.events.len()).unwrap();
        self.most_requests = self.most_requests.max(ran.events.len());
        let met: Vec<BTreeSet<Fault>> = (0..ran.scene.repos.len())
            .map(|repo| faults(ran.events, repo))
            .collect();
        for event in ran.events {
            if let Some(fault) = event.fault {
                *self.pairs.entry((fault, event.phase)).or_default() += 1;
            }
            if let Some(forgets) = ran.scene.repos[event.repo].forgets {
                for left in became(event, ran.is_killed) {
                    *self.left.entry((forgets, left)).or_default() += 1;
                }
            }
        }
        if let (true, Some(kill)) = (ran.is_killed, ran.scene.kill) {
            *self.kills.entry(kill.requests).or_default() += 1;
        }
        for finding in ran.findings {
            let code = finding.verdict.code();
            let outcome = finding.outcome.as_ref().map(outcome::Outcome::code);
            *self.verdicts.entry((code, outcome)).or_default() += 1;
            let mut repos = ran.scene.repos.iter();
            let repo = repos.position(|it| it.name == finding.expectation.repository);
            for fault in repo.iter().flat_map(|&repo| &met[repo]) {
                *self.triples.entry((code, outcome, *fault)).or_default() += 1;
            }
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.runs += other.runs;
        self.requests += other.requests;
        self.most_requests = self.most_requests.max(other.most_requests);
        for (key, count) in other.verdicts {
            *self.verdicts.entry(key).or_default() += count;
        }
        for (key, count) in other.pairs {
            *self.pairs.entry(key).or_default() += count;
        }
        for (key, count) in other.triples {
            *self.triples.entry(key).or_default() += count;
        }
        for (key, count) in other.left {
            *self.left.entry(key).or_default() += count;
        }
        for (key, count) in other.kills {
            *self.kills.entry(key).or_default() += count;
        }
    }

    /// The possible pairs of fault and phase that were not reached.
    pub(crate) fn missing_pairs(&self) -> Vec<(Fault, Phase)> {
        let reached = |pair: &(Fault, Phase)| self.pairs.contains_key(pair);
        pairs()
            .filter(|(fault, phase)| fault.impossible(*phase).is_none())
            .filter(|pair| !reached(pair))
            .collect()
    }

    pub(crate) fn missing_verdicts(&self) -> Vec<(verdict::Code, Outcome)> {
        let reached = |pair: &(verdict::Code, Outcome)| self.verdicts.contains_key(pair);
        results()
            .filter(|(code, outcome)| impossible(*code, *outcome).is_none())
            .filter(|pair| !reached(pair))
            .collect()
    }

    /// What becomes of something that is left, by the registry that forgets, and was not reached.
    pub(crate) fn missing_left(&self) -> Vec<(Forgets, Left)> {
        let all = Forgets::ALL.into_iter();
        all.flat_map(|forgets| Left::ALL.map(|left| (forgets, left)))
            .filter(|key| !self.left.contains_key(key))
            .collect()
    }

    fn missing_triples(&self) -> Vec<(verdict::Code, Outcome, Fault)> {
        results()
            .filter(|(code, outcome)| impossible(*code, *outcome).is_none())
            .flat_map(|(code, outcome)| Fault::all().into_iter().map(move |it| (code, outcome, it)))
            .filter(|(code, outcome, fault)| never_met(*code, *outcome, *fault).is_none())
            .filter(|triple| !self.triples.contains_key(triple))
            .collect()
    }

    /// What should have been reached in so many runs, and was not.
    pub(crate) fn lacks(&self) -> Option<String> {
        let (verdicts, pairs) = (self.missing_verdicts(), self.missing_pairs());
        let (triples, left) = (self.missing_triples(), self.missing_left());
        let mut lacks = Vec::new();
        if self.runs >= RUNS_FOR_PAIRS && !left.is_empty() {
            lacks.push(format!("what was left: {left:?}"));
        }
        if self.runs >= RUNS_FOR_PAIRS && !(verdicts.is_empty() && pairs.is_empty()) {
            lacks.push(format!("verdict and outcome: {verdicts:?}"));
            lacks.push(format!("fault and request: {pairs:?}"));
        }
        if self.runs >= RUNS_FOR_TRIPLES && !triples.is_empty() {
            lacks.push(format!("verdict, outcome and fault: {triples:?}"));
        }
        (!lacks.is_empty()).then(|| lacks.join("\n"))
    }

    /// All of it as text.
    pub(crate) fn tell(&self) -> String {
        let mut text = format!(
            "{} runs, {} requests, at most {} in one run\n\nverdict and outcome\n",
            self.runs, self.requests, self.most_requests
        );
        for ((code, outcome), count) in &self.verdicts {
            let _ = writeln!(
                text,
                "  {:<13} {:<13} {count}",
                code.as_str(),
                told(*outcome)
            );
        }
        text.push_str("\nfault, and the requests it met\n");
        for fault in Fault::all() {
            let met: Vec<String> = Phase::ALL
                .into_iter()
                .filter_map(|phase| Some((phase, self.pairs.get(&(fault, phase))?)))
                .map(|(phase, count)| format!("{phase:?} {count}"))
                .collect();
            let _ = writeln!(text, "  {:<22} {}", format!("{fault:?}"), met.join(", "));
        }
        text.push_str("\nwhat a tag was moved off, where registries forget\n");
        for ((forgets, left), count) in &self.left {
            let _ = writeln!(
                text,
                "  {:<10} {:<9} {count}",
                format!("{forgets:?}"),
                format!("{left:?}")
            );
        }
        let _ = writeln!(
            text,
            "\nkilled after so many requests since a write\n  {:?}",
            self.kills
        );
        text.push_str("\nimpossible\n");
        let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (fault, phase) in pairs() {
            if let Some(reason) = fault.impossible(phase) {
                let list = reasons.entry(reason).or_default();
                let fault = format!("{fault:?}");
                match list.last_mut().filter(|last| last.starts_with(&fault)) {
                    Some(last) => last.push_str(&format!("+{phase:?}")),
                    None => list.push(format!("{fault}/{phase:?}")),
                }
            }
        }
        for (code, outcome) in results() {
            if let Some(reason) = impossible(code, outcome) {
                let list = reasons.entry(reason).or_default();
                list.push(format!("{code}/{}", told(outcome)));
            }
        }
        for (code, outcome) in results() {
            for fault in Fault::all() {
                if let Some(reason) = never_met(code, outcome, fault) {
                    let list = reasons.entry(reason).or_default();
                    list.push(format!("{code}/{}/{fault:?}", told(outcome)));
                }
            }
        }
        for (reason, list) in reasons {
            let _ = writeln!(text, "  {reason}: {}", list.join(" "));
        }
        let _ = writeln!(
            text,
            "\npossible and not reached\n  verdict and outcome: {:?}\n  fault and request: {:?}\n  \
             verdict, outcome and fault: {} of {}: {:?}",
            self.missing_verdicts(),
            self.missing_pairs(),
            self.missing_triples().len(),
            self.missing_triples().len() + self.triples.len(),
            self.missing_triples(),
        );
        text
    }
}

/// What a write did to what it left, and what became of putting it back.
fn became(event: &Event, is_killed: bool) -> Vec<Left> {
    match &event.what {
        What::Put(_, _, _, Some(effect)) => {
            let stayed = effect.left.iter().any(|it| !effect.gone.contains(it));
            let is_gone = !effect.gone.is_empty();
            let all = [
                (stayed, Left::Stayed),
                (is_gone, Left::Gone),
                (is_gone && is_killed, Left::Killed),
            ];
            all.into_iter()
                .filter_map(|(is, left)| is.then_some(left))
                .collect()
        }
        What::PutBack(_, _, true, true) => vec![Left::PutBack],
        What::PutBack(..) => vec![Left::NotTaken],
        _ => Vec::new(),
    }
}

fn told(outcome: Outcome) -> &'static str {
    outcome.map_or("-", outcome::Code::as_str)
}

fn pairs() -> impl Iterator<Item = (Fault, Phase)> {
    Fault::all()
        .into_iter()
        .flat_map(|fault| Phase::ALL.into_iter().map(move |phase| (fault, phase)))
}

fn results() -> impl Iterator<Item = (verdict::Code, Outcome)> {
    verdict::Code::ALL.into_iter().flat_map(|code| {
        let outcomes = outcome::Code::ALL.into_iter().map(Some);
        [None].into_iter().chain(outcomes).map(move |it| (code, it))
    })
}

/// Why a fault never meets the repository of a tag that is judged and treated so.
fn never_met(code: verdict::Code, outcome: Outcome, fault: Fault) -> Option<&'static str> {
    if let Some(reason) = fault.never() {
        return Some(reason);
    }
    let of_writes = Phase::ALL
        .into_iter()
        .all(|phase| phase.is_write() || fault.impossible(phase).is_some());
    match code {
        verdict::Code::Child if outcome.is_none() && of_writes => {
            Some("a child is left as it is by a check only, which writes nothing")
        }
        _ => None,
    }
}

/// Why a verdict cannot have such an outcome.
fn impossible(code: verdict::Code, outcome: Outcome) -> Option<&'static str> {
    use verdict::Code as C;
    if outcome? == outcome::Code::Planned {
        return Some("a dry run writes nothing, so it is not simulated");
    }
    match code {
        C::Absent if outcome == Some(outcome::Code::Lost) => Some("nothing is left"),
        C::Child | C::Wrapped | C::Absent | C::Other => None,
        C::Ok => Some("what is right is not written"),
        C::Incomplete | C::WrongPlatform | C::Broken | C::NeverPushed => {
            Some("no re-pointing repairs it")
        }
        C::Conflict => Some("it is not known which build is meant"),
        C::Unproven => Some("nothing is written on what is not known"),
    }
}
