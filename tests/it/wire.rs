//! The matrix of faults and phases over real sockets: for each, the right end, and a message that
//! names the host, the request and what to do. `docs/faults.md` is written from the same table.

mod cell;
mod faults;
mod phase;
mod rules;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cell::{Seen, Way};
use faults::{Row, groups};
use phase::Phase;
use rules::{Kind, end_of, has_body};

use crate::run::code;

/// How many cells are run at once: most of them wait for something.
const AT_ONCE: usize = 24;

/// Whether a fault and a phase can meet.
fn meet(row: &Row, phase: Phase) -> bool {
    !row.in_body || has_body(phase)
}

/// What is wrong with what came of a cell.
fn complaints(row: &Row, phase: Phase, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let mut complain = |is_right: bool, words: String| {
        if !is_right {
            found.push(words);
        }
    };
    let end = end_of(row.kind, phase);
    let shown = (seen.verdict.as_str(), seen.outcome.as_str(), seen.code);
    let wanted = (end.verdict, end.outcome, code(end.code));
    complain(shown == wanted, format!("ended {shown:?}, not {wanted:?}"));
    complain(seen.met > 0, "the fault was not met".to_owned());
    let is_unwritten = end.outcome == "-" || phase == Phase::Head && end.outcome == "failed";
    complain(!is_unwritten || seen.puts == 0, format!("{} writes", seen.puts));
    complain(!seen.is_right || end.outcome != "-", "a tag was written".to_owned());
    complain(end.code != 0 || seen.is_right, "the tag is not right".to_owned());
    if row.kind == Kind::Passing {
        complain(seen.met == 5, format!("sent {} times", seen.met));
    }
    if end.code == 0 {
        return found;
    }
    let names = phase.names(&seen.base, &seen.host);
    let is_named = names.iter().any(|name| seen.message.contains(name));
    complain(is_named, format!("names none of {names:?}"));
    complain(seen.message.contains(&row.reason), format!("does not say `{}`", row.reason));
    complain(seen.help.contains(row.help), format!("does not help with `{}`", row.help));
    found
}

#[test]
fn every_fault_in_every_phase_ends_as_it_should() {
    let groups = groups();
    let rows: Vec<&Row> = groups.iter().flat_map(|group| &group.rows).collect();
    let only = std::env::var("TAGPROOF_TEST_ONLY").unwrap_or_default();
    let mut cells: Vec<(&Row, Phase, Way)> = Vec::new();
    for row in rows {
        for phase in Phase::ALL.into_iter().filter(|phase| meet(row, *phase)) {
            for way in [Way::Direct, Way::Proxied] {
                if row.name.contains(&only) {
                    cells.push((row, phase, way));
                }
            }
        }
    }
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cells.len()) {
            scope.spawn(|| {
                while let Some((row, phase, way)) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let seen = cell::run(row, *phase, *way);
                    let complaints = complaints(row, *phase, &seen);
                    if !complaints.is_empty() {
                        let text = format!(
                            "{} / {phase:?} / {way:?}: {}\n    message: {}\n    help: {}\n",
                            row.name,
                            complaints.join("; "),
                            seen.message,
                            seen.help.replace('\n', " / ")
                        );
                        if !only.is_empty() {
                            println!("{}", seen.shown);
                        }
                        wrong.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), cells.len(), wrong.join(""));
}
