//! The harness: reads the arguments, measures, and draws the document anew after each experiment.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a bench that panics has no result"
)]

mod contenders;
mod content;
mod document;
mod experiments;
mod front;
mod gauge;
mod machine;
mod phases;
mod plot;
mod relay;
mod scene;
mod series;
mod stats;
mod targets;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use content::Content;
use document::Findings;
use experiments::{Bench, LARGE, say, small};
use machine::Machine;
use scene::Places;

/// The most tags that the large repository is asked for.
const MOST: usize = 1000;

pub(crate) fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, words)) = args.split_first()
        && first == "--gauge"
    {
        let told = gauge::tell(words)?;
        std::io::stdout().write_all(told.as_bytes())?;
        return Ok(());
    }
    let is_quick = args.iter().any(|arg| arg == "--quick");
    let only = args.iter().find_map(|arg| arg.strip_prefix("--only="));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ensure!(
        root.join("target/release/tagproof").exists(),
        "there is no target/release/tagproof: use `bench/run`"
    );
    let work = root.join("target/bench");
    let bench = bench(root, &work, is_quick)?;
    let out = match is_quick || only.is_some() {
        true => work.clone(),
        false => root.join("docs"),
    };
    measure(&bench, root, &out, only)
}

fn bench(root: &Path, work: &Path, is_quick: bool) -> Result<Bench> {
    let storage = work.join("storage");
    let _ = fs::remove_dir_all(&storage);
    let mut repositories = vec![(LARGE.to_owned(), MOST)];
    repositories.extend((0..10).map(|nth| (small(nth), 20)));
    let tools =
        std::env::var("TAGPROOF_BENCH_TOOLS").map_or(root.join("target/tools"), PathBuf::from);
    let (certificate, key) = (work.join("server.crt"), work.join("server.key"));
    let has_names = std::env::var("TAGPROOF_BENCH_NAMES").is_ok_and(|names| names == "1");
    if !has_names {
        say("the names *.registry.test do not lead here: no TLS is measured");
    }
    let places = Places {
        certificate: has_names.then_some((certificate, key)),
        authorities: work.join("authorities.pem"),
        work: work.to_owned(),
    };
    let (rivals, missing) = contenders::rivals(&tools);
    for name in &missing {
        say(&format!("missing: {name}"));
    }
    Ok(Bench {
        content: Content::write(&storage, &repositories)?,
        forms: contenders::forms(root, &tools, &places),
        places,
        rivals,
        missing,
        is_quick,
    })
}

fn measure(bench: &Bench, root: &Path, out: &Path, only: Option<&str>) -> Result<()> {
    let mut findings = Findings::new(bench, Machine::look(root));
    let wants = |name: &str| only.is_none_or(|only| only.split(',').any(|it| it == name));
    let draw = |findings: &Findings<'_>| document::draw(findings, root, out).context("docs");
    // Who is the fastest with one tag is needed for all that follows.
    findings.one = bench.one()?;
    draw(&findings)?;
    if wants("twenty") {
        findings.twenty = bench.twenty(&findings.one)?;
        draw(&findings)?;
    }
    if wants("two-hundred") {
        findings.two_hundred = bench.two_hundred(&findings.one)?;
        draw(&findings)?;
    }
    if wants("growing") {
        findings.growing = bench.growing(&findings.one)?;
        draw(&findings)?;
    }
    if wants("rest") {
        findings.settling = bench.settling()?;
        findings.phases = experiments::DISTANCES[..2]
            .iter()
            .map(|&rtt| Ok((rtt, bench.phases(rtt)?)))
            .collect::<Result<_>>()?;
    }
    findings.machine.note_load();
    draw(&findings)
}
