//! Faults in what is read below a tag: the manifest of a child, a config, a layer that is shared.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tagproof::oci::Digest;

use super::{AT_ONCE, lock};
use crate::image::{self, index, metadata};
use crate::layered::{Layered, amd64, layer, layered};
use crate::registry::{Fault, Registry};
use crate::run::prove;
use crate::runner::Step;

/// What is read.
const READS: [&str; 3] = ["child", "config", "layer"];

/// One fault, and the verdict where it meets each of [`READS`] at a stated depth.
struct Row {
    name: &'static str,
    faults: fn() -> Vec<Fault>,
    verdict: &'static str,
}

const ROWS: [Row; 11] = [
    Row {
        name: "closed without an answer",
        faults: || vec![Fault::Drop],
        verdict: "unproven",
    },
    Row {
        name: "reset",
        faults: || vec![Fault::Reset],
        verdict: "unproven",
    },
    Row {
        name: "500",
        faults: || vec![Fault::status(500)],
        verdict: "unproven",
    },
    Row {
        name: "429",
        faults: || vec![Fault::error(429, "TOOMANYREQUESTS", "slow down")],
        verdict: "unproven",
    },
    Row {
        name: "403",
        faults: || vec![Fault::error(403, "DENIED", "no")],
        verdict: "unproven",
    },
    Row {
        name: "a redirect that is not followed",
        faults: || vec![Fault::redirect("http://169.254.169.254/blob")],
        verdict: "unproven",
    },
    Row {
        name: "cut off",
        faults: || vec![Fault::Truncate(20)],
        verdict: "unproven",
    },
    Row {
        name: "other bytes",
        faults: || vec![Fault::Body(b"{\"schemaVersion\":2}".to_vec())],
        verdict: "unproven",
    },
    Row {
        name: "a web page",
        faults: || {
            vec![
                Fault::Body(b"<html>log in</html>".to_vec()),
                Fault::Header("Content-Type", "text/html".to_owned()),
            ]
        },
        verdict: "unproven",
    },
    Row {
        name: "404",
        faults: || vec![Fault::error(404, "BLOB_UNKNOWN", "blob unknown")],
        verdict: "broken",
    },
    Row {
        name: "no digest header; sent in chunks",
        faults: || vec![Fault::NoDigestHeader, Fault::ChunkedBody],
        verdict: "ok",
    },
];

impl Row {
    /// The verdict where the depth is the default, and what could not be read was a config or a layer.
    fn by_default(&self) -> &'static str {
        match (self.verdict, self.name) {
            // It is never passed over.
            ("unproven", "other bytes") => "unproven",
            ("unproven", _) => "ok",
            (verdict, _) => verdict,
        }
    }
}

/// The section of `docs/faults.md`.
pub(super) fn section() -> String {
    let mut text = "\n## Below the tag\n\nThese runs are another one: `tagproof check --settle 0` of a right tag, whose two images share a layer. The fault strikes\neach time the manifest of a child, a config or the layer is read. Where the depth is the default, what could not be read\nof configs and layers is passed over, with the note `depth-reduced`: see [depth](verdicts.md#depth).\n\n| fault | child, config or layer, `--depth platforms` | config or layer, by default |\n|---|---|---|\n".to_owned();
    let code = |verdict: &str| match verdict {
        "ok" => 0,
        "broken" => 1,
        _ => 3,
    };
    for row in &ROWS {
        let (stated, by_default) = (row.verdict, row.by_default());
        text.push_str(&format!(
            "| {} | `{stated}` {} | `{by_default}` {} |\n",
            row.name,
            code(stated),
            code(by_default)
        ));
    }
    text
}

/// A registry that holds a right index of two images with a layer in common, and what is read of it.
fn registry() -> (Registry, String, [String; 3]) {
    let registry = Registry::start();
    let shared = layer(&[("etc/data", b"data")]);
    let own = layer(&[("app", &amd64())]);
    let images: [Layered; 2] = [
        layered("linux/amd64", &["/app"], &[&shared, &own]),
        layered("linux/arm64", &[], &[&shared]),
    ];
    for image in &images {
        image.push(&registry, "app");
    }
    let root = index(&[&images[0].document, &images[1].document]);
    image::push(&registry, "app", &[&root]);
    registry.tag("app", "1", &root.digest);
    let metadata = metadata(&root, &[format!("{}/app:1", registry.host())]);
    let reads = [
        format!("/manifests/{}", images[1].document.digest),
        format!("/blobs/{}", Digest::of(&images[1].document.config)),
        format!("/blobs/{}", Digest::of(&shared)),
    ];
    (registry, metadata, reads)
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn every_fault_below_the_tag_ends_as_it_should() {
    let mut cells: Vec<(&Row, usize, bool)> = Vec::new();
    for row in &ROWS {
        for read in 0..READS.len() {
            cells.push((row, read, true));
            if read > 0 {
                cells.push((row, read, false));
            }
        }
    }
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(&(row, read, is_stated)) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (registry, metadata, reads) = registry();
            registry
                .on("GET", &reads[read])
                .always()
                .answer((row.faults)());
            let (found, expected, shown) = match is_stated {
                true => {
                    let flags = ["--depth", "platforms", "--settle-timeout", "0"];
                    let ran = prove("check", &metadata, &flags);
                    let verdict = ran.tag(0)["verdict"].as_str().unwrap().to_owned();
                    (verdict, row.verdict, ran.shown())
                }
                false => {
                    let step = Step::new()
                        .with("mode", "check")
                        .with("metadata", &metadata)
                        .with("settle", "0")
                        .with("settle-timeout", "0")
                        .run();
                    let report: serde_json::Value =
                        serde_json::from_str(step.output("report")).unwrap();
                    let verdict = report["tags"][0]["verdict"].as_str().unwrap().to_owned();
                    let is_noted = report["notes"].to_string().contains("depth-reduced");
                    assert_eq!(
                        is_noted,
                        row.verdict == "unproven" && row.by_default() == "ok",
                        "{}",
                        step.log
                    );
                    (verdict, row.by_default(), step.log)
                }
            };
            if found != expected {
                let read = READS[read];
                lock(&wrong).push(format!(
                    "{} / {read} / {is_stated}: {found}\n{shown}\n",
                    row.name
                ));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "of {} cells:\n{}",
        cells.len(),
        wrong.concat()
    );
}
