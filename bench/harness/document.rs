//! Draws `docs/benchmarks.md` anew: the figures between its marks, and the plot beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::contenders::{AT_ONCE, floor};
use super::experiments::{Bench, DISTANCES, ENDS, Phase, Table, WAYS, fastest};
use super::machine::Machine;
use super::scene::Condition;
use super::series::Measured;
use super::stats::{ratio, shown};
use super::{plot, targets};

const BEGIN: &str = "<!-- figures: drawn by bench/run -->\n";
const END: &str = "<!-- end of the figures -->";

/// Everything that was measured so far.
pub(crate) struct Findings<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) machine: Machine,
    pub(crate) one: Table,
    pub(crate) below: Table,
    pub(crate) twenty: Table,
    pub(crate) two_hundred: Table,
    pub(crate) growing: BTreeMap<usize, Table>,
    pub(crate) settling: Table,
    pub(crate) phases: Vec<(u64, Vec<Phase>)>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(bench: &'a Bench, machine: Machine) -> Self {
        Self {
            bench,
            machine,
            one: Table::new(),
            below: Table::new(),
            twenty: Table::new(),
            two_hundred: Table::new(),
            growing: BTreeMap::new(),
            settling: Table::new(),
            phases: Vec::new(),
        }
    }
}

/// Writes the document and the plot; the words around the figures stay as they are.
pub(crate) fn draw(findings: &Findings<'_>, root: &Path, out: &Path) -> Result<()> {
    let document = fs::read_to_string(root.join("docs/benchmarks.md"))?;
    let (before, rest) = document.split_once(BEGIN).context("no begin mark")?;
    let (_, after) = rest.split_once(END).context("no end mark")?;
    let figures = figures(findings);
    fs::write(
        out.join("benchmarks.md"),
        format!("{before}{BEGIN}{figures}{END}{after}"),
    )?;
    if !findings.growing.is_empty() {
        fs::write(out.join("benchmarks.svg"), plot::draw(&findings.growing))?;
    }
    Ok(())
}

fn figures(findings: &Findings<'_>) -> String {
    let mut text = String::new();
    if findings.bench.is_quick {
        text +=
            "\n**One round each, to see whether the bench works: this is not a measurement.**\n";
    }
    machine(&mut text, findings);
    text += "\n## Targets\n\n";
    text += "| target | measured | |\n|---|---|---|\n";
    for target in targets::hold(findings) {
        let met = match target.is_met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not measured",
        };
        let _ = writeln!(text, "| {} | {} | {met} |", target.what, target.measured);
    }
    section(
        &mut text,
        "One tag, `--depth tag`",
        &findings.one,
        &WAYS,
        |condition| Some(floor(condition, 1, 1)),
    );
    let title = "One tag of two platforms at the default depth";
    section(&mut text, title, &findings.below, &ENDS, |_| None);
    let title = "Twenty tags, ten on each of two registries";
    section(&mut text, title, &findings.twenty, &ENDS, |condition| {
        Some(floor(condition, 10, AT_ONCE))
    });
    let title = "Two hundred tags in ten repositories of one registry";
    section(
        &mut text,
        title,
        &findings.two_hundred,
        &ENDS,
        |condition| Some(floor(condition, 200, AT_ONCE)),
    );
    if !findings.growing.is_empty() {
        text += "\n## More and more tags of one repository\n\n";
        text += "![Time against number of tags at 20 ms round-trip time, over TLS with a token login](benchmarks.svg)\n";
        for (number, table) in &findings.growing {
            let ways: Vec<(bool, bool)> = ENDS.to_vec();
            let word = if *number == 1 { "tag" } else { "tags" };
            tables(
                &mut text,
                table,
                &ways,
                |condition| Some(floor(condition, *number, AT_ONCE)),
                |way| format!("{number} {word}, {way}"),
            );
        }
    }
    if !findings.settling.is_empty() {
        text += "\n## With the settling second look\n\n";
        text += "The default, `--settle 2`: the second look comes two seconds after the first, for all tags together.\n";
        tables(
            &mut text,
            &findings.settling,
            &ENDS,
            |_| None,
            |way| format!("20 tags, {way}"),
        );
    }
    phases(&mut text, findings);
    text
}

fn machine(text: &mut String, findings: &Findings<'_>) {
    let machine = &findings.machine;
    let _ = writeln!(
        text,
        "\n- {}, {} cores; {}\n- docker-registry {}; load average {}",
        machine.processor,
        machine.cores,
        machine.system,
        machine.registry,
        machine.shown_load(),
    );
    let mut versions: Vec<String> = Vec::new();
    for rival in &findings.bench.rivals {
        let program = rival.name.split(' ').next().unwrap_or_default();
        let version = format!("{program} {}", rival.version);
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    for form in &findings.bench.forms {
        let name = form.name.trim_start_matches("tagproof under ");
        versions.push(format!("{name} {}", form.version));
    }
    let _ = writeln!(text, "- {}", versions.join(", "));
    let left_out = findings.bench.left_out.borrow();
    for failure in left_out.iter() {
        let _ = writeln!(text, "- left out: {}", failure.replace('|', "\\|"));
    }
    if !findings.bench.missing.is_empty() {
        let _ = writeln!(
            text,
            "- missing on this machine: {}",
            findings.bench.missing.join(", ")
        );
    }
}

fn section(
    text: &mut String,
    title: &str,
    table: &Table,
    ways: &[(bool, bool)],
    floor: impl Fn(Condition) -> Option<f64>,
) {
    if table.is_empty() {
        return;
    }
    let _ = write!(text, "\n## {title}\n");
    tables(text, table, ways, floor, str::to_owned);
}

/// A table for each way that was measured: contenders down, distances across.
fn tables(
    text: &mut String,
    table: &Table,
    ways: &[(bool, bool)],
    floor: impl Fn(Condition) -> Option<f64>,
    title: impl Fn(&str) -> String,
) {
    for &(is_tls, has_login) in ways {
        let at = |rtt| Condition {
            rtt,
            is_tls,
            has_login,
        };
        let columns: Vec<(Condition, Option<&Vec<Measured>>)> =
            DISTANCES.map(|rtt| (at(rtt), table.get(&at(rtt)))).to_vec();
        if columns.iter().all(|(_, results)| results.is_none()) {
            continue;
        }
        let transport = if is_tls { "TLS" } else { "plain" };
        let login = if has_login { "token login" } else { "no login" };
        let _ = write!(
            text,
            "\n### {}\n\n",
            title(&format!("{transport}, {login}"))
        );
        *text += "| | 0 ms | 20 ms | 100 ms | times tagproof's | requests | connections | CPU | memory |\n";
        *text += "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        let mut names: Vec<&str> = Vec::new();
        for result in columns
            .iter()
            .flat_map(|(_, results)| results.iter().flat_map(|it| it.iter()))
        {
            if !names.contains(&result.name.as_str()) {
                names.push(&result.name);
            }
        }
        for name in names {
            row(text, name, &columns);
        }
        let floors: Vec<Option<f64>> = columns
            .iter()
            .map(|(condition, _)| floor(*condition))
            .collect();
        if floors.iter().any(Option::is_some) {
            let cell = |floor: &Option<f64>| match floor {
                Some(floor) if *floor > 0.0 => shown(*floor),
                _ => String::new(),
            };
            let cells: Vec<String> = floors.iter().map(cell).collect();
            let _ = writeln!(
                text,
                "| *the floor of round trips* | {} | | | | | |",
                cells.join(" | ")
            );
        }
    }
}

fn row(text: &mut String, name: &str, columns: &[(Condition, Option<&Vec<Measured>>)]) {
    let find = |results: Option<&'_ Vec<Measured>>, name: &str| {
        results.and_then(|it| it.iter().find(|it| it.name == name).cloned())
    };
    let mine: Vec<Option<Measured>> = columns
        .iter()
        .map(|(_, results)| find(*results, name))
        .collect();
    let wall = |it: &Option<Measured>| it.as_ref().map_or(String::new(), |it| shown(it.wall()));
    let walls: Vec<String> = mine.iter().map(wall).collect();
    let ratios: Vec<String> = columns
        .iter()
        .zip(&mine)
        .filter_map(|((_, results), mine)| {
            let ours = find(*results, "tagproof")?;
            ratio(&mine.as_ref()?.walls, &ours.walls).map(|it| format!("{it:.1}"))
        })
        .collect();
    let ratios = if name == "tagproof" {
        String::new()
    } else {
        ratios.join(" · ")
    };
    // Counts, CPU and memory are of the shortest distance.
    let Some(near) = mine.iter().flatten().next() else {
        return;
    };
    let _ = writeln!(
        text,
        "| {name} | {} | {ratios} | {} | {} | {} | {:.1} MiB |",
        walls.join(" | "),
        near.requests,
        near.connections,
        shown(near.cpu()),
        mebibytes(near.peak_kib),
    );
}

/// KiB as MiB.
pub(crate) fn mebibytes(kib: u64) -> f64 {
    u32::try_from(kib).map_or(f64::NAN, f64::from) / 1024.0
}

fn phases(text: &mut String, findings: &Findings<'_>) {
    let Some((_, first)) = findings.phases.first() else {
        return;
    };
    *text += "\n## Where the time of one tag goes\n\n";
    *text += "Over TLS with a token login, as the servers see it; the median of each phase. \"The start\" holds that of the small process that measures.\n\n| phase |";
    for (rtt, _) in &findings.phases {
        let _ = write!(text, " {rtt} ms |");
    }
    *text += "\n|---|";
    *text += &"--:|".repeat(findings.phases.len());
    *text += "\n";
    for (name, _) in first {
        let _ = write!(text, "| {name} |");
        for (_, phases) in &findings.phases {
            let time = phases.iter().find(|(other, _)| other == name);
            let _ = write!(
                text,
                " {} |",
                time.map_or(String::new(), |(_, time)| shown(*time))
            );
        }
        *text += "\n";
    }
}

/// The fastest rival of a condition and tagproof.
pub(crate) fn pair(table: &Table, condition: Condition) -> Option<(&Measured, &Measured)> {
    let results = table.get(&condition)?;
    let ours = results.iter().find(|it| it.name == "tagproof")?;
    Some((ours, fastest(results)?))
}
