//! What a look for one thing found.

use crate::registry::Error;

/// Something that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there.
    Here(T),
    /// It is not there.
    Absent,
    /// It could not be read, for this reason.
    Unknown(Error),
}

impl<T> Seen<T> {
    /// What is there, if anything is.
    pub fn here(&self) -> Option<&T> {
        match self {
            Self::Here(it) => Some(it),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}
