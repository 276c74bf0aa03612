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
    /// What the write is about to leave, and what that lists.
    LeavesHead,
    LeavesGet,
    Put,
    /// Whether that is still there after the write.
    StaysHead,
    StaysGet,
    /// Putting back by its digest what is not.
    PutBack,
    /// A look after a write.
    ConfirmHead,
    ConfirmGet,
}

impl Phase {
    pub(crate) const ALL: [Self; 17] = [
        Self::LookHead,
        Self::LookGet,
        Self::ImageHead,
        Self::ImageGet,
        Self::ChildHead,
        Self::ChildGet,
        Self::Config,
        Self::AgainHead,
        Self::AgainGet,
        Self::LeavesHead,
        Self::LeavesGet,
        Self::Put,
        Self::StaysHead,
        Self::StaysGet,
        Self::PutBack,
        Self::ConfirmHead,
        Self::ConfirmGet,
    ];

    /// Whether it is made only once the plan is there.
    pub(crate) fn is_of_repair(self) -> bool {
        matches!(
            self,
            Self::AgainHead
                | Self::AgainGet
                | Self::LeavesHead
                | Self::LeavesGet
                | Self::Put
                | Self::StaysHead
                | Self::StaysGet
                | Self::PutBack
                | Self::ConfirmHead
                | Self::ConfirmGet
        )
    }

    pub(crate) fn is_write(self) -> bool {
        matches!(self, Self::Put | Self::PutBack)
    }

    fn is_head(self) -> bool {
        matches!(
            self,
            Self::LookHead
                | Self::ImageHead
                | Self::ChildHead
                | Self::AgainHead
                | Self::LeavesHead
                | Self::StaysHead
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

/// What a request can fail with.
const FAILED: [Class; 20] = [
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
    Class::Immutable,
    Class::Protected,
    Class::ReadOnly,
    Class::NoWrites,
    Class::ChildMissing,
    Class::MediaType,
    Class::NotFound,
];

/// What the client tells by the words of a refusal alone, whatever its status.
const BY_WORDS: [Class; 4] = [
    Class::Immutable,
    Class::Protected,
    Class::ReadOnly,
    Class::ChildMissing,
];

impl Fault {
    pub(crate) fn all() -> Vec<Self> {
        let mut all: Vec<Self> = FAILED.map(Self::Failed).to_vec();
        all.extend(FAILED.map(Self::Lost));
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
        let is_put = phase.is_write();
        match self {
            Self::Failed(Class::NotFound) if !is_put => Some("for a read it is NotThere"),
            Self::Failed(Class::NoWrites) if !is_put => Some("for a read it is Refused"),
            Self::Failed(class) if BY_WORDS.contains(&class) && phase.is_head() => {
                Some("it is told by the words of a refusal, and a HEAD has none")
            }
            Self::Lost(_) | Self::Dropped if !is_put => Some("a read has no effect to lose"),
            // All others can come from a registry, or from what stands before it, after the write.
            Self::Lost(Class::UnknownHost) => Some("what is not sent has no effect"),
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

    /// Why this cannot happen at all, if it cannot.
    pub(crate) fn never(self) -> Option<&'static str> {
        let reasons = Phase::ALL.map(|phase| self.impossible(phase));
        match reasons.iter().all(Option::is_some) {
            true => self.impossible(Phase::Put),
            false => None,
        }
    }

    /// Whether the answer may say when to come again.
    pub(crate) fn may_ask_to_wait(self) -> bool {
        match self {
            Self::Failed(class) | Self::Lost(class) => {
                matches!(class, Class::RateLimited | Class::Unavailable)
            }
            _ => false,
        }
    }

    /// Whether what was answered is the truth all the same.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::Slow
                | Self::HeaderMissing
                | Self::TypeWrong
                | Self::TypeGeneric
                | Self::TypeMissing
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
                | Self::BodyAmbiguous
                | Self::Dropped
        )
    }
}
