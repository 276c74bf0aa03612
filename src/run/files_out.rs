//! The files that a report is also written to.

use std::path::Path;

use crate::cli::Options;
use crate::console::Console;
use crate::files;
use crate::problem::Problem;
use crate::report::Report;
use crate::report::formats::FileFormat;

/// The problem with a file that the report must not go to.
pub(super) fn refused_file(options: &Options) -> Option<Problem> {
    let refused = |(format, path): (&FileFormat, &Path)| files::refuse_as_output(format.flag, path);
    options.files_out().find_map(refused)
}

/// Writes the report to the files that were asked for; whether all of them could be written.
pub(super) fn write_files(report: &Report, options: &Options, console: &Console<'_>) -> bool {
    let mut all = true;
    for (format, path) in options.files_out() {
        let file = (format.render)(report);
        if let Some(left_out) = file.left_out {
            console.line(&format!(
                "warning: left out of `{}`, which {left_out}",
                path.display()
            ));
        }
        if let Err(error) = files::write_whole(path, file.text.as_bytes()) {
            console.line(&format!(
                "error: failed to write `{}`: {error}\nhelp: give `{}` a file that can be written",
                path.display(),
                format.flag
            ));
            all = false;
        }
    }
    all
}
