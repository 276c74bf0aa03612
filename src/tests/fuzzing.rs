//! For tests: what hostile bytes must never do, one function for each kind of input and output.
//!
//! Each takes any bytes and panics where a promise is broken. `fuzz/` feeds them what cargo-fuzz
//! makes up; the test below feeds them the corpus in `fuzz/seeds`, on stable Rust.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use crate::definition;
use crate::expectation::{Asked, expect};
use crate::merge::{TagsFrom, tags_from};
use crate::metadata::{self, Build};
use crate::observation::{Nested, Tree};
use crate::oci::{
    Descriptor, Digest, Document, Host, MediaType, Moment, Named, Platform, Provenance, Reference,
    Tag, annotations_of, index_of,
};
use crate::policy::{self, Pattern, Policy, TagPattern};
use crate::problem::Problem;
use crate::report::tests::runner;

pub use crate::programs::tests::fuzzing::{config, layer, program};
pub use crate::registry::tests::fuzzing::{challenge, docker_config, error_body};
pub use crate::report::tests::fuzzing::{
    annotations, dotenv, json, junit, markdown, outputs, terminal,
};

/// A name, as in `fuzz/fuzz_targets` and `fuzz/seeds`, and its function.
pub type FuzzTarget = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [FuzzTarget; 19] = [
    ("annotations", annotations),
    ("challenge", challenge),
    ("config", config),
    ("definition", definition),
    ("digest", digest),
    ("docker_config", docker_config),
    ("dotenv", dotenv),
    ("error_body", error_body),
    ("json", json),
    ("junit", junit),
    ("layer", layer),
    ("manifest", manifest),
    ("markdown", markdown),
    ("metadata", metadata),
    ("outputs", outputs),
    ("policy", policy),
    ("program", program),
    ("reference", reference),
    ("terminal", terminal),
];

/// A metadata file: builds, and what they claim, or a problem that can be shown.
pub fn metadata(data: &[u8]) {
    match metadata::parse("metadata.json", data) {
        Ok(builds) => claims(&builds),
        Err(found) => check_problem(&found),
    }
}

/// What `docker buildx bake --print` prints, and the builds that it completes; and what
/// docker/metadata-action leaves, which looks alike.
pub fn definition(data: &[u8]) {
    match tags_from("meta.json", data) {
        Ok(TagsFrom { tags, annotations }) => {
            assert!(!tags.is_empty());
            assert!(annotations.iter().all(|it| !it.key.is_empty()));
        }
        Err(found) => check_problem(&found),
    }
    match definition::parse("definition.json", data) {
        Ok(definition) => {
            for group in [None, Some("default")] {
                let Ok(builds) = definition.complete(Vec::new(), group) else {
                    continue;
                };
                // What is complete stays as it is.
                assert_eq!(
                    definition.complete(builds.clone(), group),
                    Ok(builds.clone())
                );
                claims(&builds);
            }
        }
        Err(found) => check_problem(&found),
    }
}

/// A policy file, and what `policy check` shows of it.
pub fn policy(data: &[u8]) {
    match policy::yaml::parse("policy.yml", data) {
        Ok(policy) => {
            assert_eq!(policy::yaml::parse("policy.yml", data), Ok(policy.clone()));
            let shown = policy.show("policy.yml");
            assert!(shown.starts_with("`policy.yml` is a policy"));
            ruled(&policy);
        }
        Err(found) => check_problem(&found),
    }
    if let Ok(text) = std::str::from_utf8(data) {
        same::<Pattern>(text);
        same::<TagPattern>(text);
    }
}

/// The policy over a tag: it fits or not, in bounded time.
fn ruled(policy: &Policy) {
    let tag = format!("ghcr.io/acme/app:1.4@{}", Digest::of(b""));
    let asked = Asked {
        tags: vec![tag.parse().unwrap()],
        ..Asked::default()
    };
    let (mut expectations, _) = expect(&[], &asked).unwrap();
    if let Err(found) = policy.rule(&mut expectations, &asked) {
        check_problem(&found);
    }
}

/// A manifest or an index: the first line is the `Content-Type`, the rest is the body.
pub fn manifest(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n');
    let (head, body) = data.split_at(cut.map_or(0, |at| at + 1));
    let content_type = String::from_utf8_lossy(head);
    let document = Document::new(body.to_vec(), content_type.trim());
    // The bytes are what may be written again.
    assert_eq!(document.bytes(), body);
    assert!(document.digest().is_of(body));
    assert!(document.images().count() <= document.children().len());
    for child in document.children() {
        match &child.named {
            Named::Digest(digest) => same::<Digest>(digest.as_str()),
            Named::Unknown(unknown) => assert!(!unknown.to_string().is_empty()),
        }
    }
    for platform in document.platforms() {
        same::<Platform>(&platform.to_string());
        assert!(!platform.is_os_alone(), "{platform}");
    }
    for media_type in [document.media_type(), document.served()] {
        same::<MediaType>(media_type.as_str());
    }
    let nested = Nested::new();
    let tree = Tree::new(&document, &nested);
    assert_eq!(tree.entries().count(), document.children().len());
    assert!(tree.is_whole() || tree.unknown().is_some());
    if let Some(why) = document.unread() {
        assert!(!why.to_string().is_empty());
    }
    let _ = Document::platform_of_config(body);
    if let Some(entries) = Descriptor::all(&document) {
        // What is made of its entries is an index of the same ones.
        let made = index_of(&entries, &annotations_of(&document));
        assert_eq!(Descriptor::all(&made), Some(entries));
        assert!(made.media_type().is_index());
    }
    let provenance = Provenance::read(body);
    if let Some(moment) = provenance.started {
        assert!(Moment::said(&moment.to_string()).is_some());
    }
}

/// A reference, and the parts that also stand alone.
pub fn reference(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    same::<Reference>(text);
    same::<Host>(text);
    same::<Tag>(text);
    same::<Platform>(text);
    if let Ok(platform) = text.parse::<Platform>() {
        assert!(platform.is_met_by(&platform), "{platform}");
        is_tame(&platform.to_string());
    }
    if let Ok(reference) = text.parse::<Reference>() {
        let path = reference.repository().path();
        // It becomes a part of a URL.
        assert!(
            !path.starts_with('/') && !path.split('/').any(|part| part == ".." || part.is_empty())
        );
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
        assert!(path.bytes().all(fits), "{path}");
    }
}

/// A digest.
pub fn digest(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        same::<Digest>(text);
        if let Ok(digest) = text.parse::<Digest>() {
            assert_eq!(digest.as_str(), text);
            assert!(text.starts_with(digest.short().as_str()));
            assert!(!digest.is_of(data));
        }
    }
    assert!(Digest::of(data).is_of(data));
}

/// What is read is printed so that it is read again as the same, and what is refused says why.
fn same<T: FromStr + Display + Eq + Debug>(text: &str) {
    let Ok(value) = text.parse::<T>() else {
        return;
    };
    let printed = value.to_string();
    let again = printed.parse::<T>().ok();
    assert_eq!(again.as_ref(), Some(&value), "{printed}");
    assert_eq!(again.map(|it| it.to_string()), Some(printed));
}

fn claims(builds: &[Build]) {
    for later_wins in [false, true] {
        let asked = Asked {
            later_wins,
            ..Asked::default()
        };
        match expect(builds, &asked) {
            Ok((expectations, _)) => {
                for expectation in &expectations {
                    same::<Reference>(&expectation.reference().to_string());
                }
            }
            Err(found) => check_problem(&found),
        }
    }
}

/// A problem is a message that every output can show.
fn check_problem(found: &Problem) {
    assert!(!found.message.is_empty());
    crate::report::tests::fuzzing::problem(found);
}

/// No line of what is printed is a command to a CI system, and none moves a cursor.
pub(crate) fn is_tame(text: &str) {
    for line in text.lines() {
        assert_eq!(runner::command(line), None, "{line}");
        let hidden = |c: char| c.is_control() || crate::text::is_invisible(c);
        assert!(!line.contains(hidden), "{line:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn names(folder: &str) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz")
            .join(folder);
        let mut names: Vec<String> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    #[cfg_attr(miri, ignore = "reads files")]
    fn the_corpus_breaks_no_promise() {
        let mut size = 0;
        for (name, target) in TARGETS {
            let folder = format!("seeds/{name}");
            let files = names(&folder);
            assert!(!files.is_empty(), "{name} has no seed");
            for file in files {
                let path = format!("{}/fuzz/{folder}/{file}", env!("CARGO_MANIFEST_DIR"));
                let data = std::fs::read(path).unwrap();
                size += data.len();
                // The name of the file is what a panic needs to be told.
                let outcome = std::panic::catch_unwind(|| target(&data));
                assert!(outcome.is_ok(), "{name} breaks on fuzz/{folder}/{file}");
            }
        }
        assert!(size <= 300 * 1024, "the corpus has {size} bytes");
    }

    #[test]
    #[cfg_attr(miri, ignore = "reads files")]
    fn every_target_has_a_program_and_seeds() {
        let known: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names("seeds"), known);
        let programs: Vec<String> = known.iter().map(|name| format!("{name}.rs")).collect();
        assert_eq!(names("fuzz_targets"), programs);
    }
}
