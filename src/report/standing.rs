//! What a tag and a run have come to, and what is said of that everywhere.

use super::words::{Counts, NAME};
use super::{Entry, Report, Standing, Status};
use crate::text::clean;
use crate::verdict::Setting;
use crate::{outcome, verdict};

impl Entry {
    /// What the tag has come to.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.verdict, self.outcome) {
            (verdict::Code::Ok, _) => Standing::Right,
            (_, Some(outcome::Code::Fixed)) => Standing::Repaired,
            (_, Some(outcome::Code::AlreadyRight)) => Standing::CameRight,
            (_, Some(outcome::Code::Planned)) => Standing::Planned,
            _ if self.tolerated => Standing::Tolerated,
            (verdict::Code::Unproven, _) => Standing::Unproven,
            _ => Standing::Wrong,
        }
    }

    /// Whether the tag is right now: by its verdict, or after its repair.
    #[must_use]
    pub fn is_right(&self) -> bool {
        use Standing::{CameRight, Repaired, Right};
        matches!(self.standing(), Right | Repaired | CameRight)
    }

    /// The reference, fit to be shown.
    pub(super) fn name(&self) -> String {
        clean(&self.reference.to_string(), NAME)
    }

    /// `child, refused`: what was decided, and what became of the repair.
    pub(super) fn codes(&self) -> String {
        match self.outcome {
            Some(outcome) => format!("{}, {outcome}", self.verdict),
            None => self.verdict.to_string(),
        }
    }

    /// That a setting keeps the tag from failing the run, and which.
    pub(super) fn tolerated_by(&self) -> Option<String> {
        let setting = self.verdict.tolerated_by().filter(|_| self.tolerated)?;
        let setting = match setting {
            Setting::OnOther if self.rules.contains_key("on-other") => {
                "`on-other: warn` of the policy"
            }
            Setting::OnOther => "`--on-other warn`",
            Setting::OnWrongPlatform if self.rules.contains_key("on-wrong-platform") => {
                "`on-wrong-platform: warn` of the policy"
            }
            Setting::OnWrongPlatform => "`--on-wrong-platform warn`",
            Setting::OnUnproven => "`--on-unproven warn`",
            Setting::OnUnpushed => "`--on-unpushed warn`",
        };
        Some(format!("this does not fail the run, as {setting} asks"))
    }
}

impl Report {
    /// What the run has come to.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.status {
            _ if Counts::new(&self.tags).are_all_tolerated() => Standing::Tolerated,
            Status::Ok => Standing::Right,
            Status::Fixed => Standing::Repaired,
            Status::Planned => Standing::Planned,
            Status::Unproven | Status::Nothing => Standing::Unproven,
            Status::Wrong | Status::Invalid => Standing::Wrong,
        }
    }
}
