use super::made::{self, elf};
use crate::oci::Platform;
use crate::programs::executable::machine;

fn found(file: &[u8]) -> Option<String> {
    let machine = machine(file).unwrap();
    machine.map(|machine| machine.to_string())
}

#[test]
fn machine_class_and_byte_order_are_compared_together() {
    for (header, expected) in [
        ((62, 2, 1), Some("linux/amd64")),
        ((62, 1, 1), None),
        ((3, 1, 1), Some("linux/386")),
        ((183, 2, 1), Some("linux/arm64")),
        ((40, 1, 1), Some("linux/arm")),
        ((21, 2, 1), Some("linux/ppc64le")),
        ((21, 2, 2), Some("linux/ppc64")),
        ((22, 2, 2), Some("linux/s390x")),
        ((243, 2, 1), Some("linux/riscv64")),
        ((258, 2, 1), Some("linux/loong64")),
        ((8, 1, 1), Some("linux/mipsle")),
        // A machine that is not known, and byte orders that there are not.
        ((247, 2, 1), None),
        ((62, 2, 3), None),
        ((62, 3, 1), None),
    ] {
        let (machine, class, order) = header;
        let file = elf(machine, class, order, 2, 1);
        assert_eq!(found(&file).as_deref(), expected, "{header:?}");
    }
}

#[test]
fn a_shared_object_is_a_program_with_an_interpreter_or_the_flag_of_one() {
    const INTERP: u32 = 3;
    const DYNAMIC: u32 = 2;
    assert_eq!(found(&elf(62, 2, 1, 3, 1)), None);
    assert_eq!(
        found(&elf(62, 2, 1, 3, INTERP)).as_deref(),
        Some("linux/amd64")
    );
    for (flags, is_program) in [(0x0800_0001_u64, true), (1, false)] {
        let mut file = elf(62, 2, 1, 3, DYNAMIC);
        file.extend(0x6fff_fffb_u64.to_le_bytes());
        file.extend(flags.to_le_bytes());
        assert_eq!(found(&file).is_some(), is_program, "{flags:x}");
    }
}

#[test]
fn what_is_cut_damaged_or_something_else_says_nothing() {
    let whole = elf(62, 2, 1, 3, 3);
    for length in 0..whole.len() {
        let _ = found(&whole[..length]);
    }
    assert_eq!(found(&whole[..40]), None);
    for file in [
        &b""[..],
        b"\x7fELF",
        b"#!/bin/sh",
        b"MZ",
        b"MZqFpD='\n",
        &[0xff; 5_000],
    ] {
        assert_eq!(found(file), None);
    }
    // Segments that stand far away.
    let mut far = whole.clone();
    far[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(found(&far), None);
}

/// A PE file for a machine; `dot_net` where its directory stands.
fn pe(machine: u16, flags: u16, dot_net: u32) -> Vec<u8> {
    let mut file = b"MZ".to_vec();
    file.resize(0x3c, 0);
    file.extend(0x80_u32.to_le_bytes());
    file.resize(0x80, 0);
    file.extend(b"PE\0\0");
    file.extend(machine.to_le_bytes());
    file.resize(0x80 + 22, 0);
    file.extend(flags.to_le_bytes());
    file.extend(0x20b_u16.to_le_bytes());
    file.resize(0x80 + 24 + 108, 0);
    file.extend(16_u32.to_le_bytes());
    file.resize(0x80 + 24 + 112 + 14 * 8, 0);
    file.extend(dot_net.to_le_bytes());
    file.resize(0x400, 0);
    file
}

#[test]
fn a_program_of_windows_is_known_by_its_header_and_one_of_dot_net_or_a_library_is_not() {
    for (file, expected) in [
        (pe(0x8664, 0x22, 0), Some("windows/amd64")),
        (pe(0xaa64, 0x22, 0), Some("windows/arm64")),
        (pe(0x14c, 0x22, 0), Some("windows/386")),
        (pe(0x8664, 0x22, 0x2000), None),
        (pe(0x8664, 0x2022, 0), None),
        (pe(0x1234, 0x22, 0), None),
    ] {
        assert_eq!(found(&file).as_deref(), expected);
    }
}

#[test]
fn a_program_starts_on_its_platform_and_on_that_of_its_64_bit_kin() {
    let amd64 = machine(made::amd64().as_slice()).unwrap().unwrap();
    let i386 = machine(elf(3, 1, 1, 2, 1).as_slice()).unwrap().unwrap();
    let windows = machine(pe(0x8664, 0x22, 0).as_slice()).unwrap().unwrap();
    for (machine, platform, starts) in [
        (amd64, "linux/amd64", Some(true)),
        (amd64, "linux/amd64/v3", Some(true)),
        (amd64, "linux/arm64", Some(false)),
        (amd64, "linux/arm/v7", Some(false)),
        (i386, "linux/amd64", Some(true)),
        (amd64, "linux/386", Some(false)),
        // Of other systems and unknown machines nothing is known.
        (amd64, "windows/amd64", None),
        (amd64, "freebsd/arm64", None),
        (amd64, "linux/sparc64", None),
        (windows, "linux/amd64", None),
        (windows, "windows/amd64", Some(true)),
        // Windows on arm64 emulates it.
        (windows, "windows/arm64", None),
    ] {
        let platform: Platform = platform.parse().unwrap();
        assert_eq!(
            machine.starts_on(&platform),
            starts,
            "{machine} on {platform}"
        );
    }
}
