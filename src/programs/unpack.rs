//! A layer's bytes without their compression: gzip, zstd or none, by their first bytes and not by
//! the media type, as containerd reads them.

use std::collections::VecDeque;
use std::io::{self, BufReader, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The first bytes of a frame that is skipped: `0x184D2A5?`, little endian (RFC 8878, 3.1.2).
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// How much of a stream is read at once.
const BUFFER: usize = 64 * 1024;

/// The longest header of a zstd frame.
const MAX_HEADER: usize = 18;

/// What a layer is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// By the first four bytes.
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            _ if start.starts_with(&GZIP) => Some(Self::Gzip),
            _ if start.starts_with(&ZSTD) || is_skippable(start) => Some(Self::Zstd),
            // xz, bzip2 and LZ4: nothing in the specification, but seen.
            _ if start.starts_with(b"\xfd7zX")
                || start.starts_with(b"BZh")
                || start.starts_with(b"\x04\x22\x4d\x18") =>
            {
                None
            }
            _ => Some(Self::None),
        }
    }
}

fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [first, rest @ ..] if first & 0xf0 == 0x50 && rest.starts_with(&SKIPPABLE))
}

/// A stream with its compression taken off: all members of gzip and all frames of zstd, one after the
/// other; `None` where the compression is not known.
///
/// # Errors
///
/// When the stream fails.
pub(super) fn unpack<'a>(
    packed: impl Read + 'a,
    max_window: u64,
) -> io::Result<Option<Box<dyn Read + 'a>>> {
    let mut packed = Peek::new(packed);
    let compression = Compression::of(packed.peek(4)?);
    Ok(compression.map(|compression| -> Box<dyn Read + 'a> {
        match compression {
            Compression::None => Box::new(packed),
            Compression::Gzip => {
                let packed = BufReader::with_capacity(BUFFER, packed);
                Box::new(MultiGzDecoder::new(packed))
            }
            Compression::Zstd => Box::new(Frames {
                packed,
                max_window,
                frame: None,
            }),
        }
    }))
}

/// A stream whose next bytes can be looked at before they are read.
struct Peek<R> {
    next: VecDeque<u8>,
    rest: R,
}

impl<R: Read> Peek<R> {
    fn new(rest: R) -> Self {
        Self {
            next: VecDeque::new(),
            rest,
        }
    }

    /// The next bytes, at most so many; fewer where the stream ends before.
    fn peek(&mut self, most: usize) -> io::Result<&[u8]> {
        let missing = most.saturating_sub(self.next.len());
        let mut read = Vec::new();
        let limit = u64::try_from(missing).unwrap_or(u64::MAX);
        (&mut self.rest).take(limit).read_to_end(&mut read)?;
        self.next.extend(read);
        Ok(self.next.make_contiguous())
    }
}

impl<R: Read> Read for Peek<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.next.is_empty() {
            true => self.rest.read(into),
            false => self.next.read(into),
        }
    }
}

/// The frames of a zstd stream, one after the other (RFC 8878, 3.1).
struct Frames<R> {
    packed: Peek<R>,
    max_window: u64,
    /// The frame that is read.
    frame: Option<Box<FrameDecoder>>,
}

/// What is wrong in a frame is not said: its words would be a part of the program that is larger than
/// the decoder.
fn damaged<E>(_: E) -> io::Error {
    io::Error::other("a frame of zstd is damaged or cut off")
}

impl<R: Read> Frames<R> {
    /// The next frame that is not skipped, if there is one.
    fn next(&mut self) -> io::Result<Option<Box<FrameDecoder>>> {
        loop {
            let header = self.packed.peek(MAX_HEADER)?;
            if header.is_empty() {
                return Ok(None);
            }
            if is_skippable(header) {
                let length = header.get(4..8).and_then(|it| <[u8; 4]>::try_from(it).ok());
                let length = length.ok_or(ErrorKind::UnexpectedEof)?;
                let length = u64::from(u32::from_le_bytes(length)) + 8;
                let skipped = io::copy(&mut (&mut self.packed).take(length), &mut io::sink())?;
                if skipped < length {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                continue;
            }
            if window(header).is_none_or(|window| window > self.max_window) {
                let most = self.max_window / 1024 / 1024;
                let reason =
                    format!("a frame of zstd has no header, or a larger window than {most} MiB");
                return Err(io::Error::other(reason));
            }
            let mut frame = Box::new(FrameDecoder::new());
            frame.init(&mut self.packed).map_err(damaged)?;
            return Ok(Some(frame));
        }
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = &mut self.frame else {
                self.frame = self.next()?;
                if self.frame.is_none() {
                    return Ok(0);
                }
                continue;
            };
            while frame.can_collect() == 0 && !frame.is_finished() {
                let block = BlockDecodingStrategy::UptoBlocks(1);
                frame
                    .decode_blocks(&mut self.packed, block)
                    .map_err(damaged)?;
            }
            let read = frame.read(into).map_err(damaged)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            self.frame = None;
        }
    }
}

/// How large the window of a frame is, by its header (RFC 8878, 3.1.1.1).
fn window(header: &[u8]) -> Option<u64> {
    let rest = header.strip_prefix(&ZSTD)?;
    let (descriptor, rest) = rest.split_first()?;
    if descriptor & 0x20 == 0 {
        let byte = rest.first()?;
        let base = 1_u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    // A single segment: the window is as large as the content, whose size follows.
    let rest = rest.get(
        match descriptor & 3 {
            3 => 4,
            id => usize::from(id),
        }..,
    )?;
    let size = |length: usize| {
        let bytes = rest.get(..length)?.iter().rev();
        Some(bytes.fold(0_u64, |size, byte| (size << 8) | u64::from(*byte)))
    };
    match descriptor >> 6 {
        0 => size(1),
        1 => Some(size(2)? + 256),
        2 => size(4),
        _ => size(8),
    }
}
