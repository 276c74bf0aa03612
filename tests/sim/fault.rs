//! What can go wrong with a request, and with which request.

use tagproof::registry::Class;

/// A request of the engine, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// A look at a tag before anything is written.
    LookHead,
    LookGet,
    /// The expected image by its digest; HEAD: by its config, where only an image ID is known.
    ImageHead,
    ImageGet,
    /// A child of the expected index.
    ChildHead,
    ChildGet,
    /// The config, for the platform.
    Config,
    /// The look just before the write.
    AgainHead,
    AgainGet,
    Put,
    /// A look after a write.
    ConfirmHead,
    ConfirmGet,
}

impl Phase {
    pub(crate) const ALL: [Self; 12] = [
        Self::LookHead,
        Self::LookGet,
        Self::ImageHead,
        Self::ImageGet,
        Self::ChildHead,
        Self::ChildGet,
        Self::Config,
        Self::AgainHead,
        Self::AgainGet,
        Self::Put,
        Self::ConfirmHead,
        Self::ConfirmGet,
    ];

    fn is_head(self) -> bool {
        matches!(
            self,
            Self::LookHead
                | Self::ImageHead
                | Self::ChildHead
                | Self::AgainHead
                | Self::ConfirmHead
        )
    }
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// It failed so, and had no effect.
    Failed(Class),
    /// A write failed so, but it took effect.
    Lost(Class),
    /// A write was accepted and forgotten.
    Dropped,
    /// Answered with 404, although it is there.
    NotThere,
    HeaderMissing,
    HeaderWrong,
    BodyAltered,
    BodyCut,
    BodyEmpty,
    /// Index and manifest at once.
    BodyAmbiguous,
    /// Another document's body, with its own header.
    BodyOfAnother,
    /// A GET that was answered without a body.
    NoBody,
    TypeWrong,
    TypeGeneric,
    TypeMissing,
    /// It takes very long, and is right.
    Slow,
}

const READ: [Class; 13] = [
    Class::Login,
    Class::Denied,
    Class::Policy,
    Class::RateLimited,
    Class::Unavailable,
    Class::Network,
    Class::UnknownHost,
    Class::Tls,
    Class::Proxy,
    Class::BadAnswer,
    Class::Unsafe,
    Class::TooLarge,
    Class::Refused,
];

const WRITE: [Class; 6] = [
    Class::Immutable,
    Class::Protected,
    Class::ReadOnly,
    Class::ChildMissing,
    Class::MediaType,
    Class::NotFound,
];

/// What a write can fail with although it took effect: what says nothing of the write itself.
const LOST: [Class; 7] = [
    Class::Network,
    Class::Unavailable,
    Class::BadAnswer,
    Class::Proxy,
    Class::RateLimited,
    Class::Refused,
    Class::Immutable,
];

impl Fault {
    pub(crate) fn all() -> Vec<Self> {
        let failed = READ.into_iter().chain(WRITE).map(Self::Failed);
        let mut all: Vec<Self> = failed.chain(LOST.map(Self::Lost)).collect();
        all.extend([
            Self::Dropped,
            Self::NotThere,
            Self::HeaderMissing,
            Self::HeaderWrong,
            Self::BodyAltered,
            Self::BodyCut,
            Self::BodyEmpty,
            Self::BodyAmbiguous,
            Self::BodyOfAnother,
            Self::NoBody,
            Self::TypeWrong,
            Self::TypeGeneric,
            Self::TypeMissing,
            Self::Slow,
        ]);
        all
    }

    /// Why this cannot happen to such a request; `None` if it can.
    pub(crate) fn impossible(self, phase: Phase) -> Option<&'static str> {
        let is_put = phase == Phase::Put;
        match self {
            Self::Failed(class) if WRITE.contains(&class) && !is_put => {
                Some("the client gives this class to writes only")
            }
            Self::Lost(_) | Self::Dropped if !is_put => Some("a read has no effect to lose"),
            Self::NotThere if is_put => Some("for a write it is the class NotFound"),
            Self::Failed(_) | Self::Lost(_) | Self::Dropped | Self::NotThere | Self::Slow => None,
            _ if is_put => Some("the port gives no document for a write"),
            Self::HeaderMissing | Self::HeaderWrong if phase == Phase::ImageHead => {
                Some("the header of a blob is not looked at")
            }
            Self::HeaderMissing | Self::HeaderWrong => None,
            _ if phase.is_head() => Some("a HEAD has no body, and its type is not looked at"),
            Self::TypeWrong | Self::TypeGeneric | Self::TypeMissing if phase == Phase::Config => {
                Some("the type of a config is not looked at")
            }
            _ => None,
        }
    }

    /// Whether what was answered is the truth all the same.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::Slow | Self::HeaderMissing | Self::TypeGeneric | Self::TypeMissing
        )
    }

    /// Whether it makes the answer a lie that looks like an answer.
    pub(crate) fn is_lie(self) -> bool {
        matches!(
            self,
            Self::NotThere
                | Self::HeaderWrong
                | Self::BodyOfAnother
                | Self::BodyAltered
                | Self::Dropped
        )
    }
}
