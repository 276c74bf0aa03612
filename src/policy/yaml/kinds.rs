//! The kinds of values in a policy's YAML: mappings with known keys, words, numbers, lists. Each
//! mistake is told while its very text is read, so that its line and column are right.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::text::nearest;

/// Stands between the words of a mistake and what to write instead.
pub(super) const HELP: &str = "\nhelp: ";

/// A mapping that knows what its keys may be.
pub(super) trait Shape {
    type Value: Default;
    /// What it is, for people.
    const WHAT: &'static str;
    /// The keys; none: any.
    const KEYS: &'static [&'static str];
    /// The key as it is compared with others; or what is wrong with it, and what to write instead.
    fn key(key: &str) -> Result<String, (String, String)> {
        if Self::KEYS.contains(&key) {
            return Ok(key.to_owned());
        }
        let help = match nearest(key, Self::KEYS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of `{}`", Self::KEYS.join("`, `")),
        };
        Err((format!("unknown key `{key}`"), help))
    }
    /// Reads the value of a key.
    fn read<'de, M: MapAccess<'de>>(
        into: &mut Self::Value,
        key: &str,
        map: &mut M,
    ) -> Result<(), M::Error>;
    /// Looks at the whole.
    fn finish<E: de::Error>(
        value: Self::Value,
        _keys: &BTreeSet<String>,
    ) -> Result<Self::Value, E> {
        Ok(value)
    }
}

pub(super) fn mapping<'de, S: Shape, D: Deserializer<'de>>(
    _: S,
    document: D,
) -> Result<S::Value, D::Error> {
    document.deserialize_map(Mapping::<S>(PhantomData))
}

/// Reads a mapping of this shape.
pub(super) struct Mapping<S>(pub(super) PhantomData<S>);

impl<'de, S: Shape> DeserializeSeed<'de> for Mapping<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<S::Value, D::Error> {
        document.deserialize_map(self)
    }
}

impl<'de, S: Shape> Visitor<'de> for Mapping<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(S::WHAT)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<S::Value, M::Error> {
        let mut value = S::Value::default();
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key_seed(Key::<S>(&seen, PhantomData))? {
            S::read(&mut value, &key, &mut map)?;
            seen.insert(key);
        }
        S::finish(value, &seen)
    }
}

/// A key that is known, and was not there before. Told while the key is read, so that the place
/// of the mistake is the key's.
struct Key<'a, S>(&'a BTreeSet<String>, PhantomData<S>);

impl<'de, S: Shape> DeserializeSeed<'de> for Key<'_, S> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<String, D::Error> {
        document.deserialize_str(self)
    }
}

impl<S: Shape> Visitor<'_> for Key<'_, S> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        let key = S::key(key).map_err(|(cause, help)| fault(&cause, &help))?;
        match self.0.contains(&key) {
            true => Err(fault(
                &format!("the key `{key}` stands here twice"),
                "put both together under one",
            )),
            false => Ok(key),
        }
    }
}

pub(super) fn fault<E: de::Error>(cause: &str, help: &str) -> E {
    E::custom(format!("{cause}{HELP}{help}"))
}

/// A value that is written as one word.
pub(super) trait Word: Sized {
    /// What it is, for people.
    const WHAT: &'static str;
    /// Reads it, or says what to write instead.
    fn read(text: &str) -> Result<Self, String>;
}

/// One word.
pub(super) struct Scalar<W>(PhantomData<W>);

impl<W> Scalar<W> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, W: Word> DeserializeSeed<'de> for Scalar<W> {
    type Value = W;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<W, D::Error> {
        document.deserialize_str(self)
    }
}

impl<W: Word> Visitor<'_> for Scalar<W> {
    type Value = W;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(W::WHAT)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<W, E> {
        W::read(text).map_err(|help| fault(&format!("`{text}` is not {}", W::WHAT), &help))
    }
}

/// A number that is fit for its place; else what to write instead.
pub(super) struct Number(pub(super) &'static str, pub(super) fn(f64) -> bool);

impl<'de> DeserializeSeed<'de> for Number {
    type Value = f64;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<f64, D::Error> {
        document.deserialize_any(self)
    }
}

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<f64, E> {
        // What this loses is far above what fits anywhere.
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<f64, E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<f64, E> {
        match self.1(number) {
            true => Ok(number),
            false => Err(fault(&format!("`{number}` does not fit here"), self.0)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
        Err(fault(&format!("`{text}` is not a number"), self.0))
    }
}

/// A list of words, each once, in any order.
pub(super) struct List<W>(PhantomData<W>);

impl<W> List<W> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, W: Word + Ord> DeserializeSeed<'de> for List<W> {
    type Value = Vec<W>;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<Vec<W>, D::Error> {
        document.deserialize_any(self)
    }
}

impl<'de, W: Word + Ord> Visitor<'de> for List<W> {
    type Value = Vec<W>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list in brackets, such as `[a, b]`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<W>, E> {
        Err(fault(
            &format!("`{text}` is not a list"),
            &format!("write `[{text}]`"),
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<W>, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = list.next_element_seed(Scalar::<W>::new())? {
            if words.contains(&word) {
                return Err(fault("the list names one twice", "name each once"));
            }
            words.push(word);
        }
        words.sort_unstable();
        Ok(words)
    }
}
