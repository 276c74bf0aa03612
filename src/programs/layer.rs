//! One layer: read to its end, checked by both of its digests, and kept as what the search for a
//! program needs. Nothing is written to disk.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read};

use tar::{Archive, EntryType, PaxExtensions};

use super::executable::{Machine, machine};
use super::unpack::unpack;
use crate::oci::{Digest, Hasher};

/// The longest path, as on Linux.
const MAX_PATH: usize = 4096;

/// The largest extended header: names and attributes of one entry.
const MAX_EXTENDED: u64 = 1024 * 1024;

/// How much may be read of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes that it may have when it is unpacked.
    pub unpacked: u64,
    /// The most memory that may be kept of it, in bytes.
    pub kept: usize,
    /// The largest window of a frame of zstd, in bytes. A decoder takes up to three times as much memory.
    pub window: u64,
}

/// What is known of a layer that was read whole.
#[derive(Debug, Default)]
pub struct Layer {
    /// What stands under each path, by the hash of the path; sorted.
    nodes: Vec<(u64, Node)>,
    /// The hashes of the last parts of all paths but those of directories; sorted.
    names: Vec<u64>,
    programs: Vec<(String, Machine)>,
    links: Vec<Vec<u8>>,
}

/// What stands under a path of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A directory.
    Directory,
    /// A file or a device that is not executable.
    Data,
    /// An executable file that says nothing of a machine, such as a script.
    Script,
    /// An executable for a machine, by its place in the list.
    Program(u32),
    /// A link to a path, by its place in the list.
    Symbolic(u32),
    /// A hard link to a file that is not in the layer, by its place in the list.
    Hard(u32),
}

/// Why a layer is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The stream failed; its reader knows why.
    Stream,
    /// The bytes are not those of the digest: these are.
    Digest(Digest),
    /// The bytes are right, and cannot be understood.
    Shape(String),
    /// The bytes may be right, and are too large or too many to be read.
    Limit(String),
}

impl Layer {
    /// How many bytes of memory it takes, about.
    #[must_use]
    pub fn kept(&self) -> usize {
        let texts: usize = self.programs.iter().map(|(path, _)| path.len()).sum();
        let links: usize = self.links.iter().map(Vec::len).sum();
        ENTRY * self.nodes.len()
            + NAME * self.names.len()
            + TEXT * (self.programs.len() + self.links.len())
            + texts
            + links
    }

    /// The executables that say which machine they are for, by their paths.
    #[must_use]
    pub fn programs(&self) -> &[(String, Machine)] {
        &self.programs
    }

    /// What stands under a path.
    pub(super) fn node(&self, path: &[u8]) -> Option<Node> {
        let hash = hash(path);
        let at = self
            .nodes
            .binary_search_by_key(&hash, |(key, _)| *key)
            .ok()?;
        self.nodes.get(at).map(|(_, node)| *node)
    }

    /// Whether the layer hides what lower layers have under this path: by a whiteout of it, or by an
    /// opaque directory that it would be in (image-spec, `layer.md`, "Whiteouts").
    pub(super) fn hides(&self, path: &[u8]) -> bool {
        let (parent, name) = split(path);
        let whiteout = [parent, b"/.wh.", name].concat();
        let opaque = [parent, b"/.wh..wh..opq"].concat();
        [whiteout, opaque].iter().any(|it| self.node(it).is_some())
    }

    /// Whether a path of the layer ends with this name, directories aside.
    pub(super) fn has_name(&self, name: &[u8]) -> bool {
        self.names.binary_search(&hash(name)).is_ok()
    }

    pub(super) fn program(&self, nth: u32) -> Option<&(String, Machine)> {
        self.programs.get(usize::try_from(nth).ok()?)
    }

    pub(super) fn link(&self, nth: u32) -> Option<&[u8]> {
        self.links
            .get(usize::try_from(nth).ok()?)
            .map(Vec::as_slice)
    }
}

/// How much memory a path takes while it is read, a name, and a text beside its bytes.
const ENTRY: usize = 24;
const NAME: usize = 16;
const TEXT: usize = 48;

fn hash(path: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// The directory of a path, and the last part of it.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let slash = path.iter().rposition(|byte| *byte == b'/');
    match slash.and_then(|at| Some((path.get(..at)?, path.get(at + 1..)?))) {
        Some(both) => both,
        None => (b"", path),
    }
}

/// A path below the root, with a slash before each part. None of it leads out.
pub(super) fn below_root(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    let mut whole = Vec::with_capacity(path.len() + 1);
    for part in parts {
        whole.push(b'/');
        whole.extend_from_slice(part);
    }
    whole
}

/// A path of a Windows image as it is compared: without its drive, in one case.
pub(super) fn windows_path(path: &[u8]) -> Vec<u8> {
    let path = match path {
        [drive, b':', rest @ ..] if drive.is_ascii_alphabetic() => rest,
        path => path,
    };
    let forward = path.iter().map(|byte| match byte {
        b'\\' => b'/',
        byte => byte.to_ascii_lowercase(),
    });
    forward.collect()
}

/// Reads a layer of this size to its end, and gives the digest that it has when it is unpacked, by
/// the algorithm of `diff_id`.
///
/// # Errors
///
/// When it is not what its digest says, cannot be understood, or is larger than the limits.
pub fn read_layer(
    stream: &mut dyn Read,
    size: u64,
    digest: &Digest,
    diff_id: &Digest,
    is_windows: bool,
    limits: Limits,
) -> Result<(Layer, Digest), Unread> {
    let mut packed = Hashing::new(stream, digest, size);
    let unpacked = walk(&mut packed, diff_id, is_windows, limits);
    // What cannot be understood may just not be the layer.
    if packed.failure.is_none() && !packed.is_over && !matches!(unpacked, Err(Unread::Limit(_))) {
        // How it failed is known below.
        let _ = io::copy(&mut packed, &mut io::sink());
    }
    if packed.is_over {
        // More bytes than the manifest says: none of its digest.
        return Err(Unread::Digest(packed.hasher.finish()));
    }
    if packed.failure.is_some() {
        return Err(Unread::Stream);
    }
    if let Err(Unread::Limit(_)) = unpacked {
        return unpacked;
    }
    let found = packed.hasher.finish();
    match found == *digest {
        true => unpacked,
        false => Err(Unread::Digest(found)),
    }
}

/// A stream that is hashed while it is read, up to a limit.
struct Hashing<R> {
    stream: R,
    hasher: Hasher,
    left: u64,
    failure: Option<String>,
    is_over: bool,
}

impl<R: Read> Hashing<R> {
    fn new(stream: R, like: &Digest, limit: u64) -> Self {
        Self {
            stream,
            hasher: like.hasher(),
            left: limit,
            failure: None,
            is_over: false,
        }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match self.stream.read(into) {
            Ok(read) => read,
            Err(error) => {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.failure = Some(error.to_string());
                }
                return Err(error);
            }
        };
        self.hasher.update(into.get(..read).unwrap_or_default());
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        match self.left.checked_sub(length) {
            Some(left) => self.left = left,
            None => {
                self.is_over = true;
                return Err(io::Error::other("it is too large"));
            }
        }
        Ok(read)
    }
}

/// Unpacks a layer and walks the archive in it, to the end of both.
fn walk(
    packed: &mut impl Read,
    like: &Digest,
    is_windows: bool,
    limits: Limits,
) -> Result<(Layer, Digest), Unread> {
    let failed = |error: &io::Error| Unread::Shape(format!("it cannot be unpacked: {error}"));
    let stream = unpack(packed, limits.window).map_err(|error| failed(&error))?;
    let stream = stream.ok_or_else(|| {
        Unread::Shape("it is compressed with something else than gzip or zstd".to_owned())
    })?;
    let mut stream = Hashing::new(stream, like, limits.unpacked);
    let mut builder = Builder {
        is_windows,
        left: limits.kept,
        ..Builder::default()
    };
    let walked = builder.archive(&mut stream);
    let rest = match walked {
        Ok(()) => io::copy(&mut stream, &mut io::sink()).map_err(|error| failed(&error)),
        Err(unread) => Err(unread),
    };
    if stream.is_over {
        let size = limits.unpacked / 1024 / 1024;
        let why = format!("unpacked, it is larger than {size} MiB, the most that is read of it");
        return Err(Unread::Limit(why));
    }
    if let Some(failure) = &stream.failure {
        return Err(Unread::Shape(format!("it cannot be unpacked: {failure}")));
    }
    rest?;
    Ok((builder.finish(), stream.hasher.finish()))
}

/// A layer while it is read.
#[derive(Default)]
struct Builder {
    layer: Layer,
    nodes: BTreeMap<u64, Node>,
    is_windows: bool,
    /// How much memory is left.
    left: usize,
    /// What the extended headers say of the next entry.
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    /// The directory that the last entry was in: it is known.
    parent: Vec<u8>,
}

impl Builder {
    fn archive(&mut self, stream: &mut impl Read) -> Result<(), Unread> {
        let shape = |error: io::Error| Unread::Shape(format!("it is not a tar archive: {error}"));
        let mut archive = Archive::new(stream);
        // The library would keep names of any length.
        for entry in archive.entries().map_err(shape)?.raw(true) {
            let mut entry = entry.map_err(shape)?;
            let kind = entry.header().entry_type();
            match kind {
                EntryType::GNULongName => self.path = Some(name(&mut entry)?),
                EntryType::GNULongLink => self.target = Some(name(&mut entry)?),
                EntryType::XHeader => self.extended(&mut entry)?,
                EntryType::XGlobalHeader => {}
                EntryType::GNUSparse => {
                    return Err(Unread::Shape(
                        "it has a sparse file in the form of GNU tar".to_owned(),
                    ));
                }
                kind => {
                    let path = self
                        .path
                        .take()
                        .map_or_else(|| entry.path_bytes(), Cow::Owned);
                    let target = self.target.take();
                    let target = target.map(Cow::Owned).or_else(|| entry.link_name_bytes());
                    let (path, target) = (self.clean(&path)?, target.map(Cow::into_owned));
                    let mode = entry.header().mode().unwrap_or(0);
                    self.entry(path, kind, target, mode, &mut entry)?;
                }
            }
        }
        Ok(())
    }

    /// Reads what a pax header says of the next entry.
    fn extended(&mut self, entry: &mut impl Read) -> Result<(), Unread> {
        let bytes = bounded(entry)?;
        let bad = |_| Unread::Shape("it has a pax header that cannot be read".to_owned());
        for record in PaxExtensions::new(&bytes) {
            let record = record.map_err(bad)?;
            match record.key_bytes() {
                b"path" => self.path = Some(record.value_bytes().to_vec()),
                b"linkpath" => self.target = Some(record.value_bytes().to_vec()),
                key if key == b"size" || key.starts_with(b"GNU.sparse.") => {
                    return Err(Unread::Shape(
                        "it has a sparse file, or one that is larger than 8 GiB".to_owned(),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn clean(&self, path: &[u8]) -> Result<Vec<u8>, Unread> {
        if path.len() > MAX_PATH {
            let why = format!("it has a path that is longer than {MAX_PATH} bytes");
            return Err(Unread::Shape(why));
        }
        let path = below_root(path);
        match self.is_windows {
            // A layer of Windows has its files in this directory.
            true => Ok(windows_path(path.strip_prefix(b"/Files").unwrap_or(&path))),
            false => Ok(path),
        }
    }

    fn entry(
        &mut self,
        path: Vec<u8>,
        kind: EntryType,
        target: Option<Vec<u8>>,
        mode: u32,
        content: &mut impl Read,
    ) -> Result<(), Unread> {
        let is_started = mode & 0o111 != 0 || self.is_windows;
        let node = match (kind, target) {
            (EntryType::Directory, _) => Node::Directory,
            (EntryType::Symlink, Some(target)) => Node::Symbolic(self.link(target)?),
            (EntryType::Link, Some(target)) => {
                let target = self.clean(&target)?;
                match self.nodes.get(&hash(&target)) {
                    Some(node) => *node,
                    None => Node::Hard(self.link(target)?),
                }
            }
            (kind, _) if is_file(kind) && is_started => self.file(&path, content)?,
            _ => Node::Data,
        };
        self.parents(&path)?;
        if node != Node::Directory {
            let (parent, name) = split(&path);
            self.name(name)?;
            if name == b".wh..wh..opq" {
                self.name(&[b".wh.", split(parent).1].concat())?;
            }
        }
        self.add(&path, node)
    }

    /// An executable file.
    fn file(&mut self, path: &[u8], content: &mut impl Read) -> Result<Node, Unread> {
        let found = machine(content)
            .map_err(|error| Unread::Shape(format!("it is not a tar archive: {error}")))?;
        let Some(machine) = found else {
            return Ok(Node::Script);
        };
        let path = String::from_utf8_lossy(path).into_owned();
        self.take(TEXT + path.len())?;
        self.layer.programs.push((path, machine));
        Ok(Node::Program(last(self.layer.programs.len())))
    }

    fn link(&mut self, target: Vec<u8>) -> Result<u32, Unread> {
        if target.len() > MAX_PATH {
            let why = format!("it has a link that is longer than {MAX_PATH} bytes");
            return Err(Unread::Shape(why));
        }
        self.take(TEXT + target.len())?;
        self.layer.links.push(target);
        Ok(last(self.layer.links.len()))
    }

    /// The directories that a path is in are there, whether an entry says so or not.
    fn parents(&mut self, path: &[u8]) -> Result<(), Unread> {
        let (parent, _) = split(path);
        if parent == self.parent.as_slice() {
            return Ok(());
        }
        self.parent = parent.to_vec();
        let slashes = path
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, byte)| **byte == b'/');
        for (at, _) in slashes {
            let parent = path.get(..at).unwrap_or_default();
            // An entry of its own says it better: it may be a link.
            if !self.nodes.contains_key(&hash(parent)) {
                self.add(parent, Node::Directory)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &[u8], node: Node) -> Result<(), Unread> {
        // Of what stands under one path the last entry counts, as when it is unpacked.
        if self.nodes.insert(hash(path), node).is_none() {
            self.take(ENTRY)?;
        }
        Ok(())
    }

    /// A name counts each time: one path may have millions of entries.
    fn name(&mut self, name: &[u8]) -> Result<(), Unread> {
        self.layer.names.push(hash(name));
        self.take(NAME)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Unread> {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                let why = "it holds more files than are kept in memory at once";
                return Err(Unread::Limit(why.to_owned()));
            }
        }
        Ok(())
    }

    fn finish(self) -> Layer {
        let mut layer = self.layer;
        layer.nodes = self.nodes.into_iter().collect();
        layer.names.sort_unstable();
        layer.names.dedup();
        layer
    }
}

fn is_file(kind: EntryType) -> bool {
    matches!(kind, EntryType::Regular | EntryType::Continuous)
}

/// The place of the last of so many.
fn last(count: usize) -> u32 {
    u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX)
}

/// A name that stands in an entry of its own.
fn name(entry: &mut impl Read) -> Result<Vec<u8>, Unread> {
    let mut name = bounded(entry)?;
    while name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn bounded(entry: &mut impl Read) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    entry
        .take(MAX_EXTENDED + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Unread::Shape(format!("it is not a tar archive: {error}")))?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= MAX_EXTENDED => Ok(bytes),
        _ => Err(Unread::Shape(
            "it has an extended header that is larger than 1 MiB".to_owned(),
        )),
    }
}
