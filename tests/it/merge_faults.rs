//! `merge` with a fault at each of its requests: no tag is left on anything but what it was and the
//! index that was asked for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::image::{Document, index, metadata, push};
use crate::layered::changed;
use crate::registry::{Fault, Registry};
use crate::run::{Ran, tagproof};

/// Two legs in `app`, whose tag `1` is an older index; there is no tag `2`.
struct Scene {
    registry: Registry,
    legs: [Document; 2],
    old: String,
}

fn scene() -> Scene {
    let registry = Registry::start();
    let of = |platform: &str, revision: &str| {
        let image = changed(platform, &["/app"], &[], |config, _| {
            config["config"]["Labels"] = json!({"org.opencontainers.image.revision": revision});
        });
        image.push(&registry, "app");
        image.document
    };
    let pair = |revision: &str| ["linux/amd64", "linux/arm64"].map(|it| of(it, revision));
    let [amd64, arm64] = pair("old");
    let old = index(&[&amd64, &arm64]);
    push(&registry, "app", &[&old]);
    registry.tag("app", "1", &old.digest);
    Scene {
        legs: pair("new"),
        old: old.digest,
        registry,
    }
}

impl Scene {
    fn merge(&self) -> Ran {
        let [amd64, arm64] = &self.legs;
        let host = self.registry.host();
        let leg = |document: &Document| metadata(document, &[format!("{host}/app")]);
        tagproof(&["merge", "amd64.json", "arm64.json", "--settle", "0"])
            .args(&["--settle-timeout", "1", "--timeout", "2"])
            .args(&["--platform", "linux/amd64,linux/arm64"])
            .args(&["--tag", &format!("{host}/app:1")])
            .args(&["--tag", &format!("{host}/app:2")])
            .file("amd64.json", leg(amd64))
            .file("arm64.json", leg(arm64))
            .report()
            .run()
    }

    fn tags(&self) -> [Option<String>; 2] {
        ["1", "2"].map(|tag| self.registry.tagged("app", tag))
    }
}

type MakeFault = fn() -> Fault;

const FAULTS: [(&str, MakeFault); 10] = [
    ("500", || Fault::status(500)),
    ("404", || Fault::status(404)),
    ("403", || Fault::error(403, "DENIED", "no")),
    ("429", || Fault::status(429).with("Retry-After", "0")),
    ("no answer", || Fault::Drop),
    ("a lost answer", || Fault::DropAfter),
    ("a body that is cut", || Fault::Truncate(10)),
    ("another body", || Fault::Body(b"{}".to_vec())),
    ("no digest header", || Fault::NoDigestHeader),
    ("another digest header", || {
        Fault::WrongDigestHeader(tagproof::oci::Digest::of(b"other").to_string())
    }),
];

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_fault_at_any_request_of_a_merge_leaves_each_tag_as_it_was_or_on_the_index() {
    let clean = scene();
    assert_eq!(clean.merge().code, Some(0));
    let [made, second] = clean.tags();
    assert_eq!(made, second);
    let requests = clean.registry.journal().len();
    assert!((12..40).contains(&requests), "{requests}");
    let cases = FAULTS.iter().flat_map(|(name, fault)| {
        let each = (0..requests).flat_map(|nth| [(nth, false), (nth, true)]);
        each.map(move |(nth, is_for_good)| (*name, *fault, nth, is_for_good))
    });
    let cases = Mutex::new(cases);
    let spoiled = AtomicUsize::new(0);
    let play = || {
        loop {
            let next = cases.lock().unwrap().next();
            let Some((name, fault, nth, is_for_good)) = next else {
                break;
            };
            let scene = scene();
            let script = scene.registry.on("*", "/v2/app/").skip(nth);
            match is_for_good {
                true => script.always().answer(fault()),
                false => script.answer(fault()),
            }
            let ran = scene.merge();
            let what = format!("{name} at request {nth}, for good: {is_for_good}");
            let tags = scene.tags();
            let before = [Some(scene.old.clone()), None];
            for (tag, before) in tags.iter().zip(&before) {
                assert!(*tag == made || tag == before, "{what}: {}", ran.shown());
            }
            let is_right = tags.iter().all(|tag| *tag == made);
            spoiled.fetch_add(usize::from(!is_right), Ordering::SeqCst);
            assert!(ran.code.is_some(), "{what}: {}", ran.shown());
            assert!(is_right || ran.code != Some(0), "{what}: {}", ran.shown());
        }
    };
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(play);
        }
    }); // Most that is for good keeps the index from some tag.
    let spoiled = spoiled.into_inner();
    assert!(spoiled > 3 * requests, "{spoiled} of {requests} requests");
}
