//! Text laid out for a width: words wrapped, long names elided in the middle.

use crate::text::defuse_start;

/// The width that lines are never made narrower than, however narrow the terminal says it is.
const NARROWEST: usize = 20;

/// How many columns a text takes. Names and digests are ASCII; wide characters count as one.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().count()
}

/// The text in lines of at most `width` columns (0: one line), the first after `label`, the
/// others indented by `hang`.
///
/// Lines break at spaces only, and not between backticks: a command or a digest stays whole, even
/// where it is longer than a line. A `::` that this moves to the start of a line is not a
/// command to a CI system there.
pub(super) fn wrap(label: &str, text: &str, hang: usize, width: usize) -> Vec<String> {
    let room = if width == 0 {
        usize::MAX
    } else {
        width.max(NARROWEST)
    };
    let mut lines = Vec::new();
    let mut line = label.to_owned();
    let mut is_bare = label.trim_end().is_empty();
    for token in tokens(text) {
        let gap = usize::from(!line.is_empty() && !line.ends_with(' '));
        if !is_bare && width_of(&line) + gap + width_of(&token) > room {
            lines.push(defuse_start(line.trim_end()));
            line = " ".repeat(hang);
        } else if gap == 1 {
            line.push(' ');
        }
        line.push_str(&token);
        is_bare = false;
    }
    lines.push(defuse_start(line.trim_end()));
    lines
}

/// The words of a text; what stands between two backticks is one word.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut is_quoted = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        open.push(word);
        is_quoted ^= word.matches('`').count() % 2 == 1;
        if !is_quoted {
            done.push(open.join(" "));
            open.clear();
        }
    }
    // A backtick without its partner quotes nothing.
    done.extend(open.into_iter().map(str::to_owned));
    done
}

/// The text in at most `width` columns: the middle of what is longer is left out, and the end,
/// where a reference has its tag, gets the larger part.
pub(super) fn elide(text: &str, width: usize) -> String {
    let length = width_of(text);
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let head = kept / 3;
    let tail = kept - head;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_never_within_a_command() {
        assert_eq!(
            wrap(
                "  help: ",
                "run `docker buildx imagetools inspect ghcr.io/acme/app:1.4` and look",
                4,
                24
            ),
            [
                "  help: run",
                "    `docker buildx imagetools inspect ghcr.io/acme/app:1.4`",
                "    and look"
            ]
        );
        assert_eq!(wrap("", "a b c", 0, 0), ["a b c"]);
        assert_eq!(wrap("x: ", "", 2, 40), ["x:"]);
    }

    #[test]
    fn a_break_brings_no_command_to_the_start_of_a_line() {
        assert_eq!(
            wrap("✖ ", "the inputs are bad: ::warning::b", 2, 24),
            ["✖ the inputs are bad:", "  : :warning::b"]
        );
    }

    #[test]
    fn a_lonely_backtick_quotes_nothing() {
        assert_eq!(
            wrap("", "it's a ` in the middle of words", 0, 20),
            ["it's a ` in the", "middle of words"]
        );
    }

    #[test]
    fn the_middle_of_a_long_name_is_left_out() {
        assert_eq!(elide("ghcr.io/acme/app:1.4", 20), "ghcr.io/acme/app:1.4");
        assert_eq!(elide("ghcr.io/acme/app:1.4", 13), "ghcr…/app:1.4");
        assert_eq!(elide("abc", 1), "…");
        assert_eq!(elide("abc", 0), "…");
    }
}
