//! Files and standard input: read with a limit, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::problem::Problem;
use crate::text::{SAVE_AS_UTF8, too_large, utf8};

/// How many directories deep a pattern with `**` is followed.
const MAX_DEPTH: usize = 16;

/// Reads a text file of at most `limit` bytes, in any encoding that [`utf8`] takes.
///
/// # Errors
///
/// When it cannot be read or is larger, with `help` for what to type instead.
pub(crate) fn read(path: &Path, limit: usize, help: &str) -> Result<Vec<u8>, Problem> {
    let failed = || format!("failed to read `{}`", path.display());
    let bytes = || -> anyhow::Result<Vec<u8>> {
        let metadata = fs::metadata(path).map_err(words)?;
        if metadata.is_dir() {
            bail!("it is a directory");
        }
        let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        read_at_most(File::open(path).map_err(words)?, limit, size)
    };
    let bytes = bytes()
        .with_context(failed)
        .map_err(|error| Problem::invalid(format!("{error:#}"), help))?;
    decoded(bytes, limit, failed)
}

/// A text that was read, as UTF-8.
fn decoded(bytes: Vec<u8>, limit: usize, failed: impl Fn() -> String) -> Result<Vec<u8>, Problem> {
    utf8(bytes, limit)
        .map_err(|cause| Problem::invalid(format!("{}: {cause}", failed()), SAVE_AS_UTF8))
}

/// Reads a metadata file, with help that fits what people mistype.
pub(crate) fn read_metadata(path: &Path, limit: usize) -> Result<Vec<u8>, Problem> {
    let text = path.to_string_lossy();
    let help = if text.trim_start().starts_with('{') {
        "give the metadata itself with `--metadata JSON`"
    } else if path.is_dir() {
        "give the file in it that `docker buildx build --metadata-file` wrote"
    } else if text
        .parse::<crate::oci::Reference>()
        .is_ok_and(|reference| reference.tag().is_some())
    {
        "give a tag with `--tag NAME:TAG@sha256:…`"
    } else {
        "give the file that `docker buildx build --push --metadata-file FILE` wrote; it writes none when the build fails"
    };
    read(path, limit, help)
}

/// The files that patterns name, the oldest first. Below `root`, if they are not absolute; `*`,
/// `?` and `[…]` stay within a name, `**` is any number of directories. Where a file is called
/// exactly like a pattern, it is what the pattern names.
///
/// Directories are listed from the first that is a pattern, and only those that the pattern leads
/// to, so no other need be readable. One of them that is not is a problem: a file that was meant
/// may lie in it.
pub(crate) fn matching(root: &Path, patterns: &[&str]) -> Result<Vec<PathBuf>, Problem> {
    let age = |file: &Path| fs::metadata(file).and_then(|it| it.modified()).ok();
    let mut found = Vec::new();
    for pattern in patterns {
        let whole = root.join(pattern);
        if whole.exists() || !is_pattern(&whole) {
            found.push((age(&whole), whole));
            continue;
        }
        let compiled = Compiled::new(&whole).map_err(|error| {
            Problem::invalid(
                format!("failed to read the pattern `{pattern}`: {}", error.msg),
                "write it like `build/*.json`",
            )
        })?;
        let start = whole.ancestors().find(|part| !is_pattern(part));
        let start = start.unwrap_or(Path::new(""));
        let depth = match pattern.contains("**") {
            true => MAX_DEPTH,
            false => whole.components().count() - start.components().count(),
        };
        walk(start, depth, &compiled, &mut |file| {
            found.push((age(file), file.to_owned()));
        })?;
    }
    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// A pattern, and those of the directories on the way to what it names.
struct Compiled {
    whole: glob::Pattern,
    /// One for each part before the first `**`.
    parts: Vec<glob::Pattern>,
}

impl Compiled {
    const OPTIONS: glob::MatchOptions = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: false,
    };

    fn new(whole: &Path) -> Result<Self, glob::PatternError> {
        let parts = whole.iter().take_while(|part| *part != "**");
        Ok(Self {
            whole: glob::Pattern::new(&whole.to_string_lossy())?,
            parts: parts
                .map(|part| glob::Pattern::new(&part.to_string_lossy()))
                .collect::<Result<_, _>>()?,
        })
    }

    fn names(&self, file: &Path) -> bool {
        self.whole
            .matches_with(&file.to_string_lossy(), Self::OPTIONS)
    }

    /// Whether what the pattern names may lie below a directory.
    fn leads_to(&self, directory: &Path) -> bool {
        let mut each = directory.iter().zip(&self.parts);
        each.all(|(part, pattern)| pattern.matches_with(&part.to_string_lossy(), Self::OPTIONS))
    }
}

/// Calls `each` for every file that a pattern names below a directory, `depth` directories deep.
/// Does not follow links to directories.
fn walk(
    directory: &Path,
    depth: usize,
    pattern: &Compiled,
    each: &mut dyn FnMut(&Path),
) -> Result<(), Problem> {
    let Some(depth) = depth.checked_sub(1) else {
        return Ok(());
    };
    let here = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    for entry in listed(here)? {
        let path = directory.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if !kind.is_dir() => {
                if pattern.names(&path) {
                    each(&path);
                }
            }
            Ok(_) if pattern.leads_to(&path) => walk(&path, depth, pattern, each)?,
            // What is gone since it was listed.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// What is in a directory; nothing, if there is none.
fn listed(directory: &Path) -> Result<Vec<fs::DirEntry>, Problem> {
    let entries: io::Result<Vec<fs::DirEntry>> =
        fs::read_dir(directory).and_then(Iterator::collect);
    match entries {
        Ok(entries) => Ok(entries),
        // A WebAssembly host shows only some directories, and fails for others in ways of its own.
        Err(error)
            if cfg!(target_os = "wasi")
                || matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(Problem::invalid(
            format!(
                "failed to list `{}`: {:#}",
                directory.display(),
                words(error)
            ),
            "make the directory readable, or name the files one by one",
        )),
    }
}

/// Appends to a file.
pub(crate) fn append(path: &Path, text: &str) -> io::Result<()> {
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)?
        .write_all(text.as_bytes())
}

/// Standard input, shared by all that may read it: only the first one gets it.
pub(crate) struct SharedStdin<'a> {
    stdin: &'a mut dyn Read,
    used_for: Option<String>,
}

impl<'a> SharedStdin<'a> {
    pub(crate) fn new(stdin: &'a mut dyn Read) -> Self {
        Self {
            stdin,
            used_for: None,
        }
    }

    /// Reads it whole, for `what`, in any encoding that [`utf8`] takes.
    pub(crate) fn read(&mut self, what: &str, limit: usize) -> Result<Vec<u8>, Problem> {
        let help =
            "use standard input for one thing only, and a file or `--metadata JSON` for the other";
        if let Some(used_for) = &self.used_for {
            return Err(Problem::invalid(
                format!("standard input is wanted for {what}, but {used_for} has read it"),
                help,
            ));
        }
        self.used_for = Some(what.to_owned());
        let failed = || format!("failed to read standard input for {what}");
        let bytes = read_at_most(&mut *self.stdin, limit, 0)
            .with_context(failed)
            .map_err(|error| Problem::invalid(format!("{error:#}"), help))?;
        decoded(bytes, limit, failed)
    }

    /// Reads it whole, for `what`, as one line of text without its end.
    pub(crate) fn read_line_of(&mut self, what: &str, limit: usize) -> Result<String, Problem> {
        let text = String::from_utf8(self.read(what, limit)?).map_err(|_| {
            Problem::invalid(format!("{what} is not UTF-8"), "give the password as text")
        })?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return Err(Problem::invalid(
                format!("{what} is empty"),
                "pipe the password in: `printenv PASSWORD | tagproof …`",
            ));
        }
        Ok(line.to_owned())
    }
}

/// Why nothing can be written to `path`, as far as that can be known before the work is done.
pub(crate) fn refuse_as_output(flag: &str, path: &Path) -> Option<Problem> {
    let fault = |cause: &str| {
        Some(Problem::invalid(
            format!("failed to write `{}`: {cause}", path.display()),
            format!("give `{flag}` a file in a directory that exists"),
        ))
    };
    if path.is_dir() {
        return fault("it is a directory");
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            fault("its directory does not exist")
        }
        _ => None,
    }
}

/// Writes a file so that readers see the old one or the new one, never a half: into a file in
/// the same directory, which then takes its name. A pipe or a device is written to directly.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    let Some(name) = path.file_name().filter(|_| !special) else {
        return fs::OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(bytes);
    };
    let mut partial = name.to_os_string();
    partial.push(".part");
    let partial = path.with_file_name(partial);
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&partial, path))
        .inspect_err(|_| {
            let _ = fs::remove_file(&partial);
        })
}

/// Reads what is likely `size` bytes.
fn read_at_most(source: impl Read, limit: usize, size: usize) -> anyhow::Result<Vec<u8>> {
    // The reader wants a little more room, to see the end.
    let mut bytes = Vec::with_capacity(size.min(limit) + 64);
    source
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(words)?;
    if bytes.len() > limit {
        bail!(too_large(limit));
    }
    Ok(bytes)
}

/// The system's words without its number.
fn words(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::NotFound => anyhow::Error::msg("no such file"),
        io::ErrorKind::PermissionDenied => anyhow::Error::msg("permission denied"),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A directory of its own; it goes when it is dropped.
    struct Directory(PathBuf);

    impl Directory {
        fn new(files: &[&str]) -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let name = format!(
                "tagproof-files-{}-{}",
                std::process::id(),
                COUNT.fetch_add(1, Ordering::Relaxed)
            );
            let path = std::env::temp_dir().join(name);
            for file in files {
                let file = path.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "{}").unwrap();
            }
            Self(path)
        }

        fn found(&self, pattern: &str) -> Result<Vec<String>, Problem> {
            let mut found: Vec<String> = matching(&self.0, &[pattern])?
                .iter()
                .map(|file| {
                    file.strip_prefix(&self.0)
                        .unwrap()
                        .to_string_lossy()
                        .replace('\\', "/")
                })
                .collect();
            found.sort();
            Ok(found)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "reads files")]
    fn patterns_name_files_in_the_directories_that_they_lead_to() {
        let directory = Directory::new(&[
            "a.json",
            "one/a.json",
            "one/b.txt",
            "one/two/a.json",
            "other/a.json",
            "other/deep/er/a.json",
        ]);
        for (pattern, expected) in [
            ("*.json", &["a.json"][..]),
            ("one/*", &["one/a.json", "one/b.txt"]),
            ("o*/a.json", &["one/a.json", "other/a.json"]),
            ("one/*/a.json", &["one/two/a.json"]),
            ("**/two/a.json", &["one/two/a.json"]),
            ("other/**/a.json", &["other/a.json", "other/deep/er/a.json"]),
            ("nothing/*.json", &[]),
            ("a.json/*", &[]),
        ] {
            assert_eq!(directory.found(pattern).unwrap(), expected, "{pattern}");
        }
    }

    #[cfg(unix)]
    #[test]
    #[cfg_attr(miri, ignore = "reads files")]
    fn a_directory_that_cannot_be_listed_is_a_problem_only_where_the_pattern_leads() {
        let directory = Directory::new(&["one/a.json"]);
        std::os::unix::fs::symlink("loop", directory.0.join("loop")).unwrap();
        let problem = directory.found("loop/*.json").unwrap_err();
        assert!(problem.message.starts_with("failed to list `"), "{problem}");
        assert_eq!(directory.found("o*/*.json").unwrap(), ["one/a.json"]);
        assert_eq!(directory.found("**/*.json").unwrap(), ["one/a.json"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(miri, ignore = "reads files")]
    fn a_file_whose_name_is_not_utf8_is_found() {
        use std::os::unix::ffi::OsStrExt as _;
        let directory = Directory::new(&["one/a.json"]);
        let name = std::ffi::OsStr::from_bytes(b"\xff.json");
        fs::write(directory.0.join("one").join(name), "{}").unwrap();
        assert_eq!(directory.found("one/*.json").unwrap().len(), 2);
    }
}
