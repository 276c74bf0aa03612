//! What was to be reached, held against what was measured.

use super::contenders::{AT_ONCE, floor};
use super::document::{Findings, mebibytes, pair};
use super::experiments::{ENDS, LOOP, Table, WAYS, XARGS};
use super::scene::Condition;
use super::series::Measured;
use super::stats::{ratio, shown};

/// One target.
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) measured: String,
    /// `None` when it was not measured.
    pub(crate) is_met: Option<bool>,
}

impl Target {
    fn new(what: &str, found: Option<(String, bool)>) -> Self {
        let (measured, is_met) = match found {
            Some((measured, is_met)) => (measured, Some(is_met)),
            None => (String::new(), None),
        };
        Self {
            what: what.to_owned(),
            measured,
            is_met,
        }
    }
}

fn at(rtt: u64, (is_tls, has_login): (bool, bool)) -> Condition {
    Condition {
        rtt,
        is_tls,
        has_login,
    }
}

fn of<'a>(table: &'a Table, condition: Condition, ends: &str) -> Option<&'a Measured> {
    table
        .get(&condition)?
        .iter()
        .find(|it| it.name.ends_with(ends))
}

pub(crate) fn hold(findings: &Findings<'_>) -> Vec<Target> {
    let left_out = findings.bench.left_out.borrow();
    let broken = left_out
        .iter()
        .filter(|it| it.starts_with("tagproof"))
        .count();
    let kept = match broken {
        0 => "as promised, everywhere".to_owned(),
        some => format!("{some} times not as promised"),
    };
    let mut targets = vec![Target::new(
        "requests: a read a tag, a challenge a registry, a token a repository",
        Some((kept, broken == 0)),
    )];
    targets.extend(one(findings));
    targets.extend(twenty(findings));
    targets.extend(thousand(findings));
    let machine = &findings.machine;
    let size = |bytes: u64| format!("{:.2} MiB", mebibytes(bytes / 1024));
    let fits =
        |bytes: Option<u64>, most: f64| bytes.map(|it| (size(it), mebibytes(it / 1024) <= most));
    targets.push(Target::new(
        "native program, stripped: at most 4.1 MiB",
        fits(machine.native, 4.1),
    ));
    targets.push(Target::new(
        "component: at most 2.5 MiB",
        fits(machine.component, 2.5),
    ));
    targets.push(Target::new(
        "`cargo build` from nothing: at most 60 s on two cores",
        machine
            .build
            .map(|time| (format!("{time:.0} s"), time <= 60.0)),
    ));
    targets
}

fn one(findings: &Findings<'_>) -> Vec<Target> {
    let table = &findings.one;
    let plain = at(0, WAYS[0]);
    let times = |condition, most: f64| {
        let (ours, theirs) = pair(table, condition)?;
        let times = ratio(&theirs.walls, &ours.walls)?;
        let words = format!(
            "{} against {} ({}): {times:.1} times",
            shown(ours.wall()),
            shown(theirs.wall()),
            theirs.name
        );
        Some((words, times >= most))
    };
    let mut targets = vec![Target::new(
        "one tag, plain, no login, 0 ms: at most half the time of the fastest",
        times(plain, 2.0),
    )];
    let small = of(table, plain, "tagproof").map(|it| {
        let peak = mebibytes(it.peak_kib);
        (format!("{peak:.1} MiB"), peak <= 8.0)
    });
    targets.push(Target::new("the same: at most 8 MiB", small));
    targets.push(Target::new(
        "one tag, TLS, token login, 0 ms: ahead of the fastest",
        times(at(0, WAYS[3]), 1.0),
    ));
    for (form, most) in [
        ("tagproof under wasmtime", 100.0),
        ("tagproof under Node", 220.0),
    ] {
        let found = of(table, plain, form).map(|it| (shown(it.wall()), it.wall() <= most));
        let what = format!("one tag, plain, no login, 0 ms, {form}: at most {most} ms");
        targets.push(Target::new(&what, found));
    }
    targets
}

fn twenty(findings: &Findings<'_>) -> Vec<Target> {
    let table = &findings.twenty;
    let mut targets = Vec::new();
    for way in ENDS {
        for rtt in [20, 100] {
            let condition = at(rtt, way);
            let shown_way = condition.shown();
            let ours = of(table, condition, "tagproof");
            for (ends, least) in [(LOOP, 10.0), (XARGS, 3.0)] {
                let found = of(table, condition, ends).and_then(|theirs| {
                    let times = ratio(&theirs.walls, &ours?.walls)?;
                    let most = theirs.wall() / floor(condition, 10, AT_ONCE);
                    Some((
                        format!("{times:.1} times ({}); {most:.1} at the floor", theirs.name),
                        times >= least,
                    ))
                });
                let what = format!("20 tags, {shown_way}: {least} times faster than {ends}");
                targets.push(Target::new(&what, found));
            }
            let found = ours.map(|it| {
                let times = it.wall() / floor(condition, 10, AT_ONCE);
                (
                    format!("{}: {times:.2} times", shown(it.wall())),
                    times <= 1.5,
                )
            });
            let what = format!("20 tags, {shown_way}: at most 1.5 times the floor");
            targets.push(Target::new(&what, found));
        }
    }
    targets
}

fn thousand(findings: &Findings<'_>) -> Vec<Target> {
    let find = |number: usize, rtt: u64| {
        let table = findings.growing.get(&number)?;
        let way = ENDS
            .into_iter()
            .rfind(|way| table.keys().any(|it| (it.is_tls, it.has_login) == *way))?;
        of(table, at(rtt, way), "tagproof")
    };
    let linear = || {
        let (few, many) = (find(100, 20)?, find(1000, 20)?);
        let times = many.wall() / few.wall();
        Some((format!("{times:.1} times the time of 100"), times <= 10.5))
    };
    let peak = [0, 20, 100]
        .iter()
        .filter_map(|&rtt| find(1000, rtt))
        .map(|it| it.peak_kib)
        .max();
    let open = findings
        .growing
        .values()
        .chain([&findings.one, &findings.twenty, &findings.two_hundred])
        .flat_map(|table| table.values().flatten())
        .filter(|it| it.name.starts_with("tagproof"))
        .map(|it| it.most_open)
        .max();
    vec![
        Target::new("1000 tags: time linear", linear()),
        Target::new(
            "1000 tags: at most 16 MiB",
            peak.map(|it| (format!("{:.1} MiB", mebibytes(it)), it <= 16 * 1024)),
        ),
        Target::new(
            "never more than 4 connections at once to one registry",
            open.map(|it| (it.to_string(), it <= AT_ONCE)),
        ),
    ]
}
