//! `docs/faults.md`: what the matrix holds, for users.

use std::collections::BTreeMap;
use std::path::Path;

use super::cell::{ELSEWHERE, Seen, Way};
use super::faults::{Group, Row};
use super::phase::Phase;
use super::rules::{Kind, end_of};
use super::{is_failure, meet};

/// What the document is about, before the tables.
const HEAD: &str = "\
# Faults

What becomes of a repair when something fails, and what is said then. **Each cell is a run of the program against a
registry that fails so, over real sockets**: the test that runs them all (`tests/it/wire.rs`) writes this page, and fails
where one ends otherwise. It runs natively, each cell with and without a proxy, but for those under [Proxies](#proxies),
which have one; and as the WebAssembly component: without one under wasmtime, and with one as a step of GitHub under Node.

The run is always the same: `tagproof fix --settle 0` of one tag that is `child`, on a registry that wants a token. Without
a fault it ends as `fixed`, with 0. The fault strikes each time one of these requests is sent:

| column | the request |
|---|---|
| token | `GET` of the token server |
| `GET` tag | the first look |
| `GET` digest | the expected image, which the tag does not show |
| `HEAD` tag | the look just before the write |
| `PUT` | the write |
| looks after it | the two looks that prove the write |

A cell has the [outcome](verdicts.md#outcomes), or the [verdict](verdicts.md#verdicts) where no repair was tried, and the
exit code. `-` is where fault and request cannot meet.

- **What cannot be read is `unproven`**, and nothing is written. A 404 is an answer, though: what was asked for is not
  there.
- **What cannot be read just before the write is not written.** A `HEAD` that is refused, even with 5xx, does no harm:
  it is asked again as `GET`.
- What the registry may forget by the write is read before it, and looked for after it. These requests are not in the
  tables.
- **What is not known to have been taken is `failed`. What was written and cannot be seen is `unsettled`.** Run it again.
- What may pass in moments is [sent 5 times](registries.md#repeats): after broken connections, 408, 425, 429, 499, and 5xx
  but 501 and 505 to 511. A write is tried 5 times after any 5xx, and a host that is down between writes is waited for as
  long as half of the time that is left.

With `--on-unproven warn`, `unproven` ends with 0. The component ends with 1 where it says 3.

What is said begins with the request, such as `GET https://registry.example.com/v2/app/manifests/1: `, and is followed
by the help.
";

/// What came of the cells that a document can show.
pub(super) type Cells = BTreeMap<(String, Phase), Seen>;

/// The whole document.
pub(super) fn render(groups: &[Group], cells: &Cells) -> String {
    let mut text = HEAD.to_owned();
    for group in groups {
        let titles = Phase::ALL.map(Phase::title).join(" | ");
        let lines = "---|".repeat(Phase::ALL.len());
        text += &format!(
            "\n## {}\n\n| fault | {titles} |\n|---|{lines}\n",
            group.title
        );
        let ends = |row: &Row| Some(Phase::ALL.map(|phase| cell(row, phase)).join(" | "));
        text += &together(&group.rows, ends);
        text += "\n| fault | what is said | help |\n|---|---|---|\n";
        text += &together(&group.rows, |row| said(row, cells));
    }
    text + &super::below::section()
}

/// A line of a table for each thing that is so, with all the faults of which it is.
fn together(rows: &[Row], what: impl Fn(&Row) -> Option<String>) -> String {
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for row in rows {
        let Some(is) = what(row) else { continue };
        match lines.iter_mut().find(|(known, _)| *known == is) {
            Some((_, names)) => names.push(&row.name),
            None => lines.push((is, vec![&row.name])),
        }
    }
    let line = |(is, names): &(String, Vec<&str>)| format!("| {} | {is} |\n", names.join("; "));
    lines.iter().map(line).collect()
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
fn said(row: &Row, cells: &Cells) -> Option<String> {
    let phase = match row.kind {
        Kind::Refused | Kind::HiddenLimit | Kind::Missing | Kind::Followed => Phase::Put,
        _ => Phase::ByTag,
    };
    let seen = cells.get(&(row.name.clone(), phase))?;
    if !is_failure(end_of(row.kind, phase)) {
        return None;
    }
    let names = phase.names(&seen.base, &seen.host);
    let said = names.iter().find_map(|name| seen.message.split_once(name));
    let (_, said) = said.unwrap_or_default();
    let named = |text: &str| {
        let text = text.replace(&seen.host, "registry.example.com");
        escaped(&text.replace(ELSEWHERE, "cdn.example.com"))
    };
    let help = seen.help.lines().next().unwrap_or_default();
    Some(format!("{} | {}", named(said), named(help)))
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
        "docs/faults.md is not what was seen: {differ:#?}; `TAGPROOF_TEST_WRITE=1 cargo test --test it wire:: -- --ignored` writes it"
    );
}
