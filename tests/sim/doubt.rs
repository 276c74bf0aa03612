//! The fourth promise: trouble and lag make nothing out of what is known, and nothing wrong of what is right.

use tagproof::finding::Finding;
use tagproof::registry::Class;
use tagproof::verdict::Code;

use super::images::Kind;
use super::journal::{Look, Shown, Stage, What};
use super::promises::{ACCUSED, Broken, Ran, UNPROVEN, demand, kind, name, shows};
use super::scene::{Claim, Lag};

impl Ran<'_> {
    /// Promise 4, first half: nothing but trouble makes a wrong tag unproven.
    pub(crate) fn unproven(&self, claim: &Claim, finding: &Finding) -> Result<(), Broken> {
        let repo = &self.scene.repos[claim.repo];
        let is_still = repo
            .replicas
            .iter()
            .all(|lag| matches!(lag, Lag::Behind(0)))
            && !self
                .scene
                .acts
                .iter()
                .any(|(_, deed)| deed.repo() == claim.repo);
        // A digest is also asked for on account of tags, which is no look at it.
        let is_look = claim.tag.is_some() && self.scene.settle > 0;
        if finding.verdict.code() != Code::Unproven || !is_still || !is_look {
            return Ok(());
        }
        let looks = self.looks(claim, Some(Stage::Before));
        let Some([first, second]) = self.last(&looks, 2) else {
            return Ok(());
        };
        let over = self.events.iter().any(|event| {
            let failed = matches!(event.what, What::Read(_, _, Shown::Failed(Class::Deadline)));
            failed || event.at >= self.scene.deadline
        });
        let met = |look: &Look| {
            self.events.iter().any(|event| {
                event.repo == claim.repo
                    && event.epoch == look.epoch
                    && event.fault.is_some_and(|fault| !fault.is_harmless())
            })
        };
        let is_wrong = first.sight == second.sight
            && shows(claim, &second.sight).is_some_and(|kind| kind != Kind::Right);
        // The last look was not the last for want of time: the next would have been begun.
        let mut before = self.events.iter().rev();
        let ended = before.find(|event| event.stage == Stage::Before);
        let longest_wait = self.scene.settle.max(8_000);
        let had_time = ended.is_some_and(|it| it.at + longest_wait < self.scene.deadline);
        let clean = !over && !met(first) && !met(second);
        demand(!(is_wrong && had_time && clean), UNPROVEN, || {
            format!(
                "{} was seen wrong twice: {looks:#?}",
                name(self.scene, claim)
            )
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
            && !scene.acts.iter().any(|(_, deed)| deed.repo() == claim.repo)
            && !self.lied_to(claim.repo);
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
