//! Whether what an image starts is for its platform, and what else its layers hold.
//!
//! In doubt nothing is said: a default that fails a run must never be wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::executable::Machine;
use super::layer::Layer;
use super::resolve::{Found, Stack};
use crate::oci::{Arguments, Digest, Platform};

/// How many paths are named.
const MAX_PATHS: usize = 3;

/// Programs that start the program that their arguments name, as containers use them.
const LAUNCHERS: [&str; 14] = [
    "tini",
    "tini-static",
    "dumb-init",
    "catatonit",
    "docker-init",
    "gosu",
    "su-exec",
    "setpriv",
    "env",
    "exec",
    "nice",
    "nohup",
    "stdbuf",
    "chpst",
];

/// Shells that start what follows `-c`.
const SHELLS: [&str; 5] = ["sh", "ash", "bash", "dash", "busybox"];

/// What makes a line of a shell more than words.
const SHELL_MARKS: &str = "|&;<>()$`\\\"'*?[]#~=%!{}\n\r";

/// One image of an index, as far as its programs go.
#[derive(Clone, Debug)]
pub struct Image<'a> {
    /// What the index says that it is for, or else its config.
    pub platform: &'a Platform,
    /// What it starts.
    pub arguments: &'a Arguments,
    /// Its layers, the lowest first, each with what was read of it.
    pub layers: Vec<(&'a Digest, Option<&'a Layer>)>,
}

/// A program in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its path in the image.
    pub path: String,
    /// What it is for.
    pub machine: Machine,
}

/// What an image starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A program for its platform.
    Right(Program),
    /// A 32-bit program, on the 64-bit machine that also runs it.
    Kin(Program),
    /// A program for another architecture.
    Wrong(Program),
    /// That depends on this layer, by its place from below, which was not read.
    Unread(usize),
    /// No file that its arguments name is in it, or it names none.
    Nothing,
    /// Something that says nothing of a machine: a script, or what is not certain.
    Unknown,
}

/// Executables that an image cannot start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// How many.
    pub count: usize,
    /// Of how many that were read.
    pub of: usize,
    /// The first of them.
    pub paths: Vec<Program>,
}

/// What was found of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it starts.
    pub start: Start,
    /// What else it holds for other architectures, where that is worth a note.
    pub foreign: Option<Foreign>,
    /// Whether none of its executables is for its platform; known only where all layers were read.
    pub has_none: bool,
}

impl Image<'_> {
    fn stack(&self, is_hopeful: bool) -> Stack<'_> {
        Stack {
            layers: self.layers.iter().map(|(_, layer)| *layer).collect(),
            is_windows: self.platform.system() == Some("windows"),
            is_hopeful,
        }
    }

    /// What it starts; `is_hopeful`: as if layers that were not read were empty.
    #[must_use]
    pub fn start(&self, is_hopeful: bool, is_ignored: &dyn Fn(&str) -> bool) -> Start {
        let stack = self.stack(is_hopeful);
        let mut start = Start::Nothing;
        let mut words = Words::new(&self.arguments.words);
        while let Some(word) = words.next() {
            let is_first = start == Start::Nothing;
            match stack.find(word, self.arguments) {
                Found::Unread(layer) => return Start::Unread(layer),
                Found::Program(path, machine) => {
                    start = match machine.starts_on(self.platform) {
                        _ if is_ignored(&path) => return Start::Unknown,
                        None => return Start::Unknown,
                        Some(false) => return Start::Wrong(Program { path, machine }),
                        Some(true) if self.is_of(machine) => {
                            Start::Right(Program { path, machine })
                        }
                        Some(true) => Start::Kin(Program { path, machine }),
                    };
                    if !words.are_started_by(word) {
                        return start;
                    }
                }
                // It usually ends with `exec "$@"`: then what follows is a program.
                Found::Script => {
                    start = Start::Unknown;
                    if words.next_is_option() {
                        return start;
                    }
                }
                Found::Data | Found::Doubtful => return Start::Unknown,
                Found::Nothing if is_first => return Start::Nothing,
                // The user that `gosu` takes, or a variable.
                Found::Nothing => {}
            }
        }
        start
    }

    fn is_of(&self, machine: Machine) -> bool {
        self.platform.architecture() == Some(machine.architecture())
    }

    fn programs<'a>(
        &'a self,
        is_asked: impl Fn(&Digest) -> bool,
        is_ignored: &dyn Fn(&str) -> bool,
    ) -> Vec<&'a (String, Machine)> {
        let layers = self.layers.iter().filter(|(digest, _)| is_asked(digest));
        let programs = layers
            .filter_map(|(_, layer)| *layer)
            .flat_map(Layer::programs);
        programs.filter(|(path, _)| !is_ignored(path)).collect()
    }

    fn is_whole(&self) -> bool {
        self.layers.iter().all(|(_, layer)| layer.is_some())
    }
}

/// The words that may each be a program: the first, and those that a launcher or a script is given.
struct Words<'a> {
    rest: Vec<&'a str>,
}

impl<'a> Words<'a> {
    fn new(all: &'a [String]) -> Self {
        Self {
            rest: all.iter().rev().map(String::as_str).collect(),
        }
    }

    /// The next word that is not an option.
    fn next(&mut self) -> Option<&'a str> {
        loop {
            let word = self.rest.pop()?;
            if !word.starts_with('-') && !word.is_empty() {
                return Some(word);
            }
        }
    }

    fn next_is_option(&self) -> bool {
        self.rest.last().is_some_and(|word| word.starts_with('-'))
    }

    /// Whether a program starts what follows it. What a shell is to start takes the place of its words.
    fn are_started_by(&mut self, word: &str) -> bool {
        let name = word.rsplit('/').next().unwrap_or_default();
        if LAUNCHERS.contains(&name) {
            return true;
        }
        if !SHELLS.contains(&name) {
            return false;
        }
        if name == "busybox" && self.rest.last() == Some(&"sh") {
            self.rest.pop();
        }
        let is_command = self.rest.pop() == Some("-c");
        let Some(line) = self
            .rest
            .pop()
            .filter(|line| is_command && !line.contains(|it| SHELL_MARKS.contains(it)))
        else {
            return false;
        };
        let mut words: Vec<&str> = line.split_whitespace().rev().collect();
        if words.last() == Some(&"exec") {
            words.pop();
        }
        self.rest = words;
        true
    }
}

/// The layers of each image that stand under an image of another architecture, too.
#[must_use]
pub fn shared(images: &[Image<'_>]) -> Vec<BTreeSet<Digest>> {
    let mut architectures: BTreeMap<&Digest, BTreeSet<Option<&str>>> = BTreeMap::new();
    for image in images {
        for (digest, _) in &image.layers {
            let of = architectures.entry(digest).or_default();
            of.insert(image.platform.architecture());
        }
    }
    let is_shared = |digest: &&Digest| architectures.get(digest).is_some_and(|it| it.len() > 1);
    let of = |image: &Image<'_>| {
        let own = image.layers.iter().map(|(digest, _)| *digest);
        own.filter(is_shared).cloned().collect()
    };
    images.iter().map(of).collect()
}

/// Judges the images of one index by the layers that they share with other architectures.
#[must_use]
pub fn judge(images: &[Image<'_>], is_ignored: &dyn Fn(&str) -> bool) -> Vec<Judgement> {
    let shared = shared(images);
    let foreign = |nth: usize, image: &Image<'_>| {
        let own_shared = shared.get(nth)?;
        let programs = image.programs(|digest| own_shared.contains(digest), is_ignored);
        let served = serves(&programs, images);
        let is_foreign = served.len() == 1
            && !programs
                .iter()
                .any(|it| it.1.starts_on(image.platform) != Some(false));
        is_foreign.then(|| foreign(&programs, image.platform))
    };
    let each = images.iter().enumerate();
    each.map(|(nth, image)| Judgement {
        start: image.start(false, is_ignored),
        foreign: foreign(nth, image),
        has_none: false,
    })
    .collect()
}

/// Judges the images of one index by all of their layers.
#[must_use]
pub fn judge_all(images: &[Image<'_>], is_ignored: &dyn Fn(&str) -> bool) -> Vec<Judgement> {
    let architectures: BTreeSet<&str> = images
        .iter()
        .filter_map(|image| image.platform.architecture())
        .collect();
    let of = |image: &Image<'_>| {
        let programs = image.programs(|_| true, is_ignored);
        let strange = programs
            .iter()
            .filter(|it| it.1.starts_on(image.platform) == Some(false));
        let strange = strange.count();
        let own = programs
            .iter()
            .filter(|it| it.1.starts_on(image.platform) == Some(true))
            .count();
        let is_bundle =
            architectures.len() > 1 && serves(&programs, images).len() == architectures.len();
        let is_worth_it = strange > own && own > 0 && !is_bundle;
        Judgement {
            start: image.start(false, is_ignored),
            foreign: is_worth_it.then(|| foreign(&programs, image.platform)),
            has_none: image.is_whole() && strange > 0 && strange == programs.len(),
        }
    };
    images.iter().map(of).collect()
}

/// The architectures of the images for which any of these programs is.
fn serves<'a>(programs: &[&(String, Machine)], images: &[Image<'a>]) -> BTreeSet<&'a str> {
    let platforms: BTreeSet<&Platform> = images.iter().map(|image| image.platform).collect();
    let served = platforms.into_iter().filter(|platform| {
        programs
            .iter()
            .any(|it| it.1.starts_on(platform) == Some(true))
    });
    served.filter_map(Platform::architecture).collect()
}

fn foreign(programs: &[&(String, Machine)], platform: &Platform) -> Foreign {
    let strange = || {
        programs
            .iter()
            .filter(|it| it.1.starts_on(platform) == Some(false))
    };
    let program = |it: &&(String, Machine)| Program {
        path: it.0.clone(),
        machine: it.1,
    };
    Foreign {
        count: strange().count(),
        of: programs.len(),
        paths: strange().take(MAX_PATHS).map(program).collect(),
    }
}
