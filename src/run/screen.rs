//! Standard error while a run goes on.

use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

/// Standard error while the run goes on: log lines, and one line of progress on a terminal.
pub(super) struct Screen<'a> {
    stderr: Mutex<&'a mut (dyn Write + Send)>,
    progress: bool,
}

impl<'a> Screen<'a> {
    pub(super) fn new(stderr: &'a mut (dyn Write + Send), progress: bool) -> Self {
        Self {
            stderr: Mutex::new(stderr),
            progress,
        }
    }

    pub(super) fn line(&self, line: &str) {
        self.write(&format!("{line}\n"));
    }

    pub(super) fn waiting(&self, tags: usize, left: Duration) {
        if self.progress {
            let tags = if tags == 1 {
                "1 tag".to_owned()
            } else {
                format!("{tags} tags")
            };
            self.write(&format!(
                "\r\x1b[Kwaiting for {tags} to settle, at most {:.0} s more",
                left.as_secs_f64().ceil()
            ));
        }
    }

    /// Takes the line of progress away.
    pub(super) fn clear(&self) {
        if self.progress {
            self.write("\r\x1b[K");
        }
    }

    fn write(&self, text: &str) {
        if let Ok(mut stderr) = self.stderr.lock() {
            // A reader that went away does not stop the run.
            let _ = stderr
                .write_all(text.as_bytes())
                .and_then(|()| stderr.flush());
        }
    }
}
