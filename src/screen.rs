//! What is shown while a run goes on: log lines, folded where the CI system can, and a line of
//! progress on a terminal.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::environment::Environment;
use crate::text::clean;

/// How much of a log line is shown, in characters.
const MAX_LINE: usize = 4_000;

/// The name of the folded part of the log.
const NAME: &str = "requests";

/// How the log of requests is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Not at all.
    None,
    /// A group of GitHub Actions.
    GitHub,
    /// A collapsed section of GitLab CI.
    GitLab,
}

impl Fold {
    /// How the CI system that this environment is of folds. GitHub's groups are commands, which
    /// are for a step that speaks to GitHub and to nobody else: `tagproof action`.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        match environment.get("GITLAB_CI") {
            Some("true") => Self::GitLab,
            _ => Self::None,
        }
    }

    fn open(self, unix_time: u64) -> String {
        match self {
            Self::None => String::new(),
            Self::GitHub => format!("::group::{NAME}\n"),
            Self::GitLab => format!(
                "\x1b[0Ksection_start:{unix_time}:tagproof_{NAME}[collapsed=true]\r\x1b[0K{NAME}\n"
            ),
        }
    }

    fn close(self, unix_time: u64) -> String {
        match self {
            Self::None => String::new(),
            Self::GitHub => "::endgroup::\n".to_owned(),
            Self::GitLab => format!("\x1b[0Ksection_end:{unix_time}:tagproof_{NAME}\r\x1b[0K\n"),
        }
    }
}

/// A stream to show it on.
pub(crate) struct Screen<'a> {
    state: Mutex<State<'a>>,
    fold: Fold,
    progress: bool,
}

struct State<'a> {
    stream: &'a mut (dyn Write + Send),
    is_open: bool,
}

impl<'a> Screen<'a> {
    /// A screen that folds the log like this; `progress` says whether it has a line of progress.
    pub(crate) fn new(stream: &'a mut (dyn Write + Send), fold: Fold, progress: bool) -> Self {
        let state = State {
            stream,
            is_open: false,
        };
        Self {
            state: Mutex::new(state),
            fold,
            progress,
        }
    }

    /// Shows a line as it is.
    pub(crate) fn line(&self, line: &str) {
        self.write(&format!("{line}\n"));
    }

    /// Shows a line of the log of requests.
    pub(crate) fn log(&self, line: &str, unix_time: u64) {
        let line = format!("{}\n", clean(line, MAX_LINE));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_open {
            state.is_open = true;
            state.show(&self.fold.open(unix_time));
        }
        state.show(&line);
    }

    /// Says how long tags are still waited for.
    pub(crate) fn waiting(&self, tags: usize, left: Duration) {
        if self.progress {
            let tags = match tags {
                1 => "1 tag".to_owned(),
                tags => format!("{tags} tags"),
            };
            self.write(&format!(
                "\r\x1b[Kwaiting for {tags} to settle, at most {:.0} s more",
                left.as_secs_f64().ceil()
            ));
        }
    }

    /// Ends the log of requests, and takes the line of progress away.
    pub(crate) fn finish(&self, unix_time: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_open {
            state.is_open = false;
            state.show(&self.fold.close(unix_time));
        }
        if self.progress {
            state.show("\r\x1b[K");
        }
    }

    fn write(&self, text: &str) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .show(text);
    }
}

impl State<'_> {
    /// A reader that went away does not stop the run.
    fn show(&mut self, text: &str) {
        let _ = self
            .stream
            .write_all(text.as_bytes())
            .and_then(|()| self.stream.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fold: Fold, lines: &[&str]) -> String {
        let mut stream = Vec::new();
        let screen = Screen::new(&mut stream, fold, false);
        for line in lines {
            screen.log(line, 7);
        }
        screen.finish(9);
        String::from_utf8(stream).unwrap()
    }

    #[test]
    fn the_log_is_one_section_of_gitlab() {
        assert_eq!(
            shown(Fold::GitLab, &["GET a", "GET b"]),
            "\x1b[0Ksection_start:7:tagproof_requests[collapsed=true]\r\x1b[0Krequests\nGET a\nGET b\n\
             \x1b[0Ksection_end:9:tagproof_requests\r\x1b[0K\n"
        );
        assert_eq!(shown(Fold::GitLab, &[]), "");
    }

    #[test]
    fn the_log_is_one_group_of_github_and_holds_no_command() {
        assert_eq!(
            shown(Fold::GitHub, &["GET a", "::error::b", "x ##[error]c"]),
            "::group::requests\nGET a\n: :error::b\nx # #[error]c\n::endgroup::\n"
        );
    }

    #[test]
    fn only_gitlab_itself_is_taken_for_gitlab() {
        let of = |name: &str, value: &str| {
            Fold::of(&Environment::new([(name.to_owned(), value.to_owned())]))
        };
        assert_eq!(of("GITLAB_CI", "true"), Fold::GitLab);
        // `gitlab-ci-local` says so.
        assert_eq!(of("GITLAB_CI", "false"), Fold::None);
        assert_eq!(of("GITHUB_ACTIONS", "true"), Fold::None);
    }
}
