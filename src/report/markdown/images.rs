//! The table of images below the tags, folded.

use super::cut::{Cut, joined, more, take};
use super::escape::cell;
use crate::report::ImageLooked;
use crate::report::words::{self, NAME};

const HEAD: &str = "| Image | Listed for | Config | Program | Depth | Layers not read |\n|---|---|---|---|---|---|\n";

/// The images, in at most `room` bytes. Empty if none was looked at.
pub(super) fn images(images: &[ImageLooked], room: usize) -> String {
    if images.is_empty() {
        return String::new();
    }
    let Cut { text, taken } = take(images.iter().map(row), room.saturating_sub(HEAD.len()));
    let count = words::plural(images.len() as u64, "image");
    let head = format!("<details><summary>{count} below the tags</summary>");
    let more = more(images.len() - taken, "image");
    joined(&[&head, &format!("{HEAD}{text}"), &more, "</details>"])
}

fn row(image: &ImageLooked) -> String {
    let ImageLooked {
        repository,
        digest,
        platform,
        config,
        program,
        is_wrong,
        depth,
        layers_not_read,
        bytes_not_read,
    } = image;
    let shown = |text: Option<String>| text.map_or_else(|| "–".to_owned(), |it| cell(&it, NAME));
    let program = program
        .as_ref()
        .map(|it| format!("{} ({})", it.path, it.machine));
    let mark = if *is_wrong { "❌ " } else { "" };
    let unread = match layers_not_read {
        0 => "none".to_owned(),
        count => format!("{count} ({} MiB)", bytes_not_read.div_ceil(1024 * 1024)),
    };
    format!(
        "| {mark}{} | {} | {} | {} | {depth} | {unread} |\n",
        cell(&format!("{repository}@{}", digest.short()), NAME),
        shown(platform.as_ref().map(ToString::to_string)),
        shown(config.as_ref().map(ToString::to_string)),
        shown(program),
    )
}
