//! The eighth promise: what a write moved a tag off is still there after the run, or said to be lost.

use tagproof::finding::Finding;
use tagproof::oci::Digest;
use tagproof::outcome;
use tagproof::registry::{Class, Method, Target};

use super::fault::Fault;
use super::forget::parts;
use super::images::{Kind, library};
use super::journal::{Effect, Event, Shown, What};
use super::promises::{Broken, FIXED, KEPT, NAMED, PUT_BACK, Ran, demand, kind, name};
use super::scene::Claim;
use super::state::Content;
use super::world::World;

impl Ran<'_> {
    /// Promise 8: everything that a tag was moved off is still served, or said to be lost.
    pub(crate) fn kept(&self, index: usize, world: &World<'_>) -> Result<(), Broken> {
        let Some((repo, effect)) = self.effect(index) else {
            return Ok(());
        };
        // Another one moved the tag between the look and the write, or the look was lied to: what was
        // left then was never seen.
        if self.saw(index) != effect.left.last() || self.is_denied(index) {
            return Ok(());
        }
        let is_told = |digest: &Digest| {
            let own = self.findings.iter();
            let mut own = own.filter(|it| it.expectation.repository == self.scene.repos[repo].name);
            own.any(|it| says_lost(it, digest))
        };
        let left = match self.is_given_up(index) {
            true => effect
                .left
                .split_last()
                .map_or(&[][..], |(last, _)| std::slice::from_ref(last)),
            false => effect.left.as_slice(),
        };
        let mut lost = self.lost(index, effect, left, world);
        // Nor is it sought for long: what was seen there after the write may go with a later move of
        // the run, as the image that lists it.
        if self.is_given_up(index) {
            lost.retain(|it| {
                self.last_read(index, it)
                    .is_some_and(|read| answered(read, it) == Some(false))
            });
        }
        let silent: Vec<&Digest> = lost.into_iter().filter(|it| !is_told(it)).collect();
        demand(silent.is_empty(), KEPT, || {
            format!("{silent:?} is gone since request {index}, and nothing says so")
        })
    }

    /// Promise 8b: nothing that the expected index lists was lost where the tag is said to be fixed.
    pub(crate) fn fixed(&self, index: usize, world: &World<'_>) -> Result<(), Broken> {
        let (Some((_, effect)), Some(claim)) = (self.effect(index), self.claim(index)) else {
            return Ok(());
        };
        let outcome = self
            .finding(claim)
            .and_then(|finding| finding.outcome.as_ref());
        let is_fixed = outcome.map(outcome::Outcome::code) == Some(outcome::Code::Fixed);
        // As above: what was left was never seen, and could be one of these.
        if !is_fixed || self.saw(index) != effect.left.last() {
            return Ok(());
        }
        let mut lost = self.lost(index, effect, &effect.had, world);
        // What another tag's write took away and could not put back is said there.
        lost.retain(|it| !self.findings.iter().any(|finding| says_lost(finding, it)));
        demand(lost.is_empty(), FIXED, || {
            let name = name(self.scene, claim);
            format!("{name} is said to be fixed, and {lost:?} is gone since request {index}")
        })
    }

    /// Promise 8c: what a write leaves was named before it, so that a run that is killed then has told
    /// what to look for.
    pub(crate) fn named(&self, index: usize) -> Result<(), Broken> {
        let Some((repo, effect)) = self.effect(index) else {
            return Ok(());
        };
        if self.saw(index) != effect.left.last() {
            return Ok(());
        }
        let is_named = |digest: &Digest| {
            let doc = library().doc(digest);
            self.told.iter().any(|told| {
                told.after <= index
                    && told.repo == repo
                    && told.digest == *digest
                    && told.size == doc.bytes.len()
                    && self.was_served_as(repo, digest, &told.media_type)
            })
        };
        let gone = effect.gone.iter().filter(|_| !self.is_given_up(index));
        let left = effect.left.last().into_iter().chain(gone);
        let before = &self.events[..index];
        let was_absent = |digest: &Digest| {
            let before = before.iter().rev().filter(|it| it.repo == repo);
            before.filter_map(|it| answered(it, digest)).next() == Some(false)
        };
        let silent = left.filter(|it| !is_named(it) && !was_absent(it));
        let silent: Vec<&Digest> = silent.collect();
        demand(silent.is_empty(), NAMED, || {
            format!("{silent:?} was left by request {index} and not named before it")
        })
    }

    /// Promise 8d: only what a write removed is put back, as it was served, and parts before the whole.
    pub(crate) fn put_back(&self, index: usize) -> Result<(), Broken> {
        let event = &self.events[index];
        let What::PutBack(digest, media_type, ..) = &event.what else {
            return Ok(());
        };
        let earlier = &self.events[..index];
        let shown = |events: &[Event], of: &Digest| -> Option<bool> {
            let of_repo = events.iter().filter(|it| it.repo == event.repo);
            of_repo.rev().find_map(|it| answered(it, of))
        };
        // The write that it was seen before, by its digest or as what the tag showed, and gone after.
        let removed = |write: &usize| {
            let (before, after) = earlier.split_at(*write);
            let was_seen = shown(before, digest) == Some(true) || self.saw(*write) == Some(digest);
            was_seen && shown(after, digest) == Some(false)
        };
        let is_write = |it: &Event| it.repo == event.repo && matches!(it.what, What::Put(..));
        // The last one: what was gone before it was not removed by it.
        let mut writes = (0..index).rev().filter(|write| is_write(&earlier[*write]));
        let Some(write) = writes.find(removed) else {
            return demand(false, PUT_BACK, || {
                format!("{digest} was put back, and no write was seen to remove it")
            });
        };
        demand(
            !(self.is_given_up(write) && self.saw(write) == Some(digest)),
            PUT_BACK,
            || format!("{digest} is another image, and was put back unasked"),
        )?;
        let is_as_served = self.was_served_as(event.repo, digest, media_type);
        demand(is_as_served, PUT_BACK, || {
            format!("{digest} was put back as {media_type}")
        })?;
        let after = &earlier[write..];
        let late = parts(digest).iter().find(|part| {
            let is_put = |it: &Event| matches!(&it.what, What::PutBack(put, ..) if put == *part);
            // One that was gone before the write was not removed by it.
            shown(&earlier[..write], part) != Some(false)
                && shown(after, part) == Some(false)
                && !after.iter().any(is_put)
        });
        demand(late.is_none(), PUT_BACK, || {
            format!("{digest} was put back before its part {late:?}")
        })
    }

    /// Whether a write moves a tag off another image that is not to be put back: then it is only said
    /// whether that is gone, and nothing of what it lists.
    fn is_given_up(&self, index: usize) -> bool {
        let claim = self.claim(index);
        let is_other = claim.is_some_and(|it| kind(it, self.saw(index)) == Kind::Other);
        is_other && !self.scene.restore
    }

    /// Which claim a write is about.
    fn claim(&self, index: usize) -> Option<&Claim> {
        let event = &self.events[index];
        let What::Put(tag, ..) = &event.what else {
            return None;
        };
        let mut claims = self.scene.claims.iter();
        claims.find(|it| it.repo == event.repo && it.tag.as_ref() == Some(tag))
    }

    fn effect(&self, index: usize) -> Option<(usize, &Effect)> {
        let event = &self.events[index];
        match &event.what {
            What::Put(_, _, _, Some(effect)) => Some((event.repo, effect)),
            _ => None,
        }
    }

    /// The last read of a manifest after a write.
    fn last_read(&self, index: usize, digest: &Digest) -> Option<&Event> {
        let is_read = |it: &&Event| {
            it.repo == self.events[index].repo
                && matches!(&it.what, What::Read(Target::Manifest(read), ..) if read == digest)
        };
        self.events[index..].iter().rev().find(is_read)
    }

    /// Whether a manifest was served under this type: its own, or what a fault made of that.
    fn was_served_as(&self, repo: usize, digest: &Digest, media_type: &str) -> bool {
        // Of a body that a fault made up, the type is not known here.
        let doc = library().docs.get(digest);
        doc.is_none_or(|doc| doc.media_type == media_type)
            || self.events.iter().any(|event| {
                let is_body =
                    matches!(&event.what, What::Read(_, _, Shown::Body(body, _)) if body == digest);
                event.repo == repo && is_body && event.fault == Some(Fault::TypeWrong)
            })
    }

    /// Whether a registry that took a write had it that it did not: it asked to come again later, or
    /// refused it and went on showing what the tag was before. That is taken at its word.
    fn is_denied(&self, index: usize) -> bool {
        let (event, rest) = (&self.events[index], &self.events[index + 1..]);
        let What::Put(tag, digest, false, _) = &event.what else {
            return false;
        };
        let is_look = |it: &&Event| {
            it.repo == event.repo
                && matches!(&it.what, What::Read(Target::Tag(read), ..) if read == tag)
        };
        let is_ours = |it: &Event| match &it.what {
            What::Read(_, _, Shown::Said(shown) | Shown::Body(shown, _)) => shown == digest,
            _ => false,
        };
        event.fault == Some(Fault::Lost(Class::RateLimited))
            || (rest.first().is_some_and(|it| is_look(&it))
                && !rest.iter().take_while(is_look).any(is_ours))
    }

    /// What the look just before a write showed.
    fn saw(&self, index: usize) -> Option<&Digest> {
        let last = &self.events[index.checked_sub(1)?];
        match &last.what {
            What::Read(Target::Tag(_), _, Shown::Said(digest) | Shown::Body(digest, _)) => {
                Some(digest)
            }
            _ => None,
        }
    }

    /// What of these is gone in the end, by the engine alone and against all that it was answered.
    fn lost<'d>(
        &self,
        index: usize,
        effect: &Effect,
        of: &'d [Digest],
        world: &World<'_>,
    ) -> Vec<&'d Digest> {
        let repo = self.events[index].repo;
        world.with(|state| {
            let content = &state.content[repo];
            let is_lost = |digest: &&Digest| {
                !content.serves(digest, self.end)
                    && !content.lost_by_others(digest, effect.at)
                    && !self.is_deceived(index, digest, content)
                    && !self.is_taken_unseen(index, digest)
            };
            of.iter().filter(is_lost).collect()
        })
    }

    /// Whether a later write took a manifest from a tag whose look was lied to: that it was left was
    /// never seen.
    fn is_taken_unseen(&self, index: usize, digest: &Digest) -> bool {
        let repo = self.events[index].repo;
        (index + 1..self.events.len())
            .filter(|later| self.events[*later].repo == repo)
            .any(|later| {
                self.effect(later).is_some_and(|(_, effect)| {
                    effect.left.contains(digest) && self.saw(later) != effect.left.last()
                })
            })
    }

    /// Whether the registry had it that a manifest is there although it is not, or that it was not
    /// there before the write: a replica that lags, or an answer that is a lie.
    fn is_deceived(&self, index: usize, digest: &Digest, content: &Content) -> bool {
        let repo = self.events[index].repo;
        let (before, after) = self.events.split_at(index);
        let before = before.iter().filter(|it| it.repo == repo);
        let was_absent = before.rev().find_map(|it| answered(it, digest)) == Some(false);
        let mut after = after.iter().filter(|it| it.repo == repo);
        was_absent
            || after.any(|it| answered(it, digest) == Some(true) && !content.serves(digest, it.at))
    }
}

/// Whether a read of a manifest was answered as there or as gone; `None` where it was no such read
/// or said neither.
fn answered(event: &Event, digest: &Digest) -> Option<bool> {
    let What::Read(Target::Manifest(read), method, shown) = &event.what else {
        return None;
    };
    match shown {
        _ if read != digest => None,
        Shown::Absent => Some(false),
        Shown::Body(..) | Shown::Said(_) => Some(true),
        Shown::Nothing => (*method == Method::Head).then_some(true),
        Shown::Garbage | Shown::Failed(_) => None,
    }
}

/// Whether it is said that a manifest was lost, or is not known to be there, and the tag is not
/// called right all the same.
fn says_lost(finding: &Finding, digest: &Digest) -> bool {
    let after = &finding.aftermath;
    let is_before = finding.observation.shown() == Some(digest);
    let outcome = finding.outcome.as_ref().map(outcome::Outcome::code);
    let is_lost = after.lost.iter().any(|(left, _)| left.digest == *digest);
    (is_before && after.before_is_gone && !finding.expectation.restore)
        || (is_lost && outcome.is_some_and(|code| !code.is_right()))
}
