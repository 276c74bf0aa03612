use super::made::Item::{Data, Directory, File, Hard, Symbolic};
use super::made::{LIMITS, amd64, archive, arm64, gzip, layer, read, script, zstd};
use crate::oci::Digest;
use crate::programs::layer::{Layer, Node};
use crate::programs::{Limits, Unread, read_layer};

fn paths(layer: &Layer) -> Vec<&str> {
    layer
        .programs()
        .iter()
        .map(|(path, _)| path.as_str())
        .collect()
}

#[test]
fn gzip_zstd_and_none_are_known_by_their_first_bytes_with_all_members_and_frames() {
    let items = [File("bin/app", amd64())];
    let bytes = archive(&items);
    let (front, back) = bytes.split_at(700);
    let mut skippable = vec![0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0];
    skippable.extend(b"12345");
    for packed in [
        bytes.clone(),
        gzip(&bytes),
        [gzip(front), gzip(back)].concat(),
        zstd(&bytes),
        [zstd(front), zstd(back)].concat(),
        // As zstd:chunked and eStargz have them: at the beginning, between, and at the end.
        [
            skippable.clone(),
            zstd(front),
            skippable.clone(),
            zstd(back),
            skippable.clone(),
        ]
        .concat(),
        [gzip(&bytes), gzip(b"")].concat(),
    ] {
        assert_eq!(paths(&read(&packed, &bytes).unwrap()), ["/bin/app"]);
    }
}

#[test]
fn both_digests_are_computed_to_the_end() {
    let bytes = archive(&[File("app", amd64())]);
    let packed = gzip(&bytes);
    let size = packed.len() as u64;
    let other = Digest::of(b"other");
    let read = |packed: &[u8], digest: &Digest| {
        read_layer(&mut { packed }, size, digest, &other, false, LIMITS).map(|(_, found)| found)
    };
    assert_eq!(read(&packed, &Digest::of(&packed)), Ok(Digest::of(&bytes)));
    assert_eq!(
        read(&packed, &other),
        Err(Unread::Digest(Digest::of(&packed)))
    );
    // What cannot be understood and is not the layer at all.
    assert_eq!(
        read(b"<html>", &other),
        Err(Unread::Digest(Digest::of(b"<html>")))
    );
    // More than the manifest says, and less.
    let more = [packed.as_slice(), b"more"].concat();
    assert!(matches!(
        read(&more, &Digest::of(&more)),
        Err(Unread::Digest(_))
    ));
    let less = &packed[..packed.len() - 1];
    assert!(matches!(
        read(less, &Digest::of(&packed)),
        Err(Unread::Digest(_))
    ));
}

/// The words for a layer that is what its digest says, and cannot be read.
fn refused(packed: &[u8], limits: Limits) -> String {
    let size = packed.len() as u64;
    let digest = Digest::of(packed);
    match read_layer(&mut { packed }, size, &digest, &digest, false, limits) {
        Err(Unread::Shape(why) | Unread::Limit(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_a_layer_or_too_large_says_so() {
    let bytes = archive(&[File("app", amd64()), Data("a", vec![0; 100_000])]);
    let again: Vec<_> = (0..100).map(|_| Data("a", Vec::new())).collect();
    let again = archive(&again);
    let small = |unpacked: u64, kept: usize| Limits {
        unpacked,
        kept,
        ..LIMITS
    };
    for (packed, limits, words) in [
        (
            b"\xfd7zXZ\0rest".to_vec(),
            LIMITS,
            "something else than gzip or zstd",
        ),
        (
            gzip(b"text".repeat(500).as_slice()),
            LIMITS,
            "not a tar archive",
        ),
        (vec![0x1f, 0x8b, 0, 0, 0], LIMITS, "cannot be unpacked"),
        (b"\x28\xb5\x2f\xfd".to_vec(), LIMITS, "no header"),
        // A window of two gigabytes.
        (
            b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00".to_vec(),
            LIMITS,
            "a larger window than 16 MiB",
        ),
        (gzip(&bytes), small(50_000, 1_000_000), "larger than 0 MiB"),
        (
            gzip(&bytes),
            small(1_000_000, 40),
            "more files than are kept",
        ),
        (
            gzip(&again),
            small(1_000_000, 1_000),
            "more files than are kept",
        ),
    ] {
        let why = refused(&packed, limits);
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn a_sparse_file_a_long_path_and_a_large_header_are_said_and_not_guessed() {
    let mut sparse = archive(&[File("app", amd64())]);
    sparse[156] = b'S';
    fix_checksum(&mut sparse);
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append_pax_extensions([("size", &b"99"[..])])
        .unwrap();
    let sized = builder.into_inner().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append_pax_extensions([("path", "a".repeat(5_000).as_bytes())])
        .unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.set_path("a").unwrap();
    header.set_cksum();
    builder.append(&header, &b""[..]).unwrap();
    let long = builder.into_inner().unwrap();
    let large = archive(&[File(&"b/".repeat(600_000), amd64())]);
    for (bytes, words) in [
        (sparse, "sparse file in the form of GNU tar"),
        (sized, "larger than 8 GiB"),
        (long, "longer than 4096 bytes"),
        (large, "larger than 1 MiB"),
    ] {
        let why = refused(&bytes, LIMITS);
        assert!(why.contains(words), "{why}");
    }
}

fn fix_checksum(archive: &mut [u8]) {
    let mut header = tar::Header::new_old();
    header.as_mut_bytes().copy_from_slice(&archive[..512]);
    header.set_cksum();
    archive[..512].copy_from_slice(header.as_bytes());
}

#[test]
fn names_of_any_form_end_below_the_root() {
    let deep = format!("opt/{}/app", "d".repeat(300));
    let layer = layer(&[
        File("./bin/app", amd64()),
        File(&deep, arm64()),
        Directory("opt/"),
        Symbolic("bin/link", "app"),
        Hard("bin/hard", "bin/app"),
        Hard("bin/lower", "usr/bin/other"),
        Data("etc/app.conf", b"a".to_vec()),
        File("bin/run", script()),
    ]);
    assert_eq!(paths(&layer), ["/bin/app", &format!("/{deep}")]);
    for (path, node) in [
        ("/bin/app", Some(Node::Program(0))),
        ("/bin/hard", Some(Node::Program(0))),
        ("/bin", Some(Node::Directory)),
        ("/opt", Some(Node::Directory)),
        ("/bin/link", Some(Node::Symbolic(0))),
        ("/bin/lower", Some(Node::Hard(1))),
        ("/etc/app.conf", Some(Node::Data)),
        ("/bin/run", Some(Node::Script)),
        ("/bin/none", None),
    ] {
        assert_eq!(layer.node(path.as_bytes()), node, "{path}");
    }
}

#[test]
fn whiteouts_hide_what_is_below_them() {
    let layer = layer(&[
        Data("usr/bin/.wh.app", Vec::new()),
        Data("opt/.wh..wh..opq", Vec::new()),
    ]);
    for (path, is_hidden) in [
        ("/usr/bin/app", true),
        ("/usr/bin/other", false),
        ("/opt/anything", true),
        ("/opt", false),
    ] {
        assert_eq!(layer.hides(path.as_bytes()), is_hidden, "{path}");
    }
}

#[test]
fn a_broken_stream_is_not_taken_for_a_broken_layer() {
    struct Broken<'a>(&'a [u8]);
    impl std::io::Read for Broken<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            match std::io::Read::read(&mut self.0, into)? {
                0 => Err(std::io::ErrorKind::ConnectionReset.into()),
                read => Ok(read),
            }
        }
    }
    let bytes = archive(&[File("app", amd64())]);
    let digest = Digest::of(&bytes);
    let read = read_layer(
        &mut Broken(&bytes[..600]),
        9_000,
        &digest,
        &digest,
        false,
        LIMITS,
    );
    assert_eq!(read.map(|_| ()), Err(Unread::Stream));
}
