//! Layers that are made to take memory without end, to lie about their size or to lead in circles, and
//! an index of as many images as are read: in 64 MiB, as everything here.

use std::io::Write as _;

use serde_json::json;
use tar::EntryType;

use super::{MIB, bounded, check, unproven};
use crate::below::pushed;
use crate::layered::{Layered, amd64, arm64, changed, layer, layered};
use crate::registry::Registry;
use crate::run::Run;

const BLOCK: usize = 512;

/// Some bytes as a member of gzip. Members one after the other are one stream.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// So many MiB of zeros, in about a thousandth of it.
fn zeros(mib: usize) -> Vec<u8> {
    gzip(&vec![0; MIB]).repeat(mib)
}

/// So many blocks of 128 KiB of zeros as a frame of zstd, with the largest window that is taken.
fn zstd_zeros(blocks: usize) -> Vec<u8> {
    let mut frame = b"\x28\xb5\x2f\xfd\x00\x70".to_vec();
    let header = |is_last: u32| (128 * 1024_u32 * 8 + 2 + is_last).to_le_bytes();
    for nth in 1..=blocks {
        // One byte that is repeated.
        let [a, b, c, _] = header(u32::from(nth == blocks));
        frame.extend([a, b, c, 0]);
    }
    frame
}

/// The header of one entry, as it is in an archive: nothing cleans the path.
fn header(kind: EntryType, path: &str, target: &str, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_size(size);
    let old = header.as_old_mut();
    old.name[..path.len()].copy_from_slice(path.as_bytes());
    old.linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// An archive without its end, so that more can follow.
fn open(mut archive: Vec<u8>) -> Vec<u8> {
    archive.truncate(archive.len() - 2 * BLOCK);
    archive
}

/// So many empty files with names of their own, compressed.
fn many(files: usize) -> Vec<u8> {
    let chunk = |nth: usize| {
        let names: Vec<String> = (0..1_000)
            .map(|it| format!("{:07}", nth * 1_000 + it))
            .collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|it| (it.as_str(), &b""[..])).collect();
        gzip(&open(layer(&files)))
    };
    let chunks: Vec<Vec<u8>> = (0..files / 1_000).map(chunk).collect();
    chunks.concat()
}

/// What is proven of two images for two architectures at a depth.
fn at(depth: &str, metadata: &str) -> Run {
    check(metadata).args(&["--depth", depth]).report()
}

/// Where what is started may be in a layer that cannot be read for this reason, nothing is wrong, and
/// nothing is proven.
fn unread(hostile: &[u8], words: &str) {
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[hostile]),
        &layered("linux/arm64", &["/app"], &[hostile]),
    ]);
    for depth in ["platforms", "programs"] {
        unproven(at(depth, &metadata), words);
    }
}

/// And where it is above such a layer, that is only missed where all layers are to be read.
fn unread_below(hostile: &[u8], words: &str) {
    let (amd, arm) = (layer(&[("app", &amd64())]), layer(&[("app", &arm64())]));
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[hostile, &amd]),
        &layered("linux/arm64", &["/app"], &[hostile, &arm]),
    ]);
    bounded(at("platforms", &metadata), |ran| {
        assert_eq!(ran.code, Some(0), "{}", ran.shown());
        assert_eq!(ran.tags(), ["app:1 ok -"]);
    });
    unproven(at("programs", &metadata), words);
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_layer_that_is_a_bomb_is_not_unpacked_to_its_end() {
    let in_a_file = gzip(&header(EntryType::Regular, "app", "", 8 << 30));
    for bomb in [
        zeros(512),
        [in_a_file, zeros(512)].concat(),
        zstd_zeros(4_096),
    ] {
        assert!(bomb.len() < MIB);
        let words = "unpacked, it is larger than";
        unread(&bomb, words);
        unread_below(&bomb, words);
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_layer_of_a_million_files_is_not_kept() {
    unread(
        &many(1_000_000),
        "it holds more files than are kept in memory at once",
    );
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_layer_with_a_name_of_500_mib_is_not_read() {
    let size = 500 * 1024 * 1024;
    for kind in [
        EntryType::GNULongName,
        EntryType::GNULongLink,
        EntryType::XHeader,
    ] {
        let name = gzip(&header(kind, "././@LongLink", "", size));
        unread(
            &[name, zeros(500)].concat(),
            "it has an extended header that is larger than 1 MiB",
        );
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_layer_that_lies_about_what_is_in_it_is_not_read() {
    let sparse = header(EntryType::GNUSparse, "app", "", 0);
    unread(&sparse, "it has a sparse file in the form of GNU tar");
    let endless = header(EntryType::Regular, "app", "", u64::MAX / 2);
    unread_below(&endless, "it is not a tar archive");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn links_in_circles_and_paths_that_lead_out_say_nothing_wrong() {
    let mut archive = [
        header(EntryType::Symlink, "app", "/loop/app", 0),
        header(EntryType::Symlink, "loop", "/loop", 0),
        header(EntryType::Symlink, "up", "../../../up", 0),
        header(EntryType::Link, "one", "two", 0),
        header(EntryType::Link, "two", "one", 0),
        header(EntryType::Regular, "/../../etc/x", "", 64),
    ]
    .concat();
    archive.extend(amd64());
    archive.resize(archive.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
    for word in ["/app", "/up", "/one", "/two"] {
        let (_registry, metadata) = pushed(&[
            &layered("linux/amd64", &[word], &[&archive]),
            &layered("linux/arm64", &[word], &[&archive]),
        ]);
        for depth in ["platforms", "programs"] {
            bounded(at(depth, &metadata), |ran| {
                assert_eq!(ran.code, Some(0), "{}", ran.shown());
                assert_eq!(ran.tags(), ["app:1 ok -"]);
                let images = ran.report["images"].as_array().unwrap();
                assert!(images.iter().all(|it| it["program"].is_null()));
                // A program is where it ends up when the layer is unpacked.
                if depth == "platforms" {
                    assert_eq!(ran.notes(), ["foreign-programs"]);
                    let message = ran.report["notes"][0]["message"].as_str().unwrap();
                    assert!(message.contains("`/etc/x` (linux/amd64)"), "{message}");
                }
            });
        }
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_large_window_of_zstd_is_taken_where_what_is_kept_leaves_room_for_it() {
    for (files, layers_not_read) in [(100_000, 0), (400_000, 1)] {
        let kept = many(files);
        // What is larger is read last. It is larger by a frame that is skipped.
        let length = u32::try_from(kept.len()).unwrap().to_le_bytes();
        let skipped = [&b"\x50\x2a\x4d\x18"[..], &length, &kept].concat();
        let window = [zstd_zeros(480), skipped].concat();
        let (_registry, metadata) = pushed(&[
            &layered("linux/amd64", &["/app"], &[&kept, &window]),
            &layered("linux/arm64", &["/app"], &[&kept, &window]),
        ]);
        for depth in ["platforms", "programs"] {
            bounded(at(depth, &metadata), |ran| {
                // The configs do not have the digests of what is unpacked.
                assert_eq!(ran.code, Some(3), "{}", ran.shown());
                let unread = &ran.report["images"][0]["layers_not_read"];
                assert_eq!(*unread, layers_not_read, "{}", ran.shown());
            });
        }
    }
}

/// A thousand images for two architectures in turn. All of them share nine layers, each of which is said
/// to have 4 MiB, and each has one of its own.
fn thousand(env: &str) -> Vec<Layered> {
    let shared = (0..9).map(|nth| layer(&[(&format!("data/{nth}"), b"data")]));
    let shared: Vec<Vec<u8>> = shared.collect();
    let image = |nth: usize| {
        let (platform, program) = match nth % 2 {
            0 => ("linux/amd64", amd64()),
            _ => ("linux/arm64", arm64()),
        };
        let number = nth.to_string();
        let own = layer(&[("usr/bin/app", &program), ("number", number.as_bytes())]);
        let mut layers: Vec<&[u8]> = shared.iter().map(Vec::as_slice).collect();
        layers.push(&own);
        changed(platform, &["app"], &layers, |config, manifest| {
            config["config"]["Env"] = json!([env]);
            config["number"] = json!(number);
            for nth in 0..shared.len() {
                manifest["layers"][nth]["size"] = json!(4 * MIB);
            }
        })
    };
    (0..1_000).map(image).collect()
}

/// The layers are read once, however many images have them.
fn counted(registry: &Registry, layers: usize) {
    assert_eq!(registry.count("GET", "/manifests/sha256"), 1_000);
    assert_eq!(registry.count("HEAD", "/manifests/sha256"), 0);
    assert_eq!(registry.count("GET", "/blobs/"), 1_000 + layers);
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_thousand_images_that_share_layers_take_a_request_for_each_thing() {
    let images = thousand("PATH=/usr/bin");
    let (registry, metadata) = pushed(&images.iter().collect::<Vec<_>>());
    // Eight shared layers are 32 MiB. With `programs`, all of them, and those that are not shared.
    for (depth, layers, programs) in [("platforms", 8, 0), ("programs", 1_009, 1_000)] {
        registry.forget_journal();
        bounded(at(depth, &metadata), |ran| {
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            assert_eq!(ran.tags(), ["app:1 ok -"]);
            assert_eq!(ran.tag(0)["depth"], json!(depth));
            let images = ran.report["images"].as_array().unwrap();
            assert_eq!(images.len(), 1_000);
            let found = images.iter().filter(|it| it["program"].is_object());
            assert_eq!(found.count(), programs);
            counted(&registry, layers);
        });
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_thousand_images_that_look_in_thousands_of_directories_are_not_looked_through() {
    let images = thousand(&format!("PATH={}", ":".repeat(4_000)));
    let (registry, metadata) = pushed(&images.iter().collect::<Vec<_>>());
    bounded(at("platforms", &metadata), |ran| {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(ran.tags(), ["app:1 ok -"]);
        counted(&registry, 8);
    });
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn configs_of_4_mib_each_are_not_all_read() {
    let diff_ids: Vec<String> = (0..55_000).map(super::digest).collect();
    let image = |nth: usize| {
        changed("linux/amd64", &["app"], &[], |config, _| {
            config["rootfs"]["diff_ids"] = json!(diff_ids);
            config["number"] = json!(nth);
        })
    };
    let images: Vec<Layered> = (0..30).map(image).collect();
    let (_registry, metadata) = pushed(&images.iter().collect::<Vec<_>>());
    for depth in ["platforms", "programs"] {
        unproven(at(depth, &metadata), "larger than 12 MiB together");
    }
}
