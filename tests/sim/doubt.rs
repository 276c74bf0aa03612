//! The fourth promise: trouble and lag make nothing out of what is known, and nothing wrong of what is right.

use tagproof::finding::Finding;
use tagproof::oci::Digest;
use tagproof::registry::Class;
use tagproof::verdict::Code;

use super::images::{Kind, library};
use super::journal::{Look, Shown, Stage, What};
use super::promises::{ACCUSED, Broken, Ran, UNPROVEN, demand, kind, name, shows};
use super::scene::{Claim, Lag};

impl Ran<'_> {
    /// Promise 4, first half: nothing but trouble makes a wrong tag unproven.
    pub(crate) fn unproven(&self, claim: &Claim, finding: &Finding) -> Result<(), Broken> {
        // A digest is also asked for on account of tags, which is no look at it.
        if finding.verdict.code() != Code::Unproven || claim.tag.is_none() {
            return Ok(());
        }
        // Which platform the image is for is asked of its config, and that is gone.
        let image = library().doc(&claim.build().image);
        let is_lost = |config| {
            self.scene
                .lost
                .contains(&(claim.repo, Digest::clone(config)))
        };
        if !self.scene.platforms.is_empty() && image.config.as_ref().is_some_and(is_lost) {
            return Ok(());
        }
        let looks = self.looks(claim, Some(Stage::Before));
        let Some(last @ [first, ..]) = self.last(&looks, self.needed()) else {
            return Ok(());
        };
        let is_wrong = shows(claim, &first.observation).is_some_and(|kind| kind != Kind::Right);
        let agree = |look: &Look| {
            look.observation == first.observation
                // What else decides: whether the image is there, and its children.
                && self.read_by(claim, look) == self.read_by(claim, first)
                && self.absent_at(claim, look).keys().eq(self.absent_at(claim, first).keys())
        };
        let met = |look: &Look| {
            self.events.iter().any(|event| {
                event.epoch == look.epoch
                    && self.is_about(claim, event)
                    && event.fault.is_some_and(|fault| !fault.is_harmless())
            })
        };
        let before = || self.events.iter().filter(|it| it.stage == Stage::Before);
        let over = before().any(|event| {
            let failed = matches!(event.what, What::Read(_, _, Shown::Failed(Class::Deadline)));
            failed || event.at >= self.scene.deadline
        });
        // The last look was not the last for want of time: the next would have been begun.
        let longest_wait = self.scene.settle.max(8_000);
        let had_time = before()
            .next_back()
            .is_some_and(|it| it.at + longest_wait < self.scene.deadline);
        let clean = !over && last.iter().all(|look| agree(look) && !met(look));
        demand(!(is_wrong && had_time && clean), UNPROVEN, || {
            format!(
                "{} was seen wrong twice: {looks:#?}",
                name(self.scene, claim)
            )
        })
    }

    /// Whether the image of a claim had been read whole when a look was over.
    fn read_by(&self, claim: &Claim, look: &Look) -> bool {
        self.events.iter().any(|event| {
            event.repo == claim.repo
                && event.epoch <= look.epoch
                && matches!(&event.what, What::Read(_, _, Shown::Body(digest, _)) if *digest == claim.build().image)
        })
    }

    /// Promise 4, second half.
    pub(crate) fn accused(&self, claim: &Claim, finding: &Finding) -> Result<(), Broken> {
        let scene = self.scene;
        let Some(tag) = &claim.tag else {
            return Ok(());
        };
        // What is seen of a part of the build is believed after two looks, so there the lag must
        // be shorter than the time between them.
        let stale = kind(claim, claim.before.as_ref());
        let most = match stale {
            Kind::Child | Kind::Wrapped => scene.settle,
            _ => scene.timeout.max(scene.settle),
        };
        let comes_right = |lag: &Lag| match *lag {
            Lag::Behind(time) => time + claim.since,
            Lag::FrozenUntil(until) => until,
        };
        let repo = &scene.repos[claim.repo];
        let lags = repo.replicas.iter().map(comes_right).max().unwrap_or(0);
        let image = &claim.build().image;
        let is_quiet = kind(claim, claim.start.as_ref()) == Kind::Right
            && !scene.gone.contains(&(claim.repo, image.clone()))
            && claim
                .start
                .as_ref()
                .is_some_and(|it| !scene.gone.contains(&(claim.repo, it.clone())))
            && !scene.acts.iter().any(|(_, deed)| deed.is_about(claim))
            && !self.lied_to(claim);
        // Without a wait, one look decides.
        if !is_quiet || (lags > 0 && (scene.settle == 0 || lags >= most)) {
            return Ok(());
        }
        let is_accused = matches!(
            finding.verdict.code(),
            Code::Child | Code::Wrapped | Code::Absent | Code::Other | Code::NeverPushed
        );
        let is_written = self
            .events
            .iter()
            .any(|it| it.repo == claim.repo && matches!(&it.what, What::Put(to, ..) if to == tag));
        demand(!is_accused && !is_written, ACCUSED, || {
            let code = finding.verdict.code();
            format!(
                "{} is right, and said to be {code}; written: {is_written}",
                name(scene, claim)
            )
        })
    }
}
