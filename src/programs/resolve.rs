//! Which file a word of an image's arguments starts: through the layers, links and whiteouts.
//!
//! It is found only where no layer can change the answer. A layer that was not read may hold
//! anything, so the first one that is needed and was not read ends the search.

use super::executable::Machine;
use super::layer::{Layer, Node, below_root, windows_path};
use crate::oci::Arguments;

/// How many links are followed, as on Linux.
const MAX_LINKS: usize = 40;

/// The layers of an image, the lowest first; `None` for one that was not read.
#[derive(Clone, Debug)]
pub struct Stack<'a> {
    /// The layers.
    pub layers: Vec<Option<&'a Layer>>,
    /// Whether paths are compared as on Windows.
    pub is_windows: bool,
    /// Whether a layer that was not read is taken for an empty one.
    pub is_hopeful: bool,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An executable for this machine, under this path.
    Program(String, Machine),
    /// An executable file that says nothing of a machine.
    Script,
    /// A file that cannot be started, or a directory.
    Data,
    /// Nothing.
    Nothing,
    /// That depends on this layer, by its place from below, which was not read.
    Unread(usize),
    /// It cannot be told: links in a circle, or a layer that may have replaced it under another name.
    Doubtful,
}

/// What stands under one path, links not followed.
enum At<'a> {
    Node(usize, &'a Layer, Node),
    Nothing,
    Unread(usize),
}

impl Stack<'_> {
    /// What a word leads to: a path as it is, a name by the directories of `PATH`.
    pub(super) fn find(&self, word: &str, arguments: &Arguments) -> Found {
        let word = self.path(word);
        let is_path = word.contains(&b'/');
        if word.is_empty() {
            return Found::Nothing;
        }
        if self.is_windows {
            return self.find_on_windows(&word, is_path, arguments);
        }
        if is_path {
            return self.follow(&self.absolute(&word, arguments));
        }
        for directory in &arguments.path {
            // An empty part is the working directory.
            let directory = self.absolute(directory.as_bytes(), arguments);
            let found = self.follow(&[directory.as_slice(), b"/", word.as_slice()].concat());
            // The system goes on where a file cannot be started.
            if !matches!(found, Found::Nothing | Found::Data) {
                return found;
            }
        }
        Found::Nothing
    }

    /// On Windows only a path is certain: where a name is looked for depends on the system and on the
    /// layers of Microsoft's, which are not distributed.
    fn find_on_windows(&self, word: &[u8], is_path: bool, arguments: &Arguments) -> Found {
        if !is_path {
            return Found::Doubtful;
        }
        let path = self.absolute(word, arguments);
        match self.follow(&path) {
            Found::Nothing => self.follow(&[path.as_slice(), b".exe"].concat()),
            found => found,
        }
    }

    fn path(&self, text: &str) -> Vec<u8> {
        match self.is_windows {
            true => windows_path(text.as_bytes()),
            false => text.as_bytes().to_vec(),
        }
    }

    fn absolute(&self, path: &[u8], arguments: &Arguments) -> Vec<u8> {
        match path.starts_with(b"/") {
            true => path.to_vec(),
            false => [&self.path(&arguments.directory), b"/".as_slice(), path].concat(),
        }
    }

    /// What a path leads to, each link on it followed.
    fn follow(&self, path: &[u8]) -> Found {
        let path = below_root(path);
        let mut rest: Vec<Vec<u8>> = parts(&path).rev().map(<[u8]>::to_vec).collect();
        let mut walked: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            let at = [walked.as_slice(), b"/", part.as_slice()].concat();
            let (nth, layer, node) = match self.at(&at) {
                At::Node(nth, layer, node) => (nth, layer, node),
                At::Nothing => return Found::Nothing,
                At::Unread(nth) => return Found::Unread(nth),
            };
            if node != Node::Directory && self.is_replaced(&at, nth) {
                return Found::Doubtful;
            }
            let target = match node {
                Node::Directory => {
                    walked = at;
                    continue;
                }
                Node::Symbolic(link) => layer.link(link).map(|target| {
                    let target = if self.is_windows {
                        windows_path(target)
                    } else {
                        target.to_vec()
                    };
                    match target.starts_with(b"/") {
                        true => target,
                        false => [walked.as_slice(), b"/", target.as_slice()].concat(),
                    }
                }),
                Node::Hard(link) => layer.link(link).map(<[u8]>::to_vec),
                // Below a file there is nothing.
                _ if !rest.is_empty() => return Found::Nothing,
                Node::Program(program) => {
                    return match layer.program(program) {
                        Some((_, machine)) => {
                            Found::Program(String::from_utf8_lossy(&at).into_owned(), *machine)
                        }
                        None => Found::Doubtful,
                    };
                }
                Node::Script => return Found::Script,
                Node::Data => return Found::Data,
            };
            links += 1;
            let Some(target) = target.filter(|_| links <= MAX_LINKS) else {
                return Found::Doubtful;
            };
            let target = below_root(&target);
            rest.extend(parts(&target).rev().map(<[u8]>::to_vec));
            walked.clear();
        }
        Found::Data
    }

    /// What stands under a path, by the highest layer that says anything of it.
    fn at(&self, path: &[u8]) -> At<'_> {
        for (nth, layer) in self.layers.iter().enumerate().rev() {
            let Some(layer) = layer else {
                if self.is_hopeful {
                    continue;
                }
                return At::Unread(nth);
            };
            if let Some(node) = layer.node(path) {
                return At::Node(nth, layer, node);
            }
            if layer.hides(path) {
                return At::Nothing;
            }
        }
        At::Nothing
    }

    /// Whether a higher layer holds a file, a link or a whiteout of the same name as a part of the
    /// path: through a link to a directory, it may be this very path.
    fn is_replaced(&self, path: &[u8], nth: usize) -> bool {
        let higher = || self.layers.iter().skip(nth + 1).flatten();
        parts(path).any(|part| {
            let whiteout = [b".wh.".as_slice(), part].concat();
            higher().any(|layer| layer.has_name(part) || layer.has_name(&whiteout))
        })
    }
}

fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty())
}
