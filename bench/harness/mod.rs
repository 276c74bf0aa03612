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

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::path::Path;

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
    measure(&bench, root, &work, only)?;
    if !is_quick && only.is_none() {
        for file in ["benchmarks.md", "benchmarks.svg"] {
            // Next to it first, so that it is there whole or not at all.
            let (new, place) = (
                root.join("docs").join(format!("{file}.new")),
                root.join("docs").join(file),
            );
            fs::copy(work.join(file), &new)?;
            fs::rename(&new, &place)?;
            say(&format!("wrote docs/{file}"));
        }
    }
    let left_out = bench.left_out.borrow();
    let ours: Vec<&String> = left_out
        .iter()
        .filter(|it| it.starts_with("tagproof"))
        .collect();
    ensure!(ours.is_empty(), "not as promised: {ours:#?}");
    Ok(())
}

fn bench(root: &Path, work: &Path, is_quick: bool) -> Result<Bench> {
    let storage = work.join("storage");
    let _ = fs::remove_dir_all(&storage);
    let mut repositories = vec![(LARGE.to_owned(), MOST)];
    repositories.extend((0..10).map(|nth| (small(nth), 20)));
    let address = std::env::var("TAGPROOF_BENCH_ADDRESS").ok();
    if address.is_none() {
        say("no network of its own: TLS is left out");
    }
    let places = Places {
        address: address.map(|address| address.parse()).transpose()?,
        certificate: (work.join("server.crt"), work.join("server.key")),
        authorities: work.join("authorities.pem"),
        work: work.to_owned(),
    };
    let (rivals, missing) = contenders::rivals(&root.join("target/tools"));
    for name in &missing {
        say(&format!("missing: {name}"));
    }
    Ok(Bench {
        content: Content::write(&storage, &repositories)?,
        forms: contenders::forms(root, &places),
        places,
        rivals,
        missing,
        is_quick,
        left_out: RefCell::default(),
    })
}

/// Measures, and draws into the folder of the bench what is known after each experiment.
fn measure(bench: &Bench, root: &Path, work: &Path, only: Option<&str>) -> Result<()> {
    let mut findings = Findings::new(bench, Machine::look(root));
    let wants = |name: &str| only.is_none_or(|only| only.split(',').any(|it| it == name));
    let draw = |findings: &mut Findings<'_>| {
        findings.machine.note_load();
        document::draw(findings, root, work).context("docs")
    };
    // Who is the fastest with one tag is needed for all that follows.
    findings.one = bench.one()?;
    draw(&mut findings)?;
    if wants("below") {
        findings.below = bench.below()?;
        draw(&mut findings)?;
    }
    if wants("twenty") {
        findings.twenty = bench.twenty(&findings.one)?;
        draw(&mut findings)?;
    }
    if wants("two-hundred") {
        findings.two_hundred = bench.two_hundred(&findings.one)?;
        draw(&mut findings)?;
    }
    if wants("growing") {
        findings.growing = bench.growing(&findings.one)?;
        draw(&mut findings)?;
    }
    if wants("rest") {
        findings.settling = bench.settling()?;
        findings.phases = experiments::DISTANCES[..2]
            .iter()
            .map(|&rtt| Ok((rtt, bench.phases(rtt)?)))
            .collect::<Result<_>>()?;
        draw(&mut findings)?;
    }
    Ok(())
}
