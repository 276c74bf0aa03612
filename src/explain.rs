//! What each code means, why it happens and what to do: the words of `tagproof explain`.

use crate::text::nearest;
use crate::{note, outcome, verdict};

/// All codes, each with its meaning in one line.
#[must_use]
pub fn list() -> String {
    let mut out = String::new();
    for (heading, entries) in chapters() {
        out.push_str(heading);
        out.push('\n');
        for (code, text) in entries {
            out.push_str(&format!("  {code:WIDTH$}  {}\n", title(text)));
        }
        out.push('\n');
    }
    out.push_str("`tagproof explain CODE` says more of one.\n");
    out
}

/// The whole text on a code of a verdict, an outcome or a note; `None` if there is no such code.
/// Case does not matter.
#[must_use]
pub fn explain(code: &str) -> Option<String> {
    let code = code.trim();
    entries()
        .find(|(known, _)| known.eq_ignore_ascii_case(code))
        .map(|(_, text)| text.to_owned())
}

/// The code that was likely meant, if one is near.
#[must_use]
pub fn closest(code: &str) -> Option<&'static str> {
    let wanted = code.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    nearest(&wanted, entries().map(|(known, _)| known))
}

/// As wide as the longest code.
const WIDTH: usize = 16;

type CodeText = (&'static str, &'static str);

fn chapters() -> [(&'static str, Vec<CodeText>); 3] {
    [
        (
            "Verdicts: what a tag is",
            verdict::Code::ALL
                .map(|code| (code.as_str(), verdict_text(code)))
                .to_vec(),
        ),
        (
            "Outcomes: what became of a repair",
            outcome::Code::ALL
                .map(|code| (code.as_str(), outcome_text(code)))
                .to_vec(),
        ),
        (
            "Notes: what is worth knowing beside",
            note::Code::ALL
                .map(|code| (code.as_str(), note_text(code)))
                .to_vec(),
        ),
    ]
}

fn entries() -> impl Iterator<Item = CodeText> {
    chapters().into_iter().flat_map(|(_, entries)| entries)
}

/// What follows the code in the first line of a text.
fn title(text: &str) -> &str {
    let first = text.lines().next().unwrap_or_default();
    first.split_once(": ").map_or(first, |(_, title)| title)
}

fn verdict_text(code: verdict::Code) -> &'static str {
    match code {
        verdict::Code::Ok => include_str!("explain/ok.txt"),
        verdict::Code::Child => include_str!("explain/child.txt"),
        verdict::Code::Wrapped => include_str!("explain/wrapped.txt"),
        verdict::Code::Absent => include_str!("explain/absent.txt"),
        verdict::Code::Other => include_str!("explain/other.txt"),
        verdict::Code::Incomplete => include_str!("explain/incomplete.txt"),
        verdict::Code::WrongPlatform => include_str!("explain/wrong-platform.txt"),
        verdict::Code::Broken => include_str!("explain/broken.txt"),
        verdict::Code::NeverPushed => include_str!("explain/never-pushed.txt"),
        verdict::Code::Conflict => include_str!("explain/conflict.txt"),
        verdict::Code::Unproven => include_str!("explain/unproven.txt"),
    }
}

fn outcome_text(code: outcome::Code) -> &'static str {
    match code {
        outcome::Code::Fixed => include_str!("explain/fixed.txt"),
        outcome::Code::AlreadyRight => include_str!("explain/already-right.txt"),
        outcome::Code::Lost => include_str!("explain/lost.txt"),
        outcome::Code::Refused => include_str!("explain/refused.txt"),
        outcome::Code::Changed => include_str!("explain/changed.txt"),
        outcome::Code::Unsettled => include_str!("explain/unsettled.txt"),
        outcome::Code::Failed => include_str!("explain/failed.txt"),
        outcome::Code::Planned => include_str!("explain/planned.txt"),
    }
}

fn note_text(code: note::Code) -> &'static str {
    match code {
        note::Code::DoublePush => include_str!("explain/double-push.txt"),
        note::Code::NoName => include_str!("explain/no-name.txt"),
        note::Code::NoTag => include_str!("explain/no-tag.txt"),
        note::Code::ImageId => include_str!("explain/image-id.txt"),
        note::Code::OtherOutput => include_str!("explain/other-output.txt"),
        note::Code::Superseded => include_str!("explain/superseded.txt"),
        note::Code::NotPushed => include_str!("explain/not-pushed.txt"),
        note::Code::Unchecked => include_str!("explain/unchecked.txt"),
        note::Code::AttestationGone => include_str!("explain/attestation-gone.txt"),
        note::Code::ForeignPrograms => include_str!("explain/foreign-programs.txt"),
        note::Code::NarrowProgram => include_str!("explain/32-bit-program.txt"),
        note::Code::MixedBuilds => include_str!("explain/mixed-builds.txt"),
        note::Code::DepthReduced => include_str!("explain/depth-reduced.txt"),
        note::Code::MediaType => include_str!("explain/media-type.txt"),
        note::Code::RegistryWarning => include_str!("explain/registry-warning.txt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_under_its_own_name() {
        for (code, text) in entries() {
            assert_eq!(explain(code).as_deref(), Some(text));
            assert!(text.starts_with(&format!("{code}: ")), "{code}");
            assert!(text.contains("Exit code  "), "{code}");
            let lines = text.lines().count();
            assert!((9..=24).contains(&lines), "{code}: {lines} lines");
        }
        assert_eq!(explain(" OK "), explain("ok"));
        assert_eq!(explain("okay"), None);
        assert_eq!(explain(""), None);
    }

    #[test]
    fn every_text_fits_eighty_columns() {
        for text in entries().map(|(_, text)| text.to_owned()).chain([list()]) {
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{line}");
                assert_eq!(line, line.trim_end());
            }
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
        }
    }

    #[test]
    fn no_two_codes_are_alike() {
        let mut codes: Vec<&str> = entries().map(|(code, _)| code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert_eq!(codes.iter().map(|code| code.len()).max(), Some(WIDTH));
    }

    #[test]
    fn the_documentation_has_every_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verdicts.md");
        let page = std::fs::read_to_string(path).unwrap();
        for (code, _) in entries() {
            assert!(page.contains(&format!("| `{code}` |")), "{code}");
        }
    }

    #[test]
    fn a_misspelt_code_is_recognised() {
        for (typed, expected) in [
            ("chlid", Some("child")),
            ("never_pushed", Some("never-pushed")),
            ("NeverPushed", Some("never-pushed")),
            ("unprovn", Some("unproven")),
            ("already right", Some("already-right")),
            ("fix", Some("fixed")),
            ("oks", Some("ok")),
            ("no-names", Some("no-name")),
            ("elephant", None),
            ("", None),
        ] {
            assert_eq!(closest(typed), expected, "{typed}");
        }
    }

    #[test]
    fn the_list_has_a_line_for_each() {
        insta::assert_snapshot!(list(), @"
        Verdicts: what a tag is
          ok                the tag is what the build made
          child             the tag is one child of the image index that was built
          wrapped           the tag is an index around the manifest that was built
          absent            there is no such tag, but the image is in the repository
          other             the tag is an image that is no part of this build
          incomplete        the image that was built lacks a platform or an attestation
          wrong-platform    an image, or a program in it, is for another platform
          broken            an image that the index lists is gone from the repository
          never-pushed      the repository does not have what was built
          conflict          two builds claim this tag with different digests
          unproven          the tag could not be checked

        Outcomes: what became of a repair
          fixed             the tag was wrong, and points at what the build made now
          already-right     the tag had come right by itself; nothing was written
          lost              the tag is right, but something it held or lists is lost
          refused           the registry does not let the tag be moved
          changed           someone moved the tag meanwhile, and it was left alone
          unsettled         the repair was written, but does not show yet
          failed            the repair is not known to have been written
          planned           the tag would be written: this was a dry run

        Notes: what is worth knowing beside
          double-push       the build's own Docker pushed its tags twice
          no-name           the build left a digest, but no name
          no-tag            the metadata names a repository, but no tag
          image-id          the build left an image ID, but no manifest digest
          other-output      the tag is what another output of the build pushed
          superseded        a later build of this job pushed the same tag
          not-pushed        a build or a target was not pushed, and is not checked
          unchecked         what was named cannot be checked here
          attestation-gone  an attestation that the index lists is gone
          foreign-programs  an image holds programs that it cannot start
          32-bit-program    an image starts a 32-bit program on a 64-bit platform
          mixed-builds      the images of one index are of different builds
          depth-reduced     what lies below a tag could not be read by default
          media-type        the registry serves the image under another media type
          registry-warning  the registry sent a warning with its answers

        `tagproof explain CODE` says more of one.
        ");
    }
}
