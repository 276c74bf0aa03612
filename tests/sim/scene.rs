//! A scene: all that a seed decides before the engine begins.

use std::collections::BTreeSet;

use tagproof::expectation::{Depth, OnOther, OnWrongPlatform};
use tagproof::oci::Attestation::{self, Provenance};
use tagproof::oci::{Digest, Reference, Repository, Tag};
use tagproof::report::Tolerate;

use super::fault::{Fault, Phase};
use super::forget::Forgets;
use super::images::{Build, Library, library};
use super::rng::Rng;

/// When the tags were as replicas that lag show them.
pub(crate) const LONG_AGO: i64 = -100_000;

/// How far behind a replica is. Times are in milliseconds, 0 is when the engine begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lag {
    /// Always so long.
    Behind(i64),
    /// It shows the state of long ago until then, and the present from then on.
    FrozenUntil(i64),
}

/// What the digest headers of a repository are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Right,
    Missing,
    Wrong,
}

#[derive(Clone, Debug)]
pub(crate) struct Repo {
    pub(crate) name: Repository,
    /// One for each replica; each request meets any of them.
    pub(crate) replicas: Vec<Lag>,
    pub(crate) header: Header,
    /// Which registry it forgets like what a tag leaves.
    pub(crate) forgets: Option<Forgets>,
    /// Whether it refuses an index whose children it has not.
    pub(crate) checks: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    None,
    Immutable,
    Protected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The build names the tag.
    Named,
    /// Only the command line does.
    Asked,
    /// `latest` that nobody named.
    Implied,
}

/// Which tags are of one build: all, those of a repository, or each is of one of its own, as the
/// targets of a bake are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mix {
    One,
    Repositories,
    Tags,
}

/// What is expected of one tag, and how the tag is.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) repo: usize,
    /// `None`: only the digest is claimed.
    pub(crate) tag: Option<Tag>,
    pub(crate) build: usize,
    pub(crate) source: Source,
    /// Whether only the image's ID is known.
    pub(crate) by_id: bool,
    /// Whether another build claims it, too.
    pub(crate) conflict: bool,
    /// Whether it was asked for, and no build made anything for it.
    pub(crate) nothing: bool,
    /// Whether a policy says that it is never moved.
    pub(crate) immutable: bool,
    /// What it showed long ago, what it shows now, and since when.
    pub(crate) before: Option<Digest>,
    pub(crate) start: Option<Digest>,
    pub(crate) since: i64,
    pub(crate) lock: Lock,
}

/// When someone else acts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    At(i64),
    /// After so many requests.
    Request(usize),
    /// Between the look before the write and the write.
    Window,
}

/// What someone else does.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Point(usize, Tag, Option<Digest>),
    Delete(usize, Digest),
}

impl Deed {
    /// Whether it changes the tag of a claim, or its image, or what the tag shows.
    pub(crate) fn is_about(&self, claim: &Claim) -> bool {
        match self {
            Self::Point(repo, tag, _) => *repo == claim.repo && claim.tag.as_ref() == Some(tag),
            Self::Delete(repo, digest) => {
                *repo == claim.repo
                    && (claim.is_part(digest) || claim.start.as_ref() == Some(digest))
            }
        }
    }
}

/// A fault, and the requests that it happens to.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) fault: Fault,
    pub(crate) phase: Option<Phase>,
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) percent: usize,
    pub(crate) takes: i64,
    pub(crate) retry_after: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) seed: u64,
    pub(crate) settle: i64,
    pub(crate) timeout: i64,
    pub(crate) deadline: i64,
    pub(crate) latency: i64,
    /// How deep somebody said to look.
    pub(crate) depth: Option<Depth>,
    pub(crate) on_wrong_platform: OnWrongPlatform,
    pub(crate) fix: bool,
    pub(crate) on_other: OnOther,
    pub(crate) tolerate: Tolerate,
    /// The platforms that the command line asks for, and the attestations that a policy does.
    pub(crate) platforms: Vec<String>,
    pub(crate) attestations: Vec<Attestation>,
    /// Whether the metadata is of a file that the build wrote, maybe beside a push.
    pub(crate) of_file: bool,
    pub(crate) repos: Vec<Repo>,
    pub(crate) claims: Vec<Claim>,
    /// What is gone from a repository when the engine begins.
    pub(crate) gone: Vec<(usize, Digest)>,
    /// The blobs that a repository does not have.
    pub(crate) lost: Vec<(usize, Digest)>,
    pub(crate) acts: Vec<(When, Deed)>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) kill: Option<Kill>,
    /// Whether another image is put back where the registry forgets it.
    pub(crate) restore: bool,
}

/// When the run is killed: so many requests after so many writes of a tag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kill {
    pub(crate) writes: usize,
    pub(crate) requests: usize,
}

impl Claim {
    pub(crate) fn build(&self) -> &'static Build {
        &library().builds[self.build]
    }

    /// Whether this is the expected image, or something that it is made of.
    pub(crate) fn is_part(&self, digest: &Digest) -> bool {
        let image = library().doc(&self.build().image);
        *digest == image.digest
            || image.children.contains(digest)
            || library().blobs_of(&image.digest).contains(&digest)
    }

    /// Whether it is known with which bytes the tag would be repaired.
    pub(crate) fn may_be_written(&self) -> bool {
        self.tag.is_some() && !self.by_id && !self.conflict && !self.nothing
    }
}

impl Scene {
    /// How deep it is looked.
    pub(crate) fn looks(&self) -> Depth {
        self.depth.unwrap_or_default()
    }

    pub(crate) fn draw(seed: u64) -> Self {
        let rng = &mut Rng::new(seed);
        let settle = *rng.pick(&[0, 1, 500, 2_000, 2_000, 2_000, 5_000, 12_000]);
        let timeout = *rng.pick(&[0, 1_000, 20_000, 20_000, 20_000, 60_000]);
        let repos: Vec<Repo> = (0..1 + rng.below(3))
            .map(|index| repo(index, settle, timeout, rng))
            .collect();
        let mut scene = Self {
            seed,
            settle,
            timeout,
            deadline: *rng.pick(&[600_000, 600_000, 300_000, 300_000, 60_000, 9_000, 1_000]),
            latency: *rng.pick(&[0, 0, 30, 30, 400, 4_000]),
            depth: *rng.pick(&[
                Some(Depth::Tag),
                Some(Depth::Tag),
                Some(Depth::Children),
                None,
                Some(Depth::Platforms),
                Some(Depth::Programs),
            ]),
            on_wrong_platform: match rng.chance(20) {
                true => OnWrongPlatform::Warn,
                false => OnWrongPlatform::Fail,
            },
            fix: rng.chance(75),
            // Two of four move it: what may become of a write is most of what there is to see.
            on_other: *rng.pick(&[OnOther::Fail, OnOther::Fix, OnOther::Fix, OnOther::Warn]),
            tolerate: Tolerate {
                unproven: rng.chance(20),
                unpushed: rng.chance(20),
            },
            platforms: Vec::new(),
            attestations: match rng.chance(15) {
                true => rng.pick(&[&[Provenance][..], &Attestation::ALL]).to_vec(),
                false => Vec::new(),
            },
            of_file: false,
            repos,
            claims: Vec::new(),
            gone: Vec::new(),
            lost: Vec::new(),
            acts: Vec::new(),
            rules: Vec::new(),
            kill: None,
            restore: true,
        };
        scene.draw_claims(rng);
        if rng.chance(70) {
            scene.rules = rules(rng);
        }
        if rng.chance(40) {
            for _ in 0..1 + rng.below(2) {
                super::actors::draw(&mut scene, rng);
            }
        }
        scene.of_file = rng.chance(15);
        // What is gone mostly comes back, so that few runs would lose something.
        if scene.repos.iter().any(|repo| repo.forgets.is_some()) && rng.chance(35) {
            scene.rules.insert(0, refused_put_back(rng));
        }
        scene.kill = rng.chance(12).then(|| Kill {
            writes: 1 + rng.below(3),
            requests: rng.below(8),
        });
        scene.restore = rng.chance(65);
        scene
    }

    /// Whether a tag that shows this is left as it is since nothing says that its build was pushed:
    /// the metadata may be of a file, and the image a part of another one's index, or what the tag
    /// shows the push itself. A file's metadata has no name without a tag.
    pub(crate) fn is_spared(&self, claim: &Claim, shown: Option<&Digest>) -> bool {
        let of_its_build = |it: &&Claim| {
            it.source == Source::Named && it.build == claim.build && it.by_id == claim.by_id
        };
        let mut names = self.claims.iter().filter(of_its_build);
        self.of_file
            && claim.source == Source::Named
            && names.all(|it| it.tag.is_some())
            && match shown {
                None => !library().is_index(&claim.build().image),
                Some(shown) => library().is_attested(shown),
            }
    }

    fn draw_claims(&mut self, rng: &mut Rng) {
        let lib = library();
        let source = match rng.chance(75) {
            true => Source::Named,
            false => Source::Asked,
        };
        let ids = source == Source::Named && rng.chance(40);
        let mix = *rng.pick(&[Mix::One, Mix::One, Mix::Repositories, Mix::Tags]);
        let mut build = rng.below(lib.builds.len());
        if rng.chance(35) {
            let image = lib.doc(&lib.builds[build].image);
            self.platforms.clone_from(&image.platforms);
            if rng.chance(30) {
                self.platforms.push("linux/s390x".to_owned());
            }
        }
        let conflict = source == Source::Named && rng.chance(8);
        let nothing = source == Source::Named && !conflict && rng.chance(5);
        for repo in 0..self.repos.len() {
            if mix == Mix::Repositories {
                build = rng.below(lib.builds.len());
            }
            let first = self.claims.len();
            for number in 0..1 + rng.below(3) {
                if mix == Mix::Tags {
                    build = rng.below(lib.builds.len());
                }
                let by_id = ids && lib.doc(&lib.builds[build].image).config.is_some();
                let tag = (number > 0 || by_id || source == Source::Asked || rng.chance(90))
                    .then(|| number.to_string().parse().unwrap());
                let is_tagless = tag.is_none();
                self.claims
                    .push(claim(repo, tag, build, source, by_id, rng));
                if is_tagless {
                    let latest = Some(Tag::latest());
                    let implied = claim(repo, latest, build, Source::Implied, by_id, rng);
                    self.claims.push(implied);
                }
            }
            let claims = &mut self.claims[first..];
            // The first tag of each repository is claimed by another build as well, or by none.
            let named = claims
                .iter_mut()
                .find(|claim| claim.source == Source::Named && claim.tag.is_some() && !claim.by_id);
            if let Some(named) = named {
                (named.conflict, named.nothing) = (conflict, nothing);
            }
            let images: BTreeSet<&Digest> =
                claims.iter().map(|claim| &claim.build().image).collect();
            for &image in &images {
                // One build's tag on what another made.
                if images.len() > 1 && rng.chance(20) {
                    rng.pick_mut(claims).start = Some(image.clone());
                }
                for digest in lib.blobs_of(image) {
                    if rng.chance(2) {
                        self.lost.push((repo, digest.clone()));
                    }
                }
                for digest in [image].into_iter().chain(&lib.doc(image).children) {
                    if rng.chance(4) {
                        self.gone.push((repo, digest.clone()));
                    }
                }
            }
        }
    }
}

fn claim(
    repo: usize,
    tag: Option<Tag>,
    build: usize,
    source: Source,
    by_id: bool,
    rng: &mut Rng,
) -> Claim {
    let tag_is_there = tag.is_some();
    Claim {
        repo,
        tag,
        build,
        source,
        by_id,
        conflict: false,
        nothing: false,
        immutable: tag_is_there && rng.chance(10),
        before: shown(library(), build, rng),
        start: match rng.chance(35) {
            true => Some(library().builds[build].image.clone()),
            false => shown(library(), build, rng),
        },
        since: *rng.pick(&[-1, -500, -3_000, -60_000]),
        lock: *rng.pick(&[
            Lock::None,
            Lock::None,
            Lock::None,
            Lock::None,
            Lock::None,
            Lock::None,
            Lock::Immutable,
            Lock::Protected,
        ]),
    }
}

/// Anything that a tag may show.
pub(crate) fn shown(lib: &Library, build: usize, rng: &mut Rng) -> Option<Digest> {
    let build = &lib.builds[build];
    let children = &lib.doc(&build.image).children;
    match rng.below(6) {
        0 => None,
        1 => Some(build.image.clone()),
        2 => Some(rng.pick(&build.wrapped).clone()),
        3 if !children.is_empty() => Some(rng.pick(children).clone()),
        4 if !children.is_empty() => Some(rng.pick(children).clone()),
        _ => Some(rng.pick(&build.others).clone()),
    }
}

fn repo(index: usize, settle: i64, timeout: i64, rng: &mut Rng) -> Repo {
    let host = if rng.chance(50) {
        "a.example"
    } else {
        "b.example"
    };
    let lag = |rng: &mut Rng| {
        let most = *rng.pick(&[settle, timeout, 2 * timeout + 1, 400_000]);
        match rng.chance(50) {
            true => Lag::Behind(rng.between(0, most)),
            false => Lag::FrozenUntil(rng.between(0, most)),
        }
    };
    let mut replicas = vec![Lag::Behind(0)];
    if rng.chance(40) {
        replicas = (0..1 + rng.below(3)).map(|_| lag(rng)).collect();
        if rng.chance(50) {
            replicas.push(Lag::Behind(0));
        }
    }
    Repo {
        name: {
            let name: Reference = format!("{host}/app{index}").parse().unwrap();
            name.repository().clone()
        },
        replicas,
        header: *rng.pick(&[
            Header::Right,
            Header::Right,
            Header::Right,
            Header::Right,
            Header::Missing,
            Header::Wrong,
        ]),
        // A child is forgotten by the first only.
        forgets: match rng.below(10) {
            0..=2 => Some(Forgets::LikeZot),
            3 => Some(Forgets::LikeGitea),
            4 | 5 => Some(Forgets::LikeQuay),
            _ => None,
        },
        checks: rng.chance(50),
    }
}

/// The requests that few runs make.
const RARE: [Phase; 11] = [
    Phase::ImageHead,
    Phase::Config,
    Phase::AgainHead,
    Phase::AgainGet,
    Phase::LeavesHead,
    Phase::LeavesGet,
    Phase::StaysHead,
    Phase::StaysGet,
    Phase::PutBack,
    Phase::ConfirmHead,
    Phase::ConfirmGet,
];

/// A registry that does not take back what it forgot.
fn refused_put_back(rng: &mut Rng) -> Rule {
    let can = |fault: &Fault| fault.never().is_none() && fault.impossible(Phase::PutBack).is_none();
    let faults: Vec<Fault> = Fault::all().into_iter().filter(can).collect();
    Rule {
        fault: *rng.pick(&faults),
        phase: Some(Phase::PutBack),
        from: 0,
        until: 1_000_000,
        percent: *rng.pick(&[50, 100, 100]),
        takes: 0,
        retry_after: None,
    }
}

fn rules(rng: &mut Rng) -> Vec<Rule> {
    let faults: Vec<Fault> = Fault::all()
        .into_iter()
        .filter(|fault| fault.never().is_none())
        .collect();
    (0..1 + rng.below(3))
        .map(|_| {
            let can = |fault: Fault, phase: Phase| fault.impossible(phase).is_none();
            let (fault, phase) = if rng.chance(30) {
                // Requests that few runs make would meet few faults if the fault was drawn first.
                let phase = *rng.pick(&RARE);
                let can: Vec<Fault> = faults
                    .iter()
                    .copied()
                    .filter(|it| can(*it, phase))
                    .collect();
                (*rng.pick(&can), Some(phase))
            } else {
                let fault = *rng.pick(&faults);
                let can: Vec<Phase> = Phase::ALL
                    .into_iter()
                    .filter(|it| can(fault, *it))
                    .collect();
                (fault, rng.chance(60).then(|| *rng.pick(&can)))
            };
            // When repairs begin, nobody knows.
            let is_late = phase.is_some_and(Phase::is_of_repair) && rng.chance(70);
            let from = match is_late || rng.chance(50) {
                true => 0,
                false => rng.between(0, 30_000),
            };
            let times = if is_late {
                &[1_000_000][..]
            } else {
                &[1, 1_000, 5_000, 30_000, 1_000_000]
            };
            Rule {
                fault,
                phase,
                from,
                until: from + *rng.pick(times),
                percent: *rng.pick(&[20, 50, 100, 100]),
                takes: match fault {
                    Fault::Slow => *rng.pick(&[1_000, 10_000, 40_000]),
                    _ => *rng.pick(&[0, 0, 0, 500, 10_000, 40_000]),
                },
                retry_after: match fault.may_ask_to_wait() {
                    true => *rng.pick(&[None, Some(0), Some(30), Some(86_400)]),
                    false => None,
                },
            }
        })
        .collect()
}
