//! A text field as it was sent, before any rule: the same for a JSON body and a form.

use crate::error::Broken;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::fmt;

/// What a client sent for a text field. Deserialising never fails on the value's type,
/// so that all fields of a body can be checked and reported at once.
#[derive(Default, Clone, PartialEq, Eq)]
pub enum Text {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there and `null`.
    Null,
    /// A number, boolean, list or object: never taken for a text.
    WrongType,
    /// A text, unchecked.
    Given(String),
}

impl Text {
    /// The text of a field that must be there.
    pub fn required(&self, label: &str) -> Result<&str, Broken> {
        match self {
            Self::Given(text) => Ok(text),
            Self::WrongType => Err(wrong_type(label)),
            Self::Absent | Self::Null => Err(Broken::new("required", format!("Enter {label}"))),
        }
    }

    /// The text of a field that may be left out (`None`) or cleared (`Some(None)`).
    pub fn patch(&self, label: &str) -> Result<Option<Option<&str>>, Broken> {
        match self {
            Self::Absent => Ok(None),
            Self::Null => Ok(Some(None)),
            Self::Given(text) => Ok(Some(Some(text))),
            Self::WrongType => Err(wrong_type(label)),
        }
    }

    /// What was typed, for filling a form again; empty when nothing was.
    #[must_use]
    pub fn typed(&self) -> &str {
        match self {
            Self::Given(text) => text,
            _ => "",
        }
    }
}

fn wrong_type(label: &str) -> Broken {
    Broken::new("wrong_type", format!("Send {label} as text"))
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Given(text.to_owned())
    }
}

/// Values may be passwords.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Null => "Null",
            Self::WrongType => "WrongType",
            Self::Given(_) => "Given(…)",
        })
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text::Given(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text::Given(text))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
        Ok(Text::WrongType)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Text, E> {
        Ok(Text::WrongType)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Text, E> {
        Ok(Text::WrongType)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
        Ok(Text::WrongType)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::WrongType)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::WrongType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_json_type_is_told_apart() {
        let of = |json: &str| serde_json::from_str::<Text>(json).unwrap_or_default();
        assert_eq!(of("\"a\""), Text::Given("a".into()));
        assert_eq!(of("null"), Text::Null);
        for json in ["1", "-1", "1.5", "true", "[1,[2]]", "{\"a\":{}}"] {
            assert_eq!(of(json), Text::WrongType, "{json}");
        }
    }

    #[test]
    fn debug_output_hides_the_value() {
        assert_eq!(format!("{:?}", Text::from("secret")), "Given(…)");
    }
}
