//! Reading a policy's YAML into its places. Each mistake is reported while its very text is read, so
//! that its line and column are right.
//!
//! One reader serves all places, and no type of a place is in its signature: the reader of YAML
//! below is compiled again for every type that it is asked for, and it is large.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use super::places::{Draft, Form, Mistake, Position};

/// What is read next, and where it goes.
pub(super) struct At<'a> {
    pub(super) place: Position,
    pub(super) draft: &'a mut Draft,
}

impl At<'_> {
    /// A value of this kind cannot be here.
    fn unexpected<E: de::Error>(self, found: Unexpected<'_>) -> E {
        let error = E::invalid_type(found, &self);
        if self.place.form() == Form::Flag {
            let help = "write `true` or `false`";
            self.draft.mistake = Some(Mistake::new(error.to_string(), help));
        }
        error
    }

    fn number<E: de::Error>(self, number: f64, found: Unexpected<'_>) -> Result<(), E> {
        match self.place.form() {
            Form::Number => fail(self.draft, |draft| draft.number(self.place, number)),
            _ => Err(self.unexpected(found)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<(), D::Error> {
        match self.place.form() {
            Form::Mapping => document.deserialize_map(self),
            Form::Word => document.deserialize_str(self),
            Form::Flag | Form::List | Form::Number => document.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.place.what())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { place, draft } = self;
        if place.form() != Form::Mapping {
            return Err(At { place, draft }.unexpected(Unexpected::Map));
        }
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key_seed(KnownKey {
            place,
            seen: &seen,
            draft: &mut *draft,
        })? {
            let place = fail(draft, |draft| draft.enter(place, &key))?;
            map.next_value_seed(At {
                place,
                draft: &mut *draft,
            })?;
            seen.insert(key);
        }
        fail(draft, |_| place.finish(&seen))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { place, draft } = self;
        let Some(item) = place.item() else {
            return Err(At { place, draft }.unexpected(Unexpected::Seq));
        };
        draft.open(place);
        let mut next = || {
            list.next_element_seed(At {
                place: item,
                draft: &mut *draft,
            })
        };
        while next()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        match self.place.form() {
            Form::Word => fail(self.draft, |draft| draft.word(self.place, text)),
            Form::List => fail(self.draft, |_| {
                let cause = format!("`{text}` is not a list");
                Err(Mistake::new(cause, format!("write `[{text}]`")))
            }),
            Form::Number => fail(self.draft, |_| {
                let cause = format!("`{text}` is not a number");
                Err(Mistake::new(cause, self.place.help()))
            }),
            Form::Mapping | Form::Flag => Err(self.unexpected(Unexpected::Str(text))),
        }
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<(), E> {
        match self.place.form() {
            Form::Flag => {
                self.draft.flag(flag);
                Ok(())
            }
            _ => Err(self.unexpected(Unexpected::Bool(flag))),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        // It is inexact far above every limit only.
        self.number(number as f64, Unexpected::Unsigned(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<(), E> {
        self.number(number as f64, Unexpected::Signed(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<(), E> {
        self.number(number, Unexpected::Float(number))
    }
}

/// A key that is known in its place, and was not there before. Reported while the key is read, so that
/// the place of the mistake is the key's.
struct KnownKey<'a> {
    place: Position,
    seen: &'a BTreeSet<String>,
    draft: &'a mut Draft,
}

impl<'de> DeserializeSeed<'de> for KnownKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<String, D::Error> {
        document.deserialize_str(self)
    }
}

impl Visitor<'_> for KnownKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        let Self { place, seen, draft } = self;
        fail(draft, |_| {
            let key = place.key(key)?;
            match seen.contains(&key) {
                true => Err(Mistake::new(
                    format!("the key `{key}` stands here twice"),
                    "put both together under one",
                )),
                false => Ok(key),
            }
        })
    }
}

/// Keeps the mistake, if it is one, in the draft: an error of the parser carries nothing but words.
fn fail<T, E: de::Error>(
    draft: &mut Draft,
    read: impl FnOnce(&mut Draft) -> Result<T, Mistake>,
) -> Result<T, E> {
    read(draft).map_err(|mistake| {
        let error = E::custom(&mistake.cause);
        draft.mistake = Some(mistake);
        error
    })
}
