//! Reading what a stranger wrote: structs as objects only, lists no longer than allowed, and
//! messages that quote little.
//!
//! What serde derives takes a list of a struct's values in the place of an object, too. Nothing
//! that is documented writes such a list, and in one a field more or less goes unnoticed, or is
//! taken for another. A [`Strict`] deserializer refuses it, counts the elements of every list
//! while they are parsed, and makes all that is inside of it as strict.
//!
//! The parser is asked for any value rather than for a number or a map, since its own message
//! about a value of the wrong type quotes all of it; the visitor's is a [`Brief`].

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

use super::allowance::Allowance;
use super::brief::Brief;

/// No machine has so many sysctls that a recording asks for; each costs more memory than text.
const MOST_KEYS: usize = 1024;

/// The struct that stands for a process.
const PROCESS: &str = "RecordedProcess";

/// A deserializer, or what one hands out, made strict.
pub(super) struct Strict<'a, T> {
    inner: T,
    allowance: &'a Allowance,
}

impl<'a, T> Strict<'a, T> {
    pub(super) fn new(inner: T, allowance: &'a Allowance) -> Self {
        Strict { inner, allowance }
    }

    fn visitor<V>(&self, visitor: V, shape: Shape) -> Watched<'a, V> {
        Watched { visitor, shape, allowance: self.allowance }
    }
}

/// What is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// What the visitor takes.
    Any,
    /// A list of any length.
    List,
    /// Names of any kind, each with a value.
    Map,
    /// A struct's fields.
    Object,
}

/// A visitor made strict.
struct Watched<'a, V> {
    visitor: V,
    shape: Shape,
    allowance: &'a Allowance,
}

macro_rules! any {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                let visitor = self.visitor(visitor, Shape::Any);
                self.inner.deserialize_any(visitor)
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    any! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_unit deserialize_identifier
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        // The parser skips it without a copy.
        self.inner.deserialize_ignored_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.visitor(visitor, Shape::Any);
        self.inner.deserialize_option(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.visitor(visitor, Shape::List);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.visitor(visitor, Shape::Map);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.visitor(visitor, Shape::Any);
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    /// A list whose length is known, which takes no more memory than its struct.
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if name == PROCESS {
            self.allowance.process()?;
        }
        let visitor = self.visitor(visitor, Shape::Object);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.visitor(visitor, Shape::Any);
        self.inner.deserialize_enum(name, variants, visitor)
    }
}

macro_rules! visit {
    ($($method:ident $type:ty,)*) => {
        $(
            fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
                self.visitor.$method::<Brief>(value).map_err(E::custom)
            }
        )*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watched<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit! {
        visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64, visit_str &str,
        visit_borrowed_str &'de str, visit_string String, visit_bytes &[u8],
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none::<Brief>().map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit::<Brief>().map_err(E::custom)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict::new(value, self.allowance))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Strict::new(value, self.allowance))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        if matches!(self.shape, Shape::Map | Shape::Object) {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        let rows = self.shape == Shape::List;
        self.visitor.visit_seq(Elements { inner: list, rows, allowance: self.allowance })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let keys = (self.shape == Shape::Map).then_some(MOST_KEYS);
        self.visitor.visit_map(Entries { inner: map, keys, allowance: self.allowance })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, value: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Strict::new(value, self.allowance))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict::new(value, self.allowance))
    }
}

/// The elements of a list; where they are rows, each is counted before it is kept.
struct Elements<'a, A> {
    inner: A,
    rows: bool,
    allowance: &'a Allowance,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let element = self.inner.next_element_seed(Strict::new(seed, self.allowance))?;
        if element.is_some() && self.rows {
            self.allowance.row()?;
        }
        Ok(element)
    }
}

/// The entries of an object; of a map, how many there may still be.
struct Entries<'a, A> {
    inner: A,
    keys: Option<usize>,
    allowance: &'a Allowance,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let key = self.inner.next_key_seed(Strict::new(seed, self.allowance))?;
        if let (Some(_), Some(left)) = (&key, &mut self.keys) {
            let error = || A::Error::custom(format_args!("more than {MOST_KEYS} names"));
            *left = left.checked_sub(1).ok_or_else(error)?;
        }
        Ok(key)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Strict::new(seed, self.allowance))
    }
}

impl<'a, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Strict<'a, A> {
    type Error = A::Error;
    type Variant = Strict<'a, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let allowance = self.allowance;
        let (value, variant) = self.inner.variant_seed(Strict::new(seed, allowance))?;
        Ok((value, Strict::new(variant, allowance)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Strict<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Strict::new(seed, self.allowance))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.newtype_variant_seed(Content(visitor, Shape::List))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.newtype_variant_seed(Content(visitor, Shape::Object))
    }
}

/// What is in a variant that is no single value.
struct Content<V>(V, Shape);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Content<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        match self.1 {
            Shape::Object => value.deserialize_struct("", &[], self.0),
            _ => value.deserialize_seq(self.0),
        }
    }
}
