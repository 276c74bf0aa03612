//! What an image starts, as its config says it.

use super::document::Execution;

/// The most words, and the longest word, that are looked at. No program has a name that is longer.
const MAX_WORDS: usize = 64;
const MAX_WORD: usize = 4096;

/// The most directories of `PATH`.
const MAX_DIRECTORIES: usize = 100;

/// Where programs are looked for if the config does not say: as Docker and containerd have it.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What an image starts: the words of its entrypoint and its command, and where they are looked for
/// (image-spec, `config.md`, "Properties").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The words, in the order in which they are given to the system.
    pub words: Vec<String>,
    /// The directories in which a name alone is looked for.
    pub path: Vec<String>,
    /// The directory that relative names begin at.
    pub directory: String,
}

impl Arguments {
    /// What a config says, bounded.
    pub(super) fn new(execution: Execution) -> Self {
        let mut words = execution.entrypoint.unwrap_or_default();
        words.extend(execution.cmd.unwrap_or_default());
        let variables = execution.env.unwrap_or_default();
        let path = variables
            .iter()
            .rev()
            .find_map(|it| it.strip_prefix("PATH="));
        let path = path.unwrap_or(PATH);
        let directory = execution.working_dir.unwrap_or_default();
        let is_long = |text: &str| text.len() > MAX_WORD;
        // What was left out could be what counts.
        if words.len() > MAX_WORDS
            || words.iter().any(|word| is_long(word))
            || is_long(path)
            || path.split(':').count() > MAX_DIRECTORIES
            || is_long(&directory)
        {
            return Self::default();
        }
        Self {
            path: path.split(':').map(str::to_owned).collect(),
            words,
            directory,
        }
    }
}
