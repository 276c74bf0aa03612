//! The encodings that a text file comes in: UTF-8, and what Windows PowerShell makes of it.

/// What to type where a file has an encoding that is not read.
pub const SAVE_AS_UTF8: &str =
    "save it as UTF-8; in PowerShell: `… | Out-File -Encoding utf8 FILE`";

/// The bytes of a text as UTF-8 without a byte order mark, at most `limit` of them.
///
/// `>` in Windows PowerShell 5 writes UTF-16 with a mark, other Windows tools put one in front of
/// UTF-8. What has no mark and does not look like UTF-16 is given back as it is: whether it is
/// UTF-8 is for its reader to say.
///
/// # Errors
///
/// When it is another encoding, or UTF-16 that is damaged: the words say which.
pub fn utf8(bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, String> {
    match bytes.as_slice() {
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(rest.to_vec()),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Err("it is UTF-32, which is not read".to_owned())
        }
        [0xff, 0xfe, rest @ ..] => of_utf16(rest, u16::from_le_bytes, limit),
        [0xfe, 0xff, rest @ ..] => of_utf16(rest, u16::from_be_bytes, limit),
        // No text that is read begins with a NUL or has one behind its first letter.
        [0, letter, ..] | [letter, 0, ..] if letter.is_ascii() && *letter != 0 => Err(
            "it is UTF-16 without a byte order mark, so nothing says in which order its bytes are"
                .to_owned(),
        ),
        _ => Ok(bytes),
    }
}

fn of_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, limit: usize) -> Result<Vec<u8>, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(
            "it is UTF-16 with an odd number of bytes, so a part of it is missing".to_owned(),
        );
    }
    let chars = || char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    // Counted first, so that no more room is taken than is needed.
    let mut size = 0;
    for (number, c) in chars().enumerate() {
        let c = c.map_err(|_| {
            format!(
                "it is UTF-16 with half a character at character {}",
                number + 1
            )
        })?;
        size += c.len_utf8();
        if size > limit {
            return Err(too_large(limit));
        }
    }
    let mut text = String::with_capacity(size);
    text.extend(chars().flatten());
    Ok(text.into_bytes())
}

/// What is said of a file that is larger than `limit` bytes.
pub(crate) fn too_large(limit: usize) -> String {
    match limit / (1024 * 1024) {
        0 => format!("it is larger than {} KiB", limit / 1024),
        mib => format!("it is larger than {mib} MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text in UTF-16 with a mark, in both orders.
    fn utf16(text: &str) -> [Vec<u8>; 2] {
        let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
        [
            units().flat_map(u16::to_le_bytes).collect(),
            units().flat_map(u16::to_be_bytes).collect(),
        ]
    }

    #[test]
    fn marks_say_what_a_text_is_in_and_are_left_out() {
        for text in ["", "{}", "\r\n{\"ü\": \"✔ 𝄞\"}\r\n", "\u{feff}x"] {
            for bytes in utf16(text) {
                assert_eq!(utf8(bytes, 1000), Ok(text.as_bytes().to_vec()), "{text:?}");
            }
            let marked = format!("\u{feff}{text}").into_bytes();
            assert_eq!(utf8(marked, 1000), Ok(text.as_bytes().to_vec()), "{text:?}");
        }
    }

    #[test]
    fn what_has_no_mark_stays_as_it_is() {
        for bytes in [
            &b""[..],
            b"{",
            b"{}",
            b"\xff",
            b"\xfe",
            b"\xef\xbb",
            b"a\xffb",
            b"ab\0",
            b"\0",
            b"\0\0",
        ] {
            assert_eq!(utf8(bytes.to_vec(), 1000), Ok(bytes.to_vec()), "{bytes:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let [mut little, mut big] = utf16("{}");
        assert_eq!(
            [little.pop(), big.pop()].map(|it| it.is_some()),
            [true, true]
        );
        for (bytes, words) in [
            (little, "odd number of bytes"),
            (big, "odd number of bytes"),
            (b"\xff\xfe{".to_vec(), "odd number of bytes"),
            (
                b"\xff\xfea\0\x00\xd8b\0".to_vec(),
                "half a character at character 2",
            ),
            (
                b"\xff\xfe\x00\xdc".to_vec(),
                "half a character at character 1",
            ),
            (
                b"\xfe\xff\xd8\x00".to_vec(),
                "half a character at character 1",
            ),
            (b"{\0}\0".to_vec(), "UTF-16 without a byte order mark"),
            (b"\0{\0}".to_vec(), "UTF-16 without a byte order mark"),
            (b"\n\0".to_vec(), "UTF-16 without a byte order mark"),
            (b"\xff\xfe\0\0{\0\0\0".to_vec(), "UTF-32"),
            (b"\0\0\xfe\xff\0\0\0{".to_vec(), "UTF-32"),
        ] {
            let error = utf8(bytes.clone(), 1000).unwrap_err();
            assert!(error.contains(words), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn the_limit_is_that_of_the_text() {
        for bytes in utf16("✔✔") {
            assert_eq!(utf8(bytes.clone(), 6).map(|it| it.len()), Ok(6));
            assert_eq!(utf8(bytes, 5), Err("it is larger than 0 KiB".to_owned()));
        }
        assert_eq!(too_large(16 * 1024 * 1024), "it is larger than 16 MiB");
    }
}
