//! For tests: reports of any texts and choices, and each rendering read again by a strict reader.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::{page, runner};
use crate::expectation::Depth;
use crate::fuzzing::is_tame;
use crate::note::{self, Note};
use crate::oci::{Digest, MediaType, Platform, Reference};
use crate::outcome::{self, Left};
use crate::problem::{Problem, ProblemKind};
use crate::programs::{Machine, Program};
use crate::report::github::{StepOutputs, file};
use crate::report::terminal::Style;
use crate::report::{
    self as render, Entry, ExpectedImage, Found, ImageLooked, LegProven, Mode, Proof,
    RelationToBuild, Report, Status, Tolerate,
};
use crate::verdict;

/// Where choices and texts of a report come from: fields end at a byte 0xff, the first is choices.
struct Source<'a> {
    choices: std::slice::Iter<'a, u8>,
    texts: Vec<String>,
    next: usize,
}

impl<'a> Source<'a> {
    fn new(data: &'a [u8]) -> Self {
        let mut fields = data.split(|byte| *byte == 0xff);
        Self {
            choices: fields.next().unwrap_or_default().iter(),
            texts: fields
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .collect(),
            next: 0,
        }
    }

    /// A number below `end`; 0 when there are no more choices.
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or_default()) % end
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 1).then(|| make(self))
    }

    /// The texts in turn.
    fn text(&mut self) -> String {
        let text = self.texts.get(self.next % self.texts.len().max(1));
        self.next += 1;
        text.cloned().unwrap_or_default()
    }

    fn digest(&mut self) -> Digest {
        Digest::of(&[self.one_of(&[1, 2, 3])])
    }

    fn media_type(&mut self) -> MediaType {
        self.one_of(&[
            MediaType::OciIndex,
            MediaType::OciManifest,
            MediaType::of_bytes(),
        ])
    }

    fn platforms(&mut self) -> Vec<Platform> {
        [
            "linux/amd64",
            "arm64",
            "windows(10.0.17763%2B1+win32k)/amd64",
        ][..self.below(4)]
            .iter()
            .map(|name| name.parse().unwrap())
            .collect()
    }

    /// What a text names, and in place of some a name that is always there.
    fn reference(&mut self) -> Reference {
        let text = match self.below(4) {
            0 => self.text(),
            1 => format!("ghcr.io/acme/app@{}", self.digest()),
            2 => format!("r.example:5000/acme/app:{}", self.below(4)),
            _ => format!("ghcr.io/acme/app:{}", self.below(4)),
        };
        let known = "ghcr.io/acme/app:0".parse::<Reference>();
        text.parse().or(known).unwrap()
    }

    fn entry(&mut self) -> Entry {
        Entry {
            reference: self.reference(),
            target: self.maybe(Self::text),
            verdict: self.one_of(&verdict::Code::ALL),
            tolerated: self.below(2) == 1,
            expected: ExpectedImage {
                digest: self.maybe(Self::digest),
                config: self.maybe(Self::digest),
                media_type: self.maybe(Self::media_type),
                platforms: self.platforms(),
            },
            found: self.maybe(|source| Found {
                digest: source.maybe(Self::digest),
                media_type: source.maybe(Self::media_type),
                platform: source.platforms().pop(),
                attestation: source.below(2) == 1,
                platforms: source.platforms(),
                created: source.maybe(Self::text),
                revision: source.maybe(Self::text),
                version: source.maybe(Self::text),
                relation: source.maybe(|source| source.one_of(&RelationToBuild::ALL)),
            }),
            depth: self.maybe(|source| source.one_of(&Depth::ALL)),
            images: self.maybe(Self::digest).into_iter().collect(),
            proof: self.maybe(|source| source.one_of(&Proof::ALL)),
            outcome: self.maybe(|source| source.one_of(&outcome::Code::ALL)),
            before: self.maybe(Self::digest),
            message: self.text(),
            help: (0..self.below(3)).map(|_| self.text()).collect(),
            inspect: self.maybe(Self::text),
            undo: self.maybe(Self::text),
            rules: self
                .maybe(|source| BTreeMap::from([("platforms", source.text())]))
                .unwrap_or_default(),
            restored: self.maybe(Self::left).into_iter().collect(),
            lost: (self
                .maybe(|source| (source.left(), source.text()))
                .into_iter())
            .collect(),
        }
    }

    fn left(&mut self) -> Left {
        Left {
            digest: self.digest(),
            media_type: self.media_type(),
            size: self.below(256),
        }
    }

    fn image(&mut self) -> ImageLooked {
        let known = "r.example:5000/acme/app".parse::<Reference>();
        ImageLooked {
            repository: known.unwrap().repository().clone(),
            digest: self.digest(),
            platform: self.platforms().pop(),
            config: self.platforms().pop(),
            program: self.maybe(|source| Program {
                path: source.text(),
                machine: Machine::known().next().unwrap(),
            }),
            is_wrong: self.below(2) == 1,
            depth: self.one_of(&Depth::ALL),
            layers_not_read: self.below(256),
            bytes_not_read: self.below(256) as u64,
        }
    }

    fn leg(&mut self) -> LegProven {
        LegProven {
            name: self.text(),
            reference: self.entry().reference,
            platforms: self.image().platform.into_iter().collect(),
            verdict: self.one_of(&verdict::Code::ALL),
            message: self.text(),
        }
    }

    fn report(&mut self) -> Report {
        let kinds = [
            ProblemKind::Invalid,
            ProblemKind::Nothing,
            ProblemKind::Refused,
            ProblemKind::Unproven,
        ];
        Report {
            mode: self.one_of(&Mode::ALL),
            status: self.one_of(&Status::ALL),
            exit_code: self.one_of(&[0, 1, 2, 3]),
            problem: self.maybe(|source| Problem {
                kind: source.one_of(&kinds),
                message: source.text(),
                help: source.maybe(Self::text),
            }),
            notes: (0..self.below(3))
                .map(|_| Note {
                    code: self.one_of(&note::Code::ALL),
                    message: self.text(),
                    help: self.text(),
                })
                .collect(),
            tags: (0..self.below(16)).map(|_| self.entry()).collect(),
            images: (0..self.below(4)).map(|_| self.image()).collect(),
            legs: (0..self.below(3)).map(|_| self.leg()).collect(),
            index: self.maybe(Self::text),
            requests: 9,
            pulls: 1,
        }
    }
}

fn report(data: &[u8]) -> Report {
    Source::new(data).report()
}

/// A problem in every output.
pub(crate) fn problem(found: &Problem) {
    let report = Report::from_problem(Mode::Check, found.clone(), Tolerate::default());
    check_json(&report);
    for width in [0, 20] {
        check_terminal(&report, width, false);
    }
    check_annotations(&report);
    check_outputs(&report);
    check_dotenv(&report);
    check_junit(&report);
    // The page is not read here: that takes longer than all the rest, and has a target of its own.
    is_tame(&render::markdown::render(&report));
}

/// JSON, read by serde_json.
pub fn json(data: &[u8]) {
    check_json(&report(data));
}

fn check_json(report: &Report) {
    let text = render::json::render(report);
    is_tame(&text);
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["status"], report.status.as_str());
    let problem = report.problem.as_ref().map(|it| it.message.as_str());
    assert_eq!(read["problem"]["message"].as_str(), problem);
    let notes = read["notes"].as_array().unwrap();
    assert_eq!(notes.len(), report.notes.len());
    for (note, read) in report.notes.iter().zip(notes) {
        assert_eq!(read["message"], note.message);
    }
    let tags = read["tags"].as_array().unwrap();
    assert_eq!(tags.len(), report.tags.len());
    for (tag, read) in report.tags.iter().zip(tags) {
        assert_eq!(read["reference"], tag.reference.to_string());
        assert_eq!(read["message"], tag.message);
        assert_eq!(read["target"].as_str(), tag.target.as_deref());
        assert_eq!(read["undo"].as_str(), tag.undo.as_deref());
        assert_eq!(read["inspect"].as_str(), tag.inspect.as_deref());
        let found = tag.found.as_ref();
        let created = found.and_then(|found| found.created.as_deref());
        assert_eq!(read["found"]["created"].as_str(), created);
        let help = Some(tag.help.join("\n")).filter(|help| !help.is_empty());
        assert_eq!(read["help"].as_str(), help.as_deref());
    }
}

/// Text for people: the first choices are the width and whether it is quiet.
pub fn terminal(data: &[u8]) {
    let mut source = Source::new(data);
    let width = source.one_of(&[0, 20, 80]);
    let quiet = source.below(2) == 1;
    check_terminal(&source.report(), width, quiet);
    let text = String::from_utf8_lossy(data);
    let once = crate::text::clean(&text, 200);
    is_tame(&once);
    assert_eq!(crate::text::clean(&once, 200), once);
    let known = crate::explain::explain(&text).is_some();
    assert!(!known || crate::explain::closest(&text) == Some(text.as_ref()));
}

fn check_terminal(report: &Report, width: usize, quiet: bool) {
    let style = |color| Style {
        color,
        width,
        quiet,
        elapsed: Duration::from_secs(3),
    };
    let plain = render::terminal::render(report, &style(false));
    is_tame(&plain);
    let colored = render::terminal::render(report, &style(true));
    let mut bare = colored;
    for code in ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"] {
        bare = bare.replace(code, "");
    }
    assert_eq!(bare, plain);
}

/// The page, read by a reader of Markdown.
pub fn markdown(data: &[u8]) {
    let report = report(data);
    let text = render::markdown::render(&report);
    assert!(text.len() < render::markdown::MAX);
    let read = page::assert_page(&text);
    assert_eq!(read.rows, report.tags.len() + report.images.len(), "{text}");
    assert_eq!(read.legs, report.legs.len(), "{text}");
    // A longer one may have no place.
    let index = report.index.as_ref().filter(|it| it.len() <= 20_000);
    assert!(read.indexes == 1 || index.is_none(), "{text}");
    assert!(read.indexes == 0 || report.index.is_some(), "{text}");
}

/// Annotations, read as the runner reads its log.
pub fn annotations(data: &[u8]) {
    check_annotations(&report(data));
}

fn check_annotations(report: &Report) {
    for summary in [false, true] {
        let text = render::github::annotations(report, summary);
        assert!(text.lines().count() <= 10);
        for line in text.lines() {
            let command = runner::command(line).unwrap();
            assert!(["error", "warning", "notice"].contains(&command.name.as_str()));
            let keys: Vec<&String> = command.properties.keys().collect();
            assert_eq!(keys, ["title"], "{line}");
            let (_, escaped) = line.trim_start_matches(':').split_once("::").unwrap();
            assert!(escaped.encode_utf16().count() <= 4_096);
            // Nor is one in what the log shows of it.
            is_tame(&command.data);
            is_tame(&command.properties["title"]);
        }
    }
}

/// Outputs of a step, read as the runner reads its file.
pub fn outputs(data: &[u8]) {
    check_outputs(&report(data));
}

fn check_outputs(report: &Report) {
    let StepOutputs { pairs, left_out } = render::github::outputs(report);
    assert!(left_out.is_empty());
    let written: Vec<(String, String)> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let first = report.tags.first();
    let first = first.map_or_else(String::new, |tag| tag.message.clone());
    for delimiter in ["ghadelimiter_3f2a", "", "tag", &first] {
        let file = file(&pairs, delimiter);
        is_tame(&file);
        assert_eq!(runner::outputs(&file).unwrap(), written, "{delimiter:?}");
    }
}

/// Variables, read as GitLab reads them.
pub fn dotenv(data: &[u8]) {
    check_dotenv(&report(data));
}

fn check_dotenv(report: &Report) {
    let render::dotenv::Dotenv { text, left_out } = render::dotenv::render(report);
    is_tame(&text);
    assert!(text.len() <= render::dotenv::MAX_BYTES);
    assert!(text.lines().count() <= render::dotenv::MAX_VARIABLES);
    assert!(text.starts_with("TAGPROOF_STATUS=") && text.ends_with('\n'));
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let (name, value) = line.split_once('=').unwrap();
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        assert!(
            name.starts_with("TAGPROOF_") && name.bytes().all(word),
            "{name}"
        );
        let plain = |b: u8| word(b) || b".-:/@[]".contains(&b);
        assert!(!value.is_empty() && value.bytes().all(plain), "{line}");
        assert!(names.insert(name), "{name} stands twice");
    }
    for name in left_out {
        assert!(!name.contains('\n'));
        is_tame(&name);
    }
}

/// JUnit, read by a strict reader of XML.
pub fn junit(data: &[u8]) {
    check_junit(&report(data));
}

fn check_junit(report: &Report) {
    let text = render::junit::render(report);
    is_tame(&text);
    let document = roxmltree::Document::parse(&text).unwrap();
    let all = |name: &'static str| {
        let nodes = document.descendants();
        nodes.filter(move |node| node.has_tag_name(name))
    };
    let cases = usize::from(report.problem.is_some()) + report.tags.len();
    assert_eq!(all("testcase").count(), cases);
    let suite = all("testsuite").next().unwrap();
    let counted = |name: &str| suite.attribute(name).unwrap().parse::<usize>().unwrap();
    assert_eq!(counted("tests"), cases);
    assert_eq!(counted("failures"), all("failure").count());
    assert_eq!(counted("errors"), all("error").count());
    assert_eq!(counted("skipped"), all("skipped").count());
    let mut names = BTreeSet::new();
    for case in all("testcase") {
        let name = (case.attribute("classname"), case.attribute("name"));
        assert!(name.0.is_some() && name.1.is_some());
        assert!(names.insert(name), "{name:?} stands twice");
    }
    for node in document.descendants().filter(|node| node.is_element()) {
        let known = [
            "testsuites",
            "testsuite",
            "testcase",
            "failure",
            "error",
            "skipped",
            "system-out",
        ];
        assert!(known.contains(&node.tag_name().name()));
        assert!(node.children().all(|it| it.is_element() || it.is_text()));
    }
}
