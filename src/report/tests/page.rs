//! For tests: a page as readers of GitHub's Markdown and of Mermaid take it, and what must not be in it.

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};

use crate::report::tests::runner;
use crate::verdict;

/// What a reader of GitHub's Markdown makes of a page.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) rows: usize,
    pub(crate) headings: Vec<String>,
    pub(crate) fences: Vec<(String, String)>,
    pub(crate) html: Vec<String>,
    pub(crate) texts: Vec<String>,
    pub(crate) codes: Vec<String>,
    /// How many legs of a merge are listed.
    pub(crate) legs: usize,
    /// How many merged indexes are shown.
    pub(crate) indexes: usize,
}

const LEGS: &str = "Legs";
const INDEX: &str = "<details><summary>The index</summary>";

/// Reads a page with everything that GitHub and GitLab understand, and refuses what only a hostile
/// text could have put there.
pub(crate) fn read(page: &str) -> Read {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.strikethrough = true;
    extension.table = true;
    extension.autolink = true;
    extension.tasklist = true;
    extension.footnotes = true;
    extension.alerts = true;
    extension.math_dollars = true;
    extension.math_code = true;
    extension.superscript = true;
    extension.underline = true;
    extension.spoiler = true;
    extension.wikilinks_title_after_pipe = true;
    let arena = Arena::new();
    let mut read = Read::default();
    let mut is_below_legs = false;
    for node in parse_document(&arena, page, &options).descendants() {
        let text_of = || {
            let texts = node.descendants().filter_map(|it| match &it.data().value {
                NodeValue::Text(text) => Some(text.to_string()),
                NodeValue::Code(code) => Some(code.literal.clone()),
                _ => None,
            });
            texts.collect::<String>()
        };
        match &node.data().value {
            NodeValue::TableRow(false) => read.rows += 1,
            NodeValue::Heading(_) => {
                read.headings.push(text_of());
                is_below_legs = read.headings.len() > 1 && text_of() == LEGS;
            }
            NodeValue::CodeBlock(block) => {
                read.fences
                    .push((block.info.clone(), block.literal.clone()));
            }
            NodeValue::HtmlBlock(html) => {
                read.html.push(html.literal.clone());
                is_below_legs = false;
            }
            NodeValue::Item(_) if is_below_legs => {
                assert_leg(node, page);
                read.legs += 1;
            }
            NodeValue::Text(text) => read.texts.push(text.to_string()),
            NodeValue::Code(code) => read.codes.push(code.literal.clone()),
            NodeValue::Strong => {
                let texts = text_of();
                let is_code = |c: char| c.is_ascii_lowercase() || "-, 32".contains(c);
                assert!(texts.chars().all(is_code), "bold: {texts}");
            }
            NodeValue::Table(_) => is_below_legs = false,
            NodeValue::Emph => assert!(text_of().contains(" more"), "emphasis: {}", text_of()),
            NodeValue::Document
            | NodeValue::Paragraph
            | NodeValue::SoftBreak
            | NodeValue::List(_)
            | NodeValue::Item(_)
            | NodeValue::TableRow(true)
            | NodeValue::TableCell => {}
            other => panic!("a page has no {other:?}\n{page}"),
        }
    }
    read
}

/// An item of the list of legs: its verdict, what it is, and its reference.
fn assert_leg<'a>(item: &'a AstNode<'a>, page: &str) {
    let parts: Vec<_> = item.children().flat_map(AstNode::children).collect();
    let (first, last) = (parts.first().unwrap(), parts.last().unwrap());
    assert!(
        matches!(first.data().value, NodeValue::Strong) && first.children().count() == 1,
        "{page}"
    );
    let verdict = first.first_child().unwrap();
    let NodeValue::Text(verdict) = &verdict.data().value else {
        panic!("a leg without a verdict\n{page}");
    };
    let is_known = |code: verdict::Code| code.as_str() == *verdict;
    assert!(verdict::Code::ALL.into_iter().any(is_known), "{verdict}");
    assert!(matches!(last.data().value, NodeValue::Code(_)), "{page}");
}

/// Reads a page, and refuses what is not a part of ours: other headings, HTML, fences, pictures,
/// links, and lines that a runner obeys.
pub(crate) fn assert_page(page: &str) -> Read {
    const HEADINGS: [&str; 7] = [
        LEGS,
        "What is wrong",
        "What could not be checked",
        "Where the tags point",
        "What was changed",
        "Proven, by digest",
        "Notes",
    ];
    let mut read = read(page);
    for html in &read.html {
        for line in html.lines() {
            let is_ours = line == "</details>"
                || line == "<details><summary>What a double push is</summary>"
                || line == INDEX
                || (line.starts_with("<details><summary>Details of ")
                    && line.ends_with(" tags</summary>"))
                || line == "<details><summary>Details of 1 tag</summary>"
                || (line.starts_with("<details><summary>")
                    && (line.ends_with(" images below the tags</summary>")
                        || line.ends_with(" image below the tags</summary>")));
            assert!(is_ours, "{line}");
        }
    }
    assert_nothing_to_link(&read);
    for heading in read.headings.iter().skip(1) {
        assert!(HEADINGS.contains(&heading.as_str()), "{heading}");
    }
    for (info, text) in &read.fences {
        match info.as_str() {
            "mermaid" => assert_flowchart(text),
            "json" => read.indexes += 1,
            "sh" | "text" => {}
            other => panic!("a fence of {other}"),
        }
    }
    // It is folded, and nothing else is JSON.
    let folded = read.html.iter().filter(|html| html.trim_end() == INDEX);
    assert_eq!((folded.count(), read.indexes <= 1), (read.indexes, true));
    // Legs come before all that is said of tags.
    let legs = read.headings.iter().skip(1).position(|it| it == LEGS);
    assert!(matches!(legs, None | Some(0)), "{:?}", read.headings);
    assert_eq!(legs.is_some(), read.legs > 0, "{page}");
    for line in page.lines() {
        assert_eq!(runner::command(line), None, "{line}");
        assert!(!line.contains(|c: char| c.is_control()), "{line}");
    }
    read
}

/// The text has no links, mentions, issues or emoji for a reader of the page to find.
pub(crate) fn assert_nothing_to_link(read: &Read) {
    for text in &read.texts {
        for bad in ["@", "#", "<", "&", "[", "$", "~", "://", "www.", "::"] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
        // `GH-1` is an issue, `GH-a` is none.
        let is_issue = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        assert!(!text.split("GH-").skip(1).any(is_issue), "{text}");
    }
}

/// The few forms of line that a picture has.
pub(crate) fn assert_flowchart(text: &str) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    for line in lines {
        let line = line.strip_prefix("  ").unwrap();
        let is_node = line
            .strip_suffix("\"]")
            .and_then(|it| it.split_once("[\""))
            .is_some_and(|(name, label)| {
                let fits = |c: char| c.is_ascii_alphanumeric() || " ._-:/@[]()?…".contains(c);
                number(&name[1..]) && name.starts_with(['t', 'd', 'l']) && label.chars().all(fits)
            });
        let is_arrow = line.split_once(' ').is_some_and(|(from, rest)| {
            let Some((arrow, to)) = rest.rsplit_once(' ') else {
                return false;
            };
            let arrows = [
                "-->",
                "-->|now|",
                "-.->|before|",
                "-.->|expected|",
                "-.->|written, not seen yet|",
            ];
            number(&from[1..]) && number(&to[1..]) && arrows.contains(&arrow)
        });
        assert!(is_node || is_arrow, "{line}");
    }
}
