//! The requests of one repair, in their order: where a fault strikes.

use crate::image::multi;

/// One of the requests that a repair is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The request for a token.
    Token,
    /// The first look: the tag is read whole.
    ByTag,
    /// The expected image, which the tag has not shown.
    ByDigest,
    /// The look just before the write.
    Head,
    /// The write.
    Put,
    /// The looks after it, by header and whole.
    Confirm,
}

/// Which requests a rule of the fake registry is about: a method, a part of the path, and how many
/// come first that it is not about.
pub(super) type Requests = (&'static str, &'static str, usize);

const TAG: &str = "/manifests/1";
/// Of the index of `multi("a")`. The digests of what it lists are asked for as well, so as to be put
/// back if the registry forgets them.
const DIGEST: &str = "/manifests/sha256:e831703c4fe4";
const DIGESTS: &str = "/manifests/sha256:";

impl Phase {
    pub(super) const ALL: [Self; 6] = [
        Self::Token,
        Self::ByTag,
        Self::ByDigest,
        Self::Head,
        Self::Put,
        Self::Confirm,
    ];

    /// What the document calls it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::ByTag => "`GET` tag",
            Self::ByDigest => "`GET` digest",
            Self::Head => "`HEAD` tag",
            Self::Put => "`PUT`",
            Self::Confirm => "looks after it",
        }
    }

    /// All requests of this phase.
    pub(super) fn requests(self) -> Requests {
        match self {
            Self::Token => ("*", "/token", 0),
            Self::ByTag => ("GET", TAG, 0),
            Self::ByDigest => ("GET", DIGEST, 0),
            Self::Head => ("HEAD", TAG, 0),
            Self::Put => ("PUT", TAG, 0),
            // Without the first look, the one before the write, and the write.
            Self::Confirm => ("*", TAG, 3),
        }
    }

    /// The request before this phase; that before the token's is refused for want of one.
    pub(super) fn before(self) -> Requests {
        match self {
            Self::Token => ("GET", TAG, 0),
            Self::ByTag => Self::Token.requests(),
            Self::ByDigest => Self::ByTag.requests(),
            // The expected index, and the two that it lists and the tag does not show.
            Self::Head => ("GET", DIGESTS, 2),
            Self::Put => Self::Head.requests(),
            // The two again, and what the tag showed.
            Self::Confirm => ("HEAD", DIGESTS, 2),
        }
    }

    /// The repository and the tag or digest that the request is about; a token is about none.
    pub(super) fn target(self) -> (&'static str, String) {
        match self {
            Self::Token => ("", String::new()),
            Self::ByDigest => ("app", multi("a").index.digest),
            _ => ("app", "1".to_owned()),
        }
    }

    /// The beginnings of how a message may name the request, for a registry at `base`
    /// (`https://r.io`) that is called `host` in references. An answer that is no token is the
    /// token server's; a refused login is told of the request that needed it; what the bytes of an
    /// answer say is told of the reference that was read. Where a host is gone, the second try meets
    /// that at what the registry may forget by the move, which is read before the tag.
    pub(super) fn names(self, base: &str, host: &str) -> Vec<String> {
        let tag = |method: &str| format!("{method} {base}/v2/app{TAG}: ");
        let listed = format!("GET {base}/v2/app{DIGESTS}");
        match self {
            Self::Token => vec![format!("GET {base}/token?…: "), tag("GET")],
            Self::ByTag => vec![tag("GET"), format!("reading {host}/app:1: ")],
            Self::ByDigest => vec![
                format!("GET {base}/v2/app{DIGEST}"),
                format!("reading {host}/app@sha256:"),
            ],
            Self::Head => vec![tag("HEAD"), listed],
            // Before it is written again, it is looked at again.
            Self::Put => vec![
                tag("PUT"),
                tag("HEAD"),
                format!("looking at {host}/app:1: "),
                listed,
            ],
            Self::Confirm => vec![tag("HEAD"), tag("GET"), format!("reading {host}/app:1: ")],
        }
    }
}
