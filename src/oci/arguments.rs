//! What an image starts, as its config says it.

use super::document::Execution;

/// The most words, and the longest word, that are looked at. No program has a name that is longer.
const MAX_WORDS: usize = 64;
const MAX_WORD: usize = 4096;

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
        // A word that was left out could be the one that counts.
        if words.len() > MAX_WORDS || words.iter().any(|word| word.len() > MAX_WORD) {
            words.clear();
        }
        let variables = execution.env.unwrap_or_default();
        let path = variables
            .iter()
            .rev()
            .find_map(|it| it.strip_prefix("PATH="));
        let path = path.filter(|path| path.len() <= MAX_WORD).unwrap_or(PATH);
        Self {
            words,
            path: path.split(':').map(str::to_owned).collect(),
            directory: execution
                .working_dir
                .filter(|it| it.len() <= MAX_WORD)
                .unwrap_or_default(),
        }
    }
}
