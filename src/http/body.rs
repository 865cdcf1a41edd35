//! JSON and form bodies, from bytes to a struct of unchecked [`Text`](crate::domain::Text) fields.

use super::body_limit::was_too_large;
use crate::{Error, Result};
use poem::{FromRequest, Request, RequestBody, http::header};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor},
};
use std::{collections::HashSet, fmt};

const NOT_JSON: &str = "Send a JSON object in UTF-8, with each key once.";
const NOT_A_FORM: &str = "The form could not be read. Send it again.";
const EXPECT_JSON: &str = "Send the body as application/json.";
const EXPECT_FORM: &str = "Send the form as application/x-www-form-urlencoded.";

/// A JSON object as a struct. Unknown keys are ignored; a repeated key is refused.
pub struct Json<T>(pub T);

impl<'a, T: DeserializeOwned + Send> FromRequest<'a> for Json<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        if media_type(request).as_deref() != Some("application/json") {
            return Err(Error::UnsupportedMediaType(EXPECT_JSON).into());
        }
        let bytes = bytes(request, body).await?;
        // Twice over at most 64 KiB: first that the keys are unique, then what they mean.
        let _: UniqueKeys = from_json(&bytes)?;
        Ok(Self(from_json(&bytes)?))
    }
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // The parser does not look into what it skips: UTF-8 is checked over the whole.
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or(Error::Malformed(NOT_JSON))
}

/// A form as a struct.
///
/// # Errors
/// `UnsupportedMediaType`, `PayloadTooLarge`, `Malformed` (not UTF-8, or a field twice).
pub async fn form<T: DeserializeOwned>(request: &Request, body: &mut RequestBody) -> Result<T> {
    if media_type(request).as_deref() != Some("application/x-www-form-urlencoded") {
        return Err(Error::UnsupportedMediaType(EXPECT_FORM));
    }
    let bytes = bytes(request, body).await?;
    // The decoder below would quietly put U+FFFD in place of what is no UTF-8.
    percent_encoding::percent_decode(&bytes)
        .decode_utf8()
        .map_err(|_| Error::Malformed(NOT_A_FORM))?;
    serde_urlencoded::from_bytes(&bytes).map_err(|_| Error::Malformed(NOT_A_FORM))
}

/// The bytes of a body within its limit.
pub(super) async fn bytes(request: &Request, body: &mut RequestBody) -> Result<Vec<u8>> {
    if was_too_large(request) {
        return Err(Error::PayloadTooLarge);
    }
    let body = body.take().map_err(Error::internal)?;
    body.into_vec().await.map_err(Error::internal)
}

/// The media type of a body in lower case, without its parameters.
#[must_use]
pub fn media_type(request: &Request) -> Option<String> {
    let header = request.header(header::CONTENT_TYPE)?;
    let essence = header.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

/// Any object in which no key comes twice, at any depth.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Walk).map(|()| Self)
    }
}

/// Any value: walked, not kept. The parser itself bounds the depth, at 128.
struct Walked;

impl<'de> Deserialize<'de> for Walked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk).map(|()| Self)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some((key, Walked)) = map.next_entry::<String, _>()? {
            if !seen.insert(key) {
                return Err(de::Error::custom("a key comes twice"));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(Walked) = list.next_element()? {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::verification::Resend;

    #[test]
    fn only_objects_with_unique_keys_pass() {
        let ok = |json: &str| from_json::<UniqueKeys>(json.as_bytes()).is_ok();
        assert!(ok("{}") && ok("{\"a\":1,\"b\":{\"a\":[]}}"));
        for bad in [
            "",
            "[]",
            "1",
            "null",
            "\"a\"",
            "{",
            "{\"a\":1}x",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,\"\\u0061\":2}",
            "\u{feff}{}",
        ] {
            assert!(!ok(bad), "{bad}");
        }
        assert!(!ok("{\"x\":[{\"a\":1,\"a\":2}]}"));
        // Too deep is no matter of a field any more.
        let deep = format!("{{\"email\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
        assert!(!ok(&deep));
        assert!(from_json::<UniqueKeys>(b"{\"a\":\"\xff\"}").is_err());
        assert!(from_json::<Resend>(b"{\"email\":\"\\ud800\"}").is_err());
    }
}
