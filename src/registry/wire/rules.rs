//! Which class a refusal is of: a table, a row for what registries were seen to say.
//!
//! The status alone is ambiguous: 401 is a protected tag on GitLab, 403 is an immutable one on Docker
//! Hub and a rate limit on GHCR. So codes and words come first. What each registry says is recorded
//! in the tests of `refusal`.

use std::ops::RangeInclusive;

use super::refusal::Refusal;
use crate::registry::Class;

/// What a refusal must be for its class. What is empty asks for nothing.
struct Rule {
    status: RangeInclusive<u16>,
    /// One of these codes.
    codes: &'static [&'static str],
    says: Says,
    class: Class,
}

/// What the words must say.
enum Says {
    Anything,
    /// One of these.
    Any(&'static [&'static str]),
    /// One of these, and not as a part of a name.
    Alone(&'static [&'static str]),
    /// One of these, and not as a part of a name; and the other words as well.
    AloneWith(&'static [&'static str], &'static str),
    /// All of these.
    All(&'static [&'static str]),
    /// `project NAME not found`.
    NoProject,
}

impl Rule {
    fn fits(&self, refusal: &Refusal) -> bool {
        let says = match &self.says {
            Says::Anything => true,
            Says::Any(words) => refusal.says(words),
            Says::Alone(words) => refusal.says_alone(words),
            Says::AloneWith(words, other) => refusal.says_alone(words) && refusal.says(&[other]),
            Says::All(words) => words.iter().all(|words| refusal.says(&[words])),
            Says::NoProject => refusal.misses_project(),
        };
        self.status.contains(&refusal.status)
            && (self.codes.is_empty() || refusal.has(self.codes))
            && says
    }
}

impl Refusal {
    /// The class of this refusal: that of the first rule that fits.
    pub(crate) fn class(&self) -> Class {
        let rule = RULES.iter().find(|rule| rule.fits(self));
        rule.map_or(Class::BadAnswer, |rule| rule.class)
    }
}

const ANY: RangeInclusive<u16> = 0..=u16::MAX;
const REFUSED: RangeInclusive<u16> = 400..=499;

const fn rule(
    status: RangeInclusive<u16>,
    codes: &'static [&'static str],
    says: Says,
    class: Class,
) -> Rule {
    Rule {
        status,
        codes,
        says,
        class,
    }
}

/// Words for a registry that is read-only.
const READ_ONLY: &[&str] = &["read-only", "read only", "readonly"];

/// The first that fits decides.
const RULES: &[Rule] = &[
    rule(429..=429, &[], Says::Anything, Class::RateLimited),
    rule(
        ANY,
        &["TOOMANYREQUESTS", "THROTTLINGEXCEPTION"],
        Says::Anything,
        Class::RateLimited,
    ),
    rule(
        ANY,
        &[],
        Says::Any(&[
            "secondary rate limit",
            "rate exceeded",
            "rate limit exceeded",
        ]),
        Class::RateLimited,
    ),
    rule(
        ANY,
        &["PROTECTED_TAG", "PROTECTED_MANIFEST"],
        Says::Anything,
        Class::Protected,
    ),
    rule(
        ANY,
        &[
            "IMMUTABLE_TAG",
            "TAG_IMMUTABLE",
            "REGISTRY_DISALLOWED_OPERATION",
        ],
        Says::Anything,
        Class::Immutable,
    ),
    // Harbor asks for a login where the project does not exist. Any other word of a request for a
    // login is about the repository, and says nothing of why it is refused.
    rule(401..=401, &[], Says::NoProject, Class::NotFound),
    rule(401..=401, &[], Says::Anything, Class::Login),
    rule(
        REFUSED,
        &[],
        Says::Alone(&["immutable", "immutability"]),
        Class::Immutable,
    ),
    rule(
        REFUSED,
        &[],
        Says::Any(&["cannot be overwritten", "does not allow updating assets"]),
        Class::Immutable,
    ),
    rule(REFUSED, &[], Says::Alone(&["quota"]), Class::ReadOnly),
    rule(
        REFUSED,
        &[],
        Says::AloneWith(READ_ONLY, "currently"),
        Class::ReadOnly,
    ),
    rule(REFUSED, &[], Says::Alone(READ_ONLY), Class::NoWrites),
    rule(
        403..=403,
        &[],
        Says::Any(&["artifact to a proxy project"]),
        Class::NoWrites,
    ),
    rule(
        REFUSED,
        &[],
        Says::Any(&["body too large"]),
        Class::TooLarge,
    ),
    rule(ANY, &["SIZE_INVALID"], Says::Anything, Class::TooLarge),
    rule(ANY, &["UNAVAILABLE"], Says::Anything, Class::Unavailable),
    rule(403..=403, &[], Says::Anything, Class::Denied),
    rule(413..=413, &[], Says::Anything, Class::TooLarge),
    rule(415..=415, &[], Says::Anything, Class::MediaType),
    rule(409..=409, &["CONFLICT"], Says::Anything, Class::Immutable),
    rule(412..=412, &[], Says::Anything, Class::Policy),
    rule(405..=405, &[], Says::Anything, Class::NoWrites),
    rule(
        REFUSED,
        &["PROJECTPOLICYVIOLATION"],
        Says::Anything,
        Class::Policy,
    ),
    rule(
        REFUSED,
        &["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"],
        Says::Anything,
        Class::ChildMissing,
    ),
    rule(
        REFUSED,
        &[],
        Says::Any(&[
            "sub-manifest",
            "required for pushing image",
            "could not find child manifest",
        ]),
        Class::ChildMissing,
    ),
    // A registry in front of another that refuses.
    rule(
        400..=400,
        &["MANIFEST_INVALID"],
        Says::Any(&["403 forbidden"]),
        Class::Denied,
    ),
    rule(
        404..=404,
        &["MANIFEST_INVALID"],
        Says::Any(&["403 forbidden"]),
        Class::Denied,
    ),
    rule(
        400..=400,
        &[],
        Says::Any(&["media type", "mediatype", "content-type", "content type"]),
        Class::MediaType,
    ),
    // What is missing can only be a child, as nothing else was named.
    rule(
        400..=400,
        &["MANIFEST_INVALID"],
        Says::Any(&[
            "not found",
            "unknown",
            "does not exist",
            "do not exist",
            "missing",
        ]),
        Class::ChildMissing,
    ),
    rule(404..=404, &[], Says::Anything, Class::NotFound),
    // A manifest that this registry will not take (cuelabs), and no failure of its own.
    rule(
        500..=500,
        &["UNKNOWN"],
        Says::All(&["invalid manifest", "not found"]),
        Class::ChildMissing,
    ),
    rule(
        500..=500,
        &["UNKNOWN"],
        Says::Any(&["invalid manifest"]),
        Class::Refused,
    ),
    rule(408..=408, &[], Says::Anything, Class::Unavailable),
    rule(425..=425, &[], Says::Anything, Class::Unavailable),
    rule(499..=499, &[], Says::Anything, Class::Unavailable),
    rule(500..=599, &[], Says::Anything, Class::Unavailable),
    rule(400..=498, &[], Says::Anything, Class::Refused),
];
