//! What is shown while a run goes on: log lines, folded where the CI system can, and a line of
//! progress on a terminal.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ci::LogGrouping;
use crate::text::clean;

/// How much of a log line is shown, in characters.
const MAX_LINE: usize = 4_000;

/// The name of the folded part of the log.
const NAME: &str = "requests";

/// The stream that it is shown on.
pub(crate) struct Console<'a> {
    state: Mutex<Stream<'a>>,
    grouping: Option<LogGrouping>,
    progress: bool,
}

struct Stream<'a> {
    stream: &'a mut (dyn Write + Send),
    is_open: bool,
}

impl<'a> Console<'a> {
    /// A console that folds the log like this; `progress` says whether it has a line of progress.
    pub(crate) fn new(
        stream: &'a mut (dyn Write + Send),
        grouping: Option<LogGrouping>,
        progress: bool,
    ) -> Self {
        let state = Stream {
            stream,
            is_open: false,
        };
        Self {
            state: Mutex::new(state),
            grouping,
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
            if let Some(grouping) = self.grouping {
                state.show(&(grouping.open)(NAME, unix_time));
            }
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
            if let Some(grouping) = self.grouping {
                state.show(&(grouping.close)(NAME, unix_time));
            }
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

impl Stream<'_> {
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
    use crate::ci;
    use crate::environment::Environment;

    /// How the log folds where a variable is set.
    fn grouping(name: &str, value: &str) -> Option<LogGrouping> {
        ci::log_grouping(&Environment::new([(name.to_owned(), value.to_owned())]))
    }

    fn shown(grouping: Option<LogGrouping>, lines: &[&str]) -> String {
        let mut stream = Vec::new();
        let console = Console::new(&mut stream, grouping, false);
        for line in lines {
            console.log(line, 7);
        }
        console.finish(9);
        String::from_utf8(stream).unwrap()
    }

    #[test]
    fn the_log_is_one_section_of_gitlab() {
        assert_eq!(
            shown(grouping("GITLAB_CI", "true"), &["GET a", "GET b"]),
            "\x1b[0Ksection_start:7:tagproof_requests[collapsed=true]\r\x1b[0Krequests\nGET a\nGET b\n\
             \x1b[0Ksection_end:9:tagproof_requests\r\x1b[0K\n"
        );
        assert_eq!(shown(grouping("GITLAB_CI", "true"), &[]), "");
    }

    #[test]
    fn the_log_is_one_group_of_github_and_holds_no_command() {
        assert_eq!(
            shown(
                Some(ci::github::GROUPING),
                &["GET a", "::error::b", "x ##[error]c"]
            ),
            "::group::requests\nGET a\n: :error::b\nx # #[error]c\n::endgroup::\n"
        );
    }

    #[test]
    fn only_gitlab_itself_is_taken_for_gitlab() {
        assert!(grouping("GITLAB_CI", "true").is_some());
        // `gitlab-ci-local` says so.
        assert!(grouping("GITLAB_CI", "false").is_none());
        assert!(grouping("GITHUB_ACTIONS", "true").is_none());
    }
}
