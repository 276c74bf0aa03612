//! For tests: layers, headers and configs of any bytes.

use crate::fuzzing::is_tame;
use crate::oci::{Config, Digest, Platform};
use crate::programs::executable::machine;
use crate::programs::judge::{Image, Start};
use crate::programs::{Limits, Unread, read_layer};

/// What may be kept of a layer here: little, so that its limit is met.
const LIMITS: Limits = Limits {
    unpacked: 4 * 1024 * 1024,
    kept: 64 * 1024,
    window: 16 * 1024 * 1024,
};

/// A layer: it is what its digest says, and what it holds is found or not, within its limits.
pub fn layer(data: &[u8]) {
    let digest = Digest::of(data);
    let size = u64::try_from(data.len()).unwrap();
    for is_windows in [false, true] {
        match read_layer(&mut { data }, size, &digest, &digest, is_windows, LIMITS) {
            Ok((layer, _)) => {
                assert!(layer.kept() <= LIMITS.kept);
                let platform: Platform = if is_windows {
                    "windows/amd64"
                } else {
                    "linux/arm64"
                }
                .parse()
                .unwrap();
                let paths = layer.programs().iter().map(|(path, _)| path.clone());
                for word in paths
                    .take(20)
                    .chain(["app".to_owned(), "/a/b/../c".to_owned()])
                {
                    let config = serde_json::json!({"config": {"Cmd": [word]}}).to_string();
                    let arguments = Config::read(config.as_bytes()).arguments;
                    let image = Image {
                        platform: &platform,
                        arguments: &arguments,
                        layers: vec![(&digest, Some(&layer)), (&digest, None)],
                    };
                    // Above it lies a layer that was not read: nothing is known.
                    let start = image.start(false, &|_| false);
                    assert!(!matches!(start, Start::Wrong(_) | Start::Right(_)));
                    let _ = image.start(true, &|_| false);
                }
            }
            Err(Unread::Shape(why) | Unread::Limit(why)) => is_tame(&crate::text::clean(&why, 300)),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// The header of a program: one that is cut off says no other machine.
pub fn program(data: &[u8]) {
    let whole = machine(data).unwrap();
    let half = machine(&data[..data.len() / 2]).unwrap();
    if let (Some(whole), Some(half)) = (whole, half) {
        assert_eq!(whole, half);
    }
}

/// A config: what it says is bounded.
pub fn config(data: &[u8]) {
    let config = Config::read(data);
    assert!(config.diff_ids.is_empty() || config.diff_ids.len() == config.layers);
    assert!(config.arguments.words.len() <= 64);
    let labels = config.labels.iter().flatten();
    assert!(
        labels
            .map(|label| label.chars().count())
            .all(|length| length <= 200)
    );
}
