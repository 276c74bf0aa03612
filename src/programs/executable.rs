//! What machine an executable is for, by the header that its system reads: ELF and PE.
//!
//! Whatever is not certain is not an executable here: a shared library, a header that is cut or damaged,
//! a machine that is not known, a file that several systems can start.

use std::fmt;
use std::io::{self, Read};

use crate::oci::Platform;

/// The machine that an executable is for: what the loader compares (machine, class and byte order).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Machine {
    is_windows: bool,
    architecture: &'static str,
}

/// The most that is kept of the beginning of a file. The headers of an executable stand there.
const HEAD: usize = 4096;

/// The largest dynamic section that is read.
const MAX_DYNAMIC: u64 = 64 * 1024;

const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_1_PIE: u64 = 0x0800_0000;

/// Architectures whose machines start programs of the other one, too, on most of their kernels.
const KIN: [(&str, &str); 7] = [
    ("amd64", "386"),
    ("arm64", "arm"),
    ("ppc64", "ppc"),
    ("s390x", "s390"),
    ("mips64", "mips"),
    ("mips64le", "mipsle"),
    ("riscv64", "riscv"),
];

/// Windows on arm64 emulates these.
const EMULATED: [&str; 3] = ["386", "amd64", "arm"];

impl Machine {
    /// All that are known.
    pub fn known() -> impl Iterator<Item = Self> {
        let elf = MACHINES.iter().map(|row| (false, row.3));
        let pe = PE_MACHINES.iter().map(|row| (true, row.1));
        elf.chain(pe).map(|(is_windows, architecture)| Self {
            is_windows,
            architecture,
        })
    }

    /// The architecture, in Go's words.
    #[must_use]
    pub fn architecture(self) -> &'static str {
        self.architecture
    }

    /// Whether programs for this machine start on a platform; `None` where that is not known.
    #[must_use]
    pub fn starts_on(self, platform: &Platform) -> Option<bool> {
        let (system, architecture) = (platform.system()?, platform.architecture()?);
        let is_known = |name: &str| MACHINES.iter().any(|(_, _, _, known)| *known == name);
        match (self.is_windows, system) {
            (true, "windows")
                if architecture == "arm64" && EMULATED.contains(&self.architecture) =>
            {
                None
            }
            (true, "windows") | (false, "linux") if is_known(architecture) => {
                Some(self.architecture == architecture || self.is_kin_of(architecture))
            }
            _ => None,
        }
    }

    /// Whether it is the 32-bit relative of a 64-bit architecture.
    #[must_use]
    pub fn is_kin_of(self, architecture: &str) -> bool {
        KIN.contains(&(architecture, self.architecture))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system = if self.is_windows { "windows" } else { "linux" };
        write!(f, "{system}/{}", self.architecture)
    }
}

/// The machines of ELF that are known: `e_machine`, whether it is 64 bits wide, whether it is little
/// endian, and Go's word for it. All three are compared: ppc64 is not ppc64le, x32 is not amd64.
const MACHINES: [(u16, bool, bool, &str); 18] = [
    (3, false, true, "386"),
    (8, false, true, "mipsle"),
    (8, false, false, "mips"),
    (8, true, true, "mips64le"),
    (8, true, false, "mips64"),
    (20, false, false, "ppc"),
    (21, true, true, "ppc64le"),
    (21, true, false, "ppc64"),
    (22, false, false, "s390"),
    (22, true, false, "s390x"),
    (40, false, true, "arm"),
    (40, false, false, "armbe"),
    (62, true, true, "amd64"),
    (183, true, true, "arm64"),
    (183, true, false, "arm64be"),
    (243, false, true, "riscv"),
    (243, true, true, "riscv64"),
    (258, true, true, "loong64"),
];

/// The machines of PE that are known.
const PE_MACHINES: [(u16, &str); 4] = [
    (0x14c, "386"),
    (0x1c4, "arm"),
    (0x8664, "amd64"),
    (0xaa64, "arm64"),
];

/// The machine that a file is an executable for; `None` if it is not one, or that is not certain.
/// What is left of the file is not read.
///
/// # Errors
///
/// When the stream fails.
pub(super) fn machine(mut file: impl Read) -> io::Result<Option<Machine>> {
    let mut head = vec![0; 4];
    let start = fill(&mut file, &mut head)?;
    head.truncate(start);
    if !head.starts_with(b"\x7fELF") && !head.starts_with(b"MZ") {
        return Ok(None);
    }
    let mut rest = vec![0; HEAD - head.len()];
    let read = fill(&mut file, &mut rest)?;
    rest.truncate(read);
    head.extend(rest);
    match head.starts_with(b"MZ") {
        true => Ok(pe(&head)),
        false => elf(&head, file),
    }
}

/// Fills a buffer as far as the stream goes.
fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Numbers in a header, by its byte order.
struct Numbers<'a> {
    bytes: &'a [u8],
    is_little: bool,
    is_wide: bool,
}

impl Numbers<'_> {
    fn number(&self, at: u64, length: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let end = at.checked_add(usize::try_from(length).ok()?)?;
        let bytes = self.bytes.get(at..end)?;
        let add = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(match self.is_little {
            true => bytes.iter().rev().fold(0, add),
            false => bytes.iter().fold(0, add),
        })
    }

    fn half(&self, at: u64) -> Option<u16> {
        u16::try_from(self.number(at, 2)?).ok()
    }

    fn word(&self, at: u64) -> Option<u32> {
        u32::try_from(self.number(at, 4)?).ok()
    }

    /// A number as wide as the class of the file, which stands at one place in 32-bit files and at
    /// another in 64-bit ones.
    fn wide(&self, narrow: u64, wide: u64) -> Option<u64> {
        match self.is_wide {
            true => self.number(wide, 8),
            false => self.number(narrow, 4),
        }
    }
}

/// Reads the header of an ELF file: what counts is `ET_EXEC`, and `ET_DYN` with an interpreter or
/// the flag of a position-independent executable. Any other `ET_DYN` is a library.
fn elf(head: &[u8], file: impl Read) -> io::Result<Option<Machine>> {
    let (Some(class), Some(order)) = (head.get(4), head.get(5)) else {
        return Ok(None);
    };
    if !matches!(class, 1 | 2) || !matches!(order, 1 | 2) {
        return Ok(None);
    }
    let numbers = Numbers {
        bytes: head,
        is_little: *order == 1,
        is_wide: *class == 2,
    };
    let Some(machine) = elf_machine(&numbers) else {
        return Ok(None);
    };
    let is_executable = match numbers.half(16) {
        Some(2) => true,
        Some(3) => is_started(&numbers, file)?,
        _ => false,
    };
    Ok(is_executable.then_some(machine))
}

fn elf_machine(numbers: &Numbers<'_>) -> Option<Machine> {
    let machine = numbers.half(18)?;
    let is_it = |row: &&(u16, bool, bool, &str)| {
        (row.0, row.1, row.2) == (machine, numbers.is_wide, numbers.is_little)
    };
    let (_, _, _, architecture) = MACHINES.iter().find(is_it)?;
    // EF_MIPS_ABI2: 32-bit pointers on a 64-bit machine, and neither of the two by name.
    let flags = numbers.word(if numbers.is_wide { 48 } else { 36 })?;
    let is_n32 = machine == 8 && !numbers.is_wide && flags & 0x20 != 0;
    (!is_n32).then_some(Machine {
        is_windows: false,
        architecture,
    })
}

/// Whether a shared object is a program.
fn is_started(numbers: &Numbers<'_>, file: impl Read) -> io::Result<bool> {
    let Some(segments) = segments(numbers) else {
        return Ok(false);
    };
    if segments.iter().any(|(kind, _, _)| *kind == PT_INTERP) {
        return Ok(true);
    }
    match segments.iter().find(|(kind, _, _)| *kind == PT_DYNAMIC) {
        Some((_, offset, size)) if *size <= MAX_DYNAMIC => is_pie(numbers, file, *offset, *size),
        _ => Ok(false),
    }
}

/// The segments of the program: kind, offset and size in the file. `None` if they are not all in the
/// beginning of the file.
fn segments(numbers: &Numbers<'_>) -> Option<Vec<(u32, u64, u64)>> {
    let at = numbers.wide(28, 32)?;
    let (size, count) = match numbers.is_wide {
        true => (numbers.half(54)?, numbers.half(56)?),
        false => (numbers.half(42)?, numbers.half(44)?),
    };
    let segment = |nth: u16| {
        let at = at.checked_add(u64::from(nth) * u64::from(size))?;
        let offset = numbers.wide(at.checked_add(4)?, at.checked_add(8)?)?;
        let length = numbers.wide(at.checked_add(16)?, at.checked_add(32)?)?;
        Some((numbers.word(at)?, offset, length))
    };
    (0..count).map(segment).collect()
}

/// Whether the dynamic section says that the file is a position-independent executable.
fn is_pie(numbers: &Numbers<'_>, file: impl Read, offset: u64, size: u64) -> io::Result<bool> {
    let mut file = numbers.bytes.chain(file);
    io::copy(&mut (&mut file).take(offset), &mut io::sink())?;
    let mut section = vec![0; usize::try_from(size).unwrap_or(0)];
    let filled = fill(&mut file, &mut section)?;
    section.truncate(filled);
    let section = Numbers {
        bytes: &section,
        ..*numbers
    };
    let (entry, value) = if numbers.is_wide { (16, 8) } else { (8, 4) };
    let entries = u64::try_from(filled).unwrap_or(0) / entry;
    let flag = |nth: u64| {
        let at = nth * entry;
        let tag = section.wide(at, at)?;
        (tag == DT_FLAGS_1).then(|| section.wide(at + value, at + value))?
    };
    Ok((0..entries)
        .find_map(flag)
        .is_some_and(|flags| flags & DF_1_PIE != 0))
}

/// Reads the header of a PE file (Microsoft, "PE Format"). A DLL is not a program, and a program of
/// .NET says little: many start on every machine.
fn pe(head: &[u8]) -> Option<Machine> {
    let numbers = Numbers {
        bytes: head,
        is_little: true,
        is_wide: false,
    };
    let at = u64::from(numbers.word(0x3c)?);
    if numbers.word(at)? != 0x0000_4550 {
        return None;
    }
    let (machine, flags) = (numbers.half(at + 4)?, numbers.half(at + 22)?);
    let (_, architecture) = PE_MACHINES.iter().find(|(known, _)| *known == machine)?;
    const IS_EXECUTABLE: u16 = 0x0002;
    const IS_DLL: u16 = 0x2000;
    if flags & IS_EXECUTABLE == 0 || flags & IS_DLL != 0 {
        return None;
    }
    let optional = at + 24;
    let directories = match numbers.half(optional)? {
        0x10b => optional + 96,
        0x20b => optional + 112,
        _ => return None,
    };
    // The number of directories stands before them; the 15th is that of .NET.
    let is_dot_net =
        numbers.word(directories - 4)? > 14 && numbers.word(directories + 14 * 8)? != 0;
    (!is_dot_net).then_some(Machine {
        is_windows: true,
        architecture,
    })
}
