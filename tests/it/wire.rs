//! The matrix of faults and phases over real sockets: for each, the right end, and a message that
//! names the host, the request and what to do. `docs/faults.md` is written from the same table.

mod below;
mod cell;
mod faults;
mod page;
mod phase;
mod rules;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cell::{Seen, Way};
use faults::{Row, groups};
use phase::Phase;
use rules::{ATTEMPTS, End, Kind, end_of, has_body, is_counted, words};

use crate::registry::To;
use crate::run::{Host, code};

/// How many cells are run at once: most of them wait for something.
const AT_ONCE: usize = 32;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a fault and a phase can meet.
fn meet(row: &Row, phase: Phase) -> bool {
    let is_met = match row.to {
        To::Any => true,
        To::Reads => !matches!(phase, Phase::Token | Phase::Put),
        To::Writes => phase == Phase::Put,
    };
    is_met && (!row.in_body || has_body(phase))
}

/// Whether something failed, and not just turned out to be so.
fn is_failure(end: End) -> bool {
    !matches!(end.outcome, "changed" | "fixed") && end.verdict != "never-pushed"
}

/// What is wrong with what came of a cell.
fn complaints(row: &Row, phase: Phase, way: Way, seen: &Seen) -> Vec<String> {
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
    complain(
        !is_unwritten || seen.puts == 0,
        format!("{} writes", seen.puts),
    );
    complain(
        !seen.is_right || end.outcome != "-",
        "a tag was written".to_owned(),
    );
    complain(
        end.code != 0 || seen.is_right,
        "the tag is not right".to_owned(),
    );
    if is_counted(row.kind, phase) {
        complain(seen.met == ATTEMPTS, format!("sent {} times", seen.met));
        let is_patient = seen.pause.is_some_and(|pause| pause >= row.wait);
        complain(is_patient, format!("sent again after {:?}", seen.pause));
    }
    if end.code == 0 {
        return found;
    }
    let own = match (row.proxied, way) {
        (Some(proxied), Way::Proxied) => proxied,
        _ => (row.reason.as_str(), row.help),
    };
    let (reason, help) = words(row.kind, phase).unwrap_or(own);
    complain(
        seen.message.contains(reason),
        format!("does not say `{reason}`"),
    );
    complain(
        seen.help.contains(help),
        format!("does not help with `{help}`"),
    );
    if end.outcome == "unsettled" {
        complain(
            seen.help.contains("`tagproof check` again"),
            "does not say to look again".to_owned(),
        );
    }
    // What was answered to the end is no failure of a request.
    if is_failure(end) {
        let names = phase.names(&seen.base, &seen.host);
        let is_named = names.iter().any(|name| seen.message.contains(name));
        complain(is_named, format!("names none of {names:?}"));
    }
    // What a HEAD is answered with has no words.
    let has_words = has_body(phase) && (phase != Phase::Confirm || row.kind == Kind::Refused);
    if has_words && is_failure(end) {
        for words in row.words(phase) {
            complain(
                seen.message.contains(&words),
                format!("does not say `{words}`"),
            );
        }
    }
    found
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn every_fault_in_every_phase_ends_as_it_should() {
    let groups = groups();
    let only = std::env::var("TAGPROOF_TEST_ONLY").unwrap_or_default();
    let mut cells: Vec<(&Row, Phase, Way)> = Vec::new();
    let rows = groups.iter().flat_map(|group| &group.rows);
    for row in rows.filter(|row| row.can_be()) {
        for phase in Phase::ALL.into_iter().filter(|phase| meet(row, *phase)) {
            for way in Way::here().iter().copied() {
                if row.name.contains(&only) && (way == Way::Proxied || !row.needs_proxy()) {
                    cells.push((row, phase, way));
                }
            }
        }
    }
    let next = AtomicUsize::new(0);
    let (all, wrong) = (Mutex::new(page::Cells::new()), Mutex::new(Vec::new()));
    let work = || {
        while let Some(&(row, phase, way)) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            let seen = cell::run(row, phase, way);
            let complaints = complaints(row, phase, way, &seen);
            if !complaints.is_empty() {
                lock(&wrong).push(format!(
                    "{} / {phase:?} / {way:?}: {}\n{}\n",
                    row.name,
                    complaints.join("; "),
                    seen.told(!only.is_empty())
                ));
            }
            if way == page::way(row) {
                lock(&all).insert((row.name.clone(), phase), seen);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cells.len()) {
            scope.spawn(work);
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    let wrong: (usize, String) = (wrong.len(), wrong.concat());
    assert_eq!(wrong.0, 0, "of {} cells:\n{}", cells.len(), wrong.1);
    // The component is held to the same words, cell by cell.
    if only.is_empty() && Host::get() == Host::Native {
        page::check(&page::render(&groups, &all.into_inner().unwrap()));
    }
}
