//! JSON as Go's `encoding/json` decodes it into a struct, which is how everybody else reads logins
//! and tokens: the case of a key does not matter, `null` is nothing, what repeats replaces.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// What is read of an object, member by member in their order.
pub(crate) trait Fields: Default {
    /// Takes the value of the member whose name is `name` in lower case, or [`skip`]s it.
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error>;
}

/// Reads the first value of a text, as Go's `Decoder` does: what stands behind it is not looked
/// at, and bytes that are not UTF-8 are replaced.
pub(crate) fn read<T: Fields>(text: &[u8]) -> Result<T, serde_json::Error> {
    let text = String::from_utf8_lossy(text);
    let mut text = serde_json::Deserializer::from_str(&text);
    Object::deserialize(&mut text).map(|Object(fields)| fields)
}

/// Passes over a value.
pub(crate) fn skip<'de, A: MapAccess<'de>>(value: &mut A) -> Result<(), A::Error> {
    value.next_value::<IgnoredAny>().map(drop)
}

/// Takes a text; `null` leaves what was there.
pub(crate) fn text<'de, A: MapAccess<'de>>(
    into: &mut String,
    value: &mut A,
) -> Result<(), A::Error> {
    if let Some(text) = value.next_value()? {
        *into = text;
    }
    Ok(())
}

/// Takes the members of an object, whose names count as they are; `null` empties what was there.
/// A member that is `null` has the default's value.
pub(crate) fn members<'de, A: MapAccess<'de>, T, W>(
    into: &mut BTreeMap<String, T>,
    value: &mut A,
    of: fn(W) -> T,
) -> Result<(), A::Error>
where
    T: Default,
    W: Deserialize<'de>,
{
    match value.next_value::<Option<BTreeMap<String, Option<W>>>>()? {
        None => into.clear(),
        Some(more) => {
            let more = more.into_iter();
            into.extend(more.map(|(name, value)| (name, value.map(of).unwrap_or_default())));
        }
    }
    Ok(())
}

/// An object with these fields, or `null`.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Fields> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Fields> Visitor<'de> for Reader<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Object<T>, E> {
                Ok(Object(T::default()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<T>, A::Error> {
                let mut fields = T::default();
                while let Some(name) = map.next_key::<String>()? {
                    fields.take(&folded(&name), &mut map)?;
                }
                Ok(Object(fields))
            }
        }
        value.deserialize_any(Reader(PhantomData))
    }
}

/// A name by which those that Go takes for the same are the same: beside the two cases of ASCII
/// that is the long s and the sign for kelvin.
fn folded(name: &str) -> String {
    let fold = |c: char| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    name.chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Eq)]
    struct Example {
        word: String,
        map: BTreeMap<String, String>,
    }

    impl Fields for Example {
        fn take<'de, A: MapAccess<'de>>(
            &mut self,
            name: &str,
            value: &mut A,
        ) -> Result<(), A::Error> {
            match name {
                "task" => text(&mut self.word, value),
                "map" => members(&mut self.map, value, |it: String| it),
                _ => skip(value),
            }
        }
    }

    /// `word|key=value,…`, or nothing where it is refused.
    fn shown(text: &str) -> String {
        let Ok(Example { word, map }) = read(text.as_bytes()) else {
            return String::new();
        };
        let map: Vec<String> = map.iter().map(|(k, v)| format!("{k}={v}")).collect();
        format!("{word}|{}", map.join(","))
    }

    #[test]
    fn objects_are_read_as_go_reads_them() {
        for (text, expected) in [
            (r#"{"task":"a","map":{"k":"v"}}"#, "a|k=v"),
            (r#"{"TASK":"a","Map":{"K":"v"}}"#, "a|K=v"),
            ("{\"ta\u{17f}\u{212a}\":\"a\"}", "a|"),
            (r#"{"\u0074ask":"a"}"#, "a|"),
            (r#"{"task":"a","Task":"b"}"#, "b|"),
            (r#"{"Task":"b","task":"a"}"#, "a|"),
            (r#"{"task":"a","Task":null}"#, "a|"),
            (r#"{"task":null,"map":null}"#, "|"),
            (r#"{"map":{"a":"1"},"MAP":{"b":"2","a":"3"}}"#, "|a=3,b=2"),
            (r#"{"map":{"a":"1"},"MAP":null}"#, "|"),
            (r#"{"map":{"a":null}}"#, "|a="),
            (r#"{"other":[1,{"task":"no"}],"task":"a"}"#, "a|"),
            ("null", "|"),
            ("{} and more", "|"),
            (r#"{"task":"a"}{"task":"b"}"#, "a|"),
            (" \r\n{}", "|"),
            (r#"{"task":1}"#, ""),
            (r#"{"map":[]}"#, ""),
            (r#"{"map":{"a":1}}"#, ""),
            ("[]", ""),
            ("\"a\"", ""),
            ("", ""),
            ("{", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        let read: Example = read(b"{\"task\":\"a\xff\"}").unwrap();
        assert_eq!(read.word, "a\u{fffd}");
    }
}
