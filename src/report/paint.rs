//! Whether the terminal's text is colored, and the four SGR codes that do it.

use crate::ci;
use crate::environment::Environment;

/// What `--color` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// Decide by the environment and the stream.
    #[default]
    Auto,
    /// Color, wherever the text goes.
    Always,
    /// No color.
    Never,
}

/// Whether to color: `--color`, then `NO_COLOR`, then `CLICOLOR_FORCE` or `FORCE_COLOR`, then a
/// terminal that is not `dumb`, then a CI system whose log viewer is known to show colors.
#[must_use]
pub fn wanted(choice: ColorChoice, is_terminal: bool, environment: &Environment) -> bool {
    let is_set = |name: &str| environment.get(name).is_some();
    let forces = |name: &str| environment.get(name).is_some_and(|value| value != "0");
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if is_set("NO_COLOR") => false,
        ColorChoice::Auto if forces("CLICOLOR_FORCE") || forces("FORCE_COLOR") => true,
        ColorChoice::Auto if is_terminal => environment.get("TERM") != Some("dumb"),
        ColorChoice::Auto => ci::shows_colors(environment),
    }
}

/// The one place that writes SGR codes; does nothing where color is not wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    /// Whether color is wanted.
    pub(super) on: bool,
}

/// What a color says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Doubtful,
}

impl Paint {
    /// The text in the color of `tone`. Log viewers style line by line, so each line has the whole
    /// of it.
    pub(super) fn apply(self, tone: Tone, text: &str) -> String {
        if !self.on {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Doubtful => "33",
        };
        text.split('\n')
            .map(|line| match line {
                "" => String::new(),
                line => format!("\x1b[{code}m{line}\x1b[0m"),
            })
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_speaks_decides() {
        type Case = (
            ColorChoice,
            bool,
            &'static [(&'static str, &'static str)],
            bool,
        );
        use ColorChoice::{Always, Auto, Never};
        let cases: [Case; 16] = [
            (Always, false, &[("NO_COLOR", "1")], true),
            (Never, true, &[("FORCE_COLOR", "1")], false),
            (Auto, true, &[], true),
            (Auto, false, &[], false),
            (Auto, true, &[("TERM", "dumb")], false),
            (Auto, true, &[("NO_COLOR", "1")], false),
            (Auto, true, &[("NO_COLOR", "")], true),
            (
                Auto,
                true,
                &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")],
                false,
            ),
            (Auto, false, &[("FORCE_COLOR", "1")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (Auto, false, &[("GITHUB_ACTIONS", "true")], true),
            (Auto, false, &[("GITLAB_CI", "true")], true),
            // `gitlab-ci-local` says so.
            (Auto, false, &[("GITLAB_CI", "false")], false),
            (
                Auto,
                false,
                &[("GITLAB_CI", "true"), ("NO_COLOR", "1")],
                false,
            ),
            (Auto, false, &[("CI", "true")], false),
        ];
        for (choice, is_terminal, variables, expected) in cases {
            let environment = Environment::new(
                variables
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
            );
            assert_eq!(
                wanted(choice, is_terminal, &environment),
                expected,
                "{choice:?} {is_terminal} {variables:?}"
            );
        }
    }

    #[test]
    fn each_line_is_colored_by_itself() {
        let on = Paint { on: true };
        assert_eq!(
            on.apply(Tone::Bad, "a\n\nb"),
            "\x1b[31ma\x1b[0m\n\n\x1b[31mb\x1b[0m"
        );
        assert_eq!(Paint { on: false }.apply(Tone::Good, "a"), "a");
    }
}
