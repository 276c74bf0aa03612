//! Whether legs make exactly the index that was asked for, and are of one build.

use std::collections::BTreeSet;
use std::fmt;

use super::leg::Leg;
use crate::observation::{ImageSeen, Mixed, mixed};
use crate::oci::{Digest, LABELS, Platform};

/// Why legs do not make the index that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// No leg has an image for this platform.
    Missing(Platform),
    /// A leg has an image for a platform that was not asked for.
    Unasked {
        /// The leg.
        leg: String,
        /// The platform.
        platform: Platform,
        /// The image.
        digest: Digest,
    },
    /// Nothing says which platform an image is for.
    Unnamed {
        /// The leg.
        leg: String,
        /// The image.
        digest: Digest,
    },
    /// Legs have different images for one platform: each leg and its image.
    Twice(Platform, Vec<(String, Digest)>),
    /// A leg is an index that lists an index.
    Nested {
        /// The leg.
        leg: String,
        /// Its digest.
        digest: Digest,
    },
    /// The legs are not of one build: what differs, and each leg with its value.
    Mixed(String, Vec<(String, String)>),
}

/// All that keeps these legs from making one index of exactly these platforms, the worst first.
#[must_use]
pub fn misfits(legs: &[Leg], asked: &[Platform], allow_mixed: bool) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    let mut found: Vec<Vec<(&Leg, &Digest)>> = asked.iter().map(|_| Vec::new()).collect();
    for leg in legs {
        if leg.document.images().any(|child| child.is_index()) {
            misfits.push(Misfit::Nested {
                leg: leg.name.clone(),
                digest: leg.document.digest().clone(),
            });
            continue;
        }
        for image in &leg.images {
            let Some(platform) = image.platform() else {
                misfits.push(Misfit::Unnamed {
                    leg: leg.name.clone(),
                    digest: image.digest.clone(),
                });
                continue;
            };
            match asked.iter().position(|asked| asked.is_met_by(platform)) {
                Some(at) => found
                    .get_mut(at)
                    .into_iter()
                    .for_each(|of| of.push((leg, &image.digest))),
                None => misfits.push(Misfit::Unasked {
                    leg: leg.name.clone(),
                    platform: platform.clone(),
                    digest: image.digest.clone(),
                }),
            }
        }
    }
    for (platform, of) in asked.iter().zip(&found) {
        match of.as_slice() {
            [] => misfits.insert(0, Misfit::Missing(platform.clone())),
            [first, rest @ ..] if rest.iter().any(|other| is_rival(first, other)) => {
                let of = of
                    .iter()
                    .map(|(leg, digest)| (leg.name.clone(), (*digest).clone()));
                misfits.push(Misfit::Twice(platform.clone(), of.collect()));
            }
            _ => {}
        }
    }
    if !allow_mixed {
        misfits.extend(differing(legs));
    }
    misfits
}

/// Whether two legs have different images for one platform. One leg may list the same platform twice:
/// buildah does so for gzip and zstd.
fn is_rival((leg, digest): &(&Leg, &Digest), (other, others): &(&Leg, &Digest)) -> bool {
    leg.document.digest() != other.document.digest() && digest != others
}

/// What shows that the legs are of different builds.
fn differing(legs: &[Leg]) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    // Each value with the first that has it.
    let mut add = |what: &str, of: &mut dyn Iterator<Item = (String, String)>| {
        let mut values: Vec<(String, String)> = Vec::new();
        for (name, value) in of {
            if !values.iter().any(|(_, known)| *known == value) {
                values.push((name, value));
            }
        }
        if values.len() > 1 {
            misfits.push(Misfit::Mixed(what.to_owned(), values));
        }
    };
    let named = |leg: &Leg, value: Option<String>| Some((leg.name.clone(), value?));
    let mut targets = legs.iter().filter_map(|leg| named(leg, leg.target.clone()));
    add("the bake target", &mut targets);
    let images = || {
        legs.iter()
            .flat_map(|leg| leg.images.iter().map(move |image| (leg, image)))
    };
    let all = || images().map(|(_, image)| image);
    if let Some(mixed) = mixed(all()) {
        let value = |image: &ImageSeen| mixed.of(image).map(str::to_owned);
        let mut each = images().filter_map(|(leg, image)| named(leg, value(image)));
        let what = match mixed {
            Mixed::Revision => "the revision that the provenance names".to_owned(),
            Mixed::Label(nth) => format!("the label `{}`", LABELS.get(nth).unwrap_or(&"")),
        };
        add(&what, &mut each);
    }
    // Windows starts what it starts in other words.
    let system = |image: &ImageSeen| image.platform()?.system().map(str::to_owned);
    let systems: BTreeSet<String> = all().filter_map(system).collect();
    for of in systems {
        let words = |leg: &Leg| {
            let mut images = leg.images.iter();
            let image = images.find(|image| system(image).as_ref() == Some(&of))?;
            Some(image.words.join(" "))
        };
        let mut each = legs.iter().filter_map(|leg| named(leg, words(leg)));
        add("what the image starts", &mut each);
    }
    misfits
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(platform) => write!(f, "no leg has an image for {platform}"),
            Self::Unasked {
                leg,
                platform,
                digest,
            } => write!(
                f,
                "{leg} has an image for {platform}, which was not asked for (`{digest}`)"
            ),
            Self::Unnamed { leg, digest } => {
                write!(f, "nothing says which platform {leg} is for (`{digest}`)")
            }
            Self::Twice(platform, of) => {
                write!(f, "{platform} is in more than one leg: ")?;
                let each = of.iter().map(|(leg, digest)| format!("{leg} (`{digest}`)"));
                f.write_str(&each.collect::<Vec<_>>().join(", "))
            }
            Self::Nested { leg, digest } => {
                write!(f, "{leg} is an index that lists an index (`{digest}`)")
            }
            Self::Mixed(what, of) => {
                write!(f, "the legs are not of one build: {what} differs: ")?;
                let each = of.iter().map(|(leg, value)| format!("`{value}` in {leg}"));
                f.write_str(&each.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl Misfit {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing(_) => {
                "look whether the job of that platform ran and its file was downloaded; nothing was written"
            }
            Self::Unasked { .. } => {
                "leave that leg out, or ask for its platform, too: `--platform`; nothing was written"
            }
            Self::Unnamed { .. } => "build it with a `--platform`; nothing was written",
            Self::Twice(..) => {
                "give one leg for each platform: the file of another image, or of an earlier run, may be among them; nothing was written"
            }
            Self::Nested { .. } => {
                "give the index that is listed, with `--source REPO@DIGEST`; nothing was written"
            }
            Self::Mixed(..) => {
                "build all legs of one commit again, or say `--allow-mixed` if it is meant; nothing was written"
            }
        }
    }
}
