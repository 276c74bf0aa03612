//! Layers, headers and configs made by hand.

use std::io::Write as _;

use crate::oci::{Arguments, Digest};
use crate::programs::{Layer, Limits, Unread, read_layer};

/// An entry of a layer: its path, what it is, and what is in it.
pub(super) enum Item<'a> {
    Directory(&'a str),
    File(&'a str, Vec<u8>),
    /// Without the right to be started.
    Data(&'a str, Vec<u8>),
    Symbolic(&'a str, &'a str),
    Hard(&'a str, &'a str),
}

/// A program for a machine: an ELF header with one segment, of which this is the kind.
pub(super) fn elf(machine: u16, class: u8, order: u8, kind: u16, segment: u32) -> Vec<u8> {
    let number = |value: u64, length: usize| -> Vec<u8> {
        let bytes = value.to_le_bytes();
        let mut bytes = bytes[..length].to_vec();
        if order == 2 {
            bytes.reverse();
        }
        bytes
    };
    let wide = if class == 2 { 8 } else { 4 };
    let header = if class == 2 { 64 } else { 52 };
    let entry = if class == 2 { 56 } else { 32 };
    let mut file = b"\x7fELF".to_vec();
    file.extend([class, order, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (value, length) in [
        (kind.into(), 2),
        (machine.into(), 2),
        (1, 4),
        (0, wide),
        (header, wide),
        (0, wide),
        (0, 4),
        (header, 2),
        (entry, 2),
        (1, 2),
        (0, 2),
        (0, 2),
        (0, 2),
    ] {
        file.extend(number(value, length));
    }
    // One segment, whose content follows it.
    let at = header + entry;
    let fields = match class {
        2 => vec![
            (segment.into(), 4),
            (0, 4),
            (at, 8),
            (0, 8),
            (0, 8),
            (16, 8),
            (16, 8),
            (1, 8),
        ],
        _ => vec![
            (segment.into(), 4),
            (at, 4),
            (0, 4),
            (0, 4),
            (8, 4),
            (8, 4),
            (0, 4),
            (1, 4),
        ],
    };
    for (value, length) in fields {
        file.extend(number(value, length));
    }
    file
}

/// A program for linux/amd64.
pub(super) fn amd64() -> Vec<u8> {
    elf(62, 2, 1, 2, 1)
}

/// A program for linux/arm64.
pub(super) fn arm64() -> Vec<u8> {
    elf(183, 2, 1, 2, 1)
}

/// A script.
pub(super) fn script() -> Vec<u8> {
    b"#!/bin/sh\nexec \"$@\"\n".to_vec()
}

/// The archive of a layer.
pub(super) fn archive(items: &[Item<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let header = |kind: tar::EntryType, mode: u32, size: usize| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size as u64);
        header
    };
    for item in items {
        match item {
            Item::Directory(path) => {
                let mut header = header(tar::EntryType::Directory, 0o755, 0);
                builder.append_data(&mut header, path, &b""[..]).unwrap();
            }
            Item::File(path, content) | Item::Data(path, content) => {
                let mode = if matches!(item, Item::File(..)) {
                    0o755
                } else {
                    0o644
                };
                let mut header = header(tar::EntryType::Regular, mode, content.len());
                builder
                    .append_data(&mut header, path, content.as_slice())
                    .unwrap();
            }
            Item::Symbolic(path, target) => {
                let mut header = header(tar::EntryType::Symlink, 0o777, 0);
                builder.append_link(&mut header, path, target).unwrap();
            }
            Item::Hard(path, target) => {
                let mut header = header(tar::EntryType::Link, 0o755, 0);
                builder.append_link(&mut header, path, target).unwrap();
            }
        }
    }
    builder.into_inner().unwrap()
}

/// The same, compressed.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The same as a frame of zstd.
pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(super) const LIMITS: Limits = Limits {
    unpacked: 64 * 1024 * 1024,
    kept: 1024 * 1024,
    window: 16 * 1024 * 1024,
};

/// Reads a layer that is what it says.
pub(super) fn read(packed: &[u8], unpacked: &[u8]) -> Result<Layer, Unread> {
    let size = packed.len() as u64;
    let (digest, diff_id) = (Digest::of(packed), Digest::of(unpacked));
    let (layer, found) = read_layer(&mut { packed }, size, &digest, &diff_id, false, LIMITS)?;
    assert_eq!(found, diff_id);
    Ok(layer)
}

pub(super) fn layer(items: &[Item<'_>]) -> Layer {
    let bytes = archive(items);
    read(&bytes, &bytes).unwrap()
}

/// What an image starts.
pub(super) fn starts(words: &[&str]) -> Arguments {
    let config = serde_json::json!({"config": {"Entrypoint": words}});
    config_of(&config)
}

pub(super) fn config_of(config: &serde_json::Value) -> Arguments {
    crate::oci::Config::read(config.to_string().as_bytes()).arguments
}
