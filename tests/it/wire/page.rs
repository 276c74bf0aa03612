//! `docs/faults.md`: what the matrix holds, for users.

use std::collections::BTreeMap;
use std::path::Path;

use super::cell::{Seen, Way};
use super::faults::{Group, Row};
use super::phase::Phase;
use super::rules::{Kind, end_of};
use super::{is_failure, meet};

/// What the document is about, before the tables.
const HEAD: &str = "\
# Faults

What becomes of a repair when something fails, and what is said then. **Each cell is a run of the program against a
registry that fails so, over real sockets**: this page is written by the test that runs them all (`tests/it/wire.rs`), natively and as the
WebAssembly component, with and without a proxy before the registry, and it fails where they end otherwise.

The run is always the same: `tagproof fix` of one tag that is `child`, on a registry that wants a token. Without a fault it
ends as `fixed`, with 0. The fault strikes each time that one of its requests is sent:

| column | the request |
|---|---|
| token | `GET` of the token server |
| `GET` tag | the first look |
| `GET` digest | the expected image, which the tag does not show |
| `HEAD` tag | the look just before the write |
| `PUT` | the write |
| looks after it | the two looks that prove the write |

A cell has the [verdict](verdicts.md), or the outcome where a repair was tried (the verdict is `child` then, as it was
decided before), and the exit code. `-` is where fault and request cannot meet.

- **What cannot be read is `unproven`**, and nothing is written. A `404` is an answer: what is asked for is not there.
- **What cannot be read just before the write is not written.** A `HEAD` that is refused is asked again as `GET`; so it
  does no harm.
- **What is not known to have been taken is `failed`**, what was written and cannot be seen is `unsettled`: run it again.
- Broken connections, 408, 429, and 5xx are tried 5 times: [Repeats](registries.md#repeats).

With `--on-unproven warn`, `unproven` ends with 0. As a WebAssembly component the program ends with 1 where it says 1
to 3 here.
";

/// What came of the cells that a document can show.
pub(super) type Cells = BTreeMap<(String, Phase), Seen>;

/// The whole document.
pub(super) fn render(groups: &[Group], cells: &Cells) -> String {
    let mut text = HEAD.to_owned();
    for group in groups {
        text += &format!("\n## {}\n\n| fault |", group.title);
        text.extend(Phase::ALL.map(|phase| format!(" {} |", phase.title())));
        text += &format!("\n|---|{}\n", "---|".repeat(Phase::ALL.len()));
        for row in &group.rows {
            text += &format!("| {} |", row.name);
            text.extend(Phase::ALL.map(|phase| format!(" {} |", cell(row, phase))));
            text.push('\n');
        }
        text += "\n| fault | what is said | help |\n|---|---|---|\n";
        for row in &group.rows {
            if let Some((said, help)) = said(row, cells) {
                text += &format!(
                    "| {} | {} | {} |\n",
                    row.name,
                    escaped(&said),
                    escaped(&help)
                );
            }
        }
    }
    text
}

fn cell(row: &Row, phase: Phase) -> String {
    if !meet(row, phase) {
        return "-".to_owned();
    }
    let end = end_of(row.kind, phase);
    match end.outcome {
        "-" => format!("`{}` {}", end.verdict, end.code),
        outcome => format!("`{outcome}` {}", end.code),
    }
}

/// What is said where the fault is most at home, and the first thing to do about it.
fn said(row: &Row, cells: &Cells) -> Option<(String, String)> {
    let phase = match row.kind {
        Kind::Refused | Kind::HiddenLimit | Kind::Missing | Kind::Followed => Phase::Put,
        _ => Phase::ByTag,
    };
    let seen = cells.get(&(row.name.clone(), phase))?;
    if !is_failure(end_of(row.kind, phase)) {
        return None;
    }
    let message = phase
        .names(&seen.base, &seen.host)
        .iter()
        .find_map(|name| seen.message.find(name).map(|at| &seen.message[at..]))?;
    let named = |text: &str| {
        text.replace(&seen.base, "https://registry.example.com")
            .replace(&seen.host, "registry.example.com")
    };
    Some((named(message), named(seen.help.lines().next()?)))
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace('*', "\\*")
}

/// The way whose messages are shown.
pub(super) fn way(row: &Row) -> Way {
    match row.needs_proxy() {
        true => Way::Proxied,
        false => Way::Direct,
    }
}

/// Holds the document against what it should be, or writes it where `TAGPROOF_TEST_WRITE` says so.
pub(super) fn check(text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if std::env::var_os("TAGPROOF_TEST_WRITE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let is = std::fs::read_to_string(&path).unwrap_or_default();
    let differ = is
        .lines()
        .zip(text.lines())
        .find(|(is, should)| is != should);
    assert!(
        is == text,
        "docs/faults.md is not what was seen: {differ:#?}; `TAGPROOF_TEST_WRITE=1 cargo test --test it wire::` writes it"
    );
}
