//! The platforms of a target, as buildx reads them.

use crate::metadata::MAX_PLATFORMS;
use crate::oci::{ParsePlatformError, Platform};

/// What is wrong with a target, and what to write instead, if that is known.
pub(super) struct Fault {
    pub(super) cause: String,
    pub(super) help: Option<&'static str>,
}

impl From<String> for Fault {
    fn from(cause: String) -> Self {
        Self { cause, help: None }
    }
}

/// The platforms that are asked for, each once, and what stands among them and cannot be checked
/// here: `local`. buildx takes several in one text, with commas.
pub(super) fn platforms(lists: &[&str]) -> Result<(Vec<Platform>, Vec<String>), Fault> {
    let texts = lists.iter().flat_map(|list| list.split(','));
    let texts = texts.map(str::trim).filter(|text| !text.is_empty());
    let count = texts.clone().count();
    if count > MAX_PLATFORMS {
        return Err(format!("it lists {count} platforms, more than {MAX_PLATFORMS}").into());
    }
    let (mut platforms, mut unchecked) = (Vec::new(), Vec::new());
    for text in texts {
        match text.parse::<Platform>() {
            Ok(platform) if platforms.contains(&platform) => {}
            Ok(platform) => platforms.push(platform),
            Err(ParsePlatformError::Local) => unchecked = vec!["local".to_owned()],
            Err(error) => {
                let text: String = text.chars().take(100).collect();
                return Err(Fault {
                    cause: format!("`platforms`: `{text}`: {error}"),
                    help: Some(error.help()),
                });
            }
        }
    }
    Ok((platforms, unchecked))
}
