//! The members of a JSON object, as far as they are so many that a build can have them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most targets of a file, and keys of a target.
const MAX_MEMBERS: usize = 10_000;

/// The members of a JSON object, each still as text: what is not used is never built up. Of too many
/// the first ones.
pub(super) struct Members<'a>(pub(super) BTreeMap<String, &'a RawValue>);

impl Members<'_> {
    /// What is wrong with them, if they are too many.
    pub(super) fn too_many(&self) -> Option<String> {
        (self.0.len() > MAX_MEMBERS).then(|| format!("more than {MAX_MEMBERS} members"))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    if members.len() <= MAX_MEMBERS {
                        members.insert(key, value);
                    }
                }
                Ok(Members(members))
            }
        }
        text.deserialize_map(Reader)
    }
}
