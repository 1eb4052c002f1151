//! Messages about a stranger's file that quote at most one line of it.

use std::fmt::{self, Display, Write};

use serde::de::{Error, Expected, Unexpected};

use crate::kernel::xnu::json::short;

/// The most bytes of a message.
const MOST: usize = 2000;

/// An error whose message is bounded while it is formatted: a value of 200 MB is not copied into
/// it.
#[derive(Debug)]
pub(super) struct Brief(String);

impl Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Brief {}

impl Error for Brief {
    fn custom<T: Display>(message: T) -> Self {
        let mut bounded = Bounded(String::new());
        // An error stops the formatting of a longer message.
        let _ = write!(bounded, "{message}");
        Brief(bounded.0)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Brief::custom(format_args!("invalid type: {}, expected {expected}", Short(unexpected)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Brief::custom(format_args!("invalid value: {}, expected {expected}", Short(unexpected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Brief::custom(format_args!(
            "unknown variant `{}`, expected one of {}",
            short(variant),
            Names(expected)
        ))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Brief::custom(format_args!(
            "unknown field `{}`, expected one of {}",
            short(field),
            Names(expected)
        ))
    }
}

struct Short<'a>(Unexpected<'a>);

impl Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Str(text) => Unexpected::Str(&short(text)).fmt(f),
            other => other.fmt(f),
        }
    }
}

struct Names(&'static [&'static str]);

impl Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}`{name}`")?;
        }
        Ok(())
    }
}

struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = MOST.saturating_sub(self.0.len());
        let mut end = text.len().min(left);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.0.push_str(&text[..end]);
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_quote_the_head_of_a_value() {
        let long = "ü".repeat(1 << 20);
        let said = Brief::unknown_field(&long, &["a", "b"]).to_string();
        assert_eq!(said, format!("unknown field `{}…`, expected one of `a`, `b`", &long[..80]));
        let said = Brief::invalid_type(Unexpected::Str(&long), &"a number").to_string();
        assert_eq!(said, format!("invalid type: string \"{}…\", expected a number", &long[..80]));
        assert_eq!(Brief::custom(&long).to_string().len(), MOST);
        assert_eq!(short("short"), "short");
    }
}
