//! What is right: for each kind of fault and each phase, how the repair ends.

use super::phase::Phase;

/// What kind of fault it is. The kind decides how the repair ends, the fault what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It may pass: the request is sent 5 times.
    Passing,
    /// The same, and a status says so. A `HEAD` is asked again as `GET`.
    Failing,
    /// A status that says that the registry cannot, and not only now: a read is sent once.
    Unable,
    /// A rate limit: the request is sent 5 times, a `HEAD` as well.
    Limited,
    /// The same as what may pass, and there is nobody to count the requests.
    Unreachable,
    /// The same, but a write took effect.
    Lost,
    /// A body that was cut off: it may pass.
    Cut,
    /// The registry asks for more patience than there is.
    Exhausted,
    /// Nothing comes until the time for the run is over.
    Late,
    /// The same, but there were headers, so a write was taken.
    LateBody,
    /// Nothing will change by itself, and it is not about the method.
    Final,
    /// The body cannot be used; the status of a write says enough.
    Broken,
    /// Someone else answers than the registry.
    Page,
    /// The answer is right, and something follows it.
    Surplus,
    /// Nothing fails: the way is another one.
    Harmless,
    /// A 4xx: this request is refused, another one need not be.
    Refused,
    /// A rate limit that looks like a denial when it has no body.
    HiddenLimit,
    /// A 404.
    Missing,
    /// The answer is elsewhere.
    Followed,
}

/// How a repair ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) verdict: &'static str,
    pub(super) outcome: &'static str,
    pub(super) code: i32,
}

const fn end(verdict: &'static str, outcome: &'static str, code: i32) -> End {
    End {
        verdict,
        outcome,
        code,
    }
}

pub(super) const FIXED: End = end("child", "fixed", 0);
const UNPROVEN: End = end("unproven", "-", 3);
const FAILED: End = end("child", "failed", 1);
const REFUSED: End = end("child", "refused", 1);
const UNSETTLED: End = end("child", "unsettled", 1);

/// How it is right that a repair ends that meets a fault of this kind in this phase; `None` where
/// they cannot meet. Right is what the design says:
///
/// - What the judgement needs and cannot be read makes it `unproven`, and nothing is written. What
///   answers a read with 404 says that it is not there.
/// - A `HEAD` that is refused in any way, a web page and 5xx among them, is asked again as `GET`; one
///   that is cut off or limited is not, and what cannot be read just before the write is not
///   written: `failed`.
/// - A write that is refused is `refused`; one that is not known to have been taken is `failed`.
///   The status says that it was taken, whatever becomes of the body: one that does not end is
///   not waited for longer than there is time for the looks after it.
/// - What was written and cannot be seen is `unsettled`; what is gone was deleted by someone else.
/// - A read may be redirected, nothing else may.
pub(super) fn end_of(kind: Kind, phase: Phase) -> End {
    use Kind as K;
    use Phase as P;
    match (phase, kind) {
        (_, K::Surplus | K::Harmless) => FIXED,

        (P::Token, _) => UNPROVEN,

        (P::ByTag | P::ByDigest | P::Head | P::Confirm, K::Followed) => FIXED,
        (P::ByTag, K::Missing) => end("absent", "fixed", 0),
        (P::ByDigest, K::Missing) => end("never-pushed", "-", 1),
        (P::ByTag | P::ByDigest, _) => UNPROVEN,

        (P::Head, K::Refused | K::HiddenLimit | K::Missing | K::Page) => FIXED,
        (P::Head, K::Failing | K::Unable) => FIXED,
        (P::Head, _) => FAILED,

        (P::Put, K::Refused | K::Missing) => REFUSED,
        (P::Put, K::Lost | K::Cut | K::Broken | K::LateBody) => FIXED,
        (P::Put, _) => FAILED,

        (P::Confirm, K::Missing) => end("child", "changed", 1),
        (P::Confirm, _) => UNSETTLED,
    }
}

/// Whether the answers of a phase have a body that a fault may be in.
pub(super) fn has_body(phase: Phase) -> bool {
    phase != Phase::Head
}

/// How often a request is sent whose failure may pass.
pub(super) const ATTEMPTS: usize = 5;

/// Whether that can be counted: at the registry, and where each try is a request of this phase.
/// Where looks fail between the writes, more is waited for than a number of tries.
pub(super) fn is_counted(kind: Kind, phase: Phase) -> bool {
    let is_read = matches!(phase, Phase::Token | Phase::ByTag | Phase::ByDigest);
    match kind {
        Kind::Limited => true,
        Kind::Passing => phase != Phase::Head,
        Kind::Failing => is_read || phase == Phase::Put,
        Kind::Unable => phase == Phase::Put,
        Kind::Cut => is_read,
        _ => false,
    }
}

/// What a message must say and help with, where the phase makes it another than the fault's own.
pub(super) fn words(kind: Kind, phase: Phase) -> Option<(&'static str, &'static str)> {
    use Kind as K;
    use Phase as P;
    match (phase, kind) {
        (P::ByDigest, K::Missing) => Some((
            "the one that was built is not in the repository",
            "build with `--push`, to this registry",
        )),
        (P::Confirm, K::Missing) => Some((
            "it was written, and then someone else deleted it",
            "run the same command again if it is still yours to move",
        )),
        // A token server that refuses does not know the login, whatever it says.
        (P::Token, K::Refused | K::Missing) => {
            Some(("refused: `", "log in before this step: `docker login"))
        }
        (P::Token, K::Broken | K::Page) => Some((
            "answer",
            "is a registry and that no login page or proxy answers for it",
        )),
        _ => None,
    }
}
