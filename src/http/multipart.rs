//! The upload of a picture: a multipart form with the field `avatar`.

use super::{body::media_type, body_limit::was_too_large};
use crate::{
    Error, Result,
    error::{Broken, FieldErrors},
};
use poem::{FromRequest, Request, RequestBody, web::Multipart};
use std::collections::HashMap;

const EXPECT_MULTIPART: &str = "Send the picture as multipart/form-data.";
const BROKEN: &str = "The upload broke off or could not be read. Send it again.";

/// What an upload brought.
pub struct Upload {
    /// The bytes of the field `avatar`.
    pub avatar: Vec<u8>,
    /// Its other fields, as text.
    pub fields: HashMap<String, String>,
}

impl Upload {
    /// Reads an upload from a request whose body was taken in.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `AvatarTooLarge`, `Malformed`, `Validation` without a field `avatar`.
    pub async fn read(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let (avatar, fields) = Self::parts(request, body).await?;
        let avatar = avatar.ok_or_else(|| {
            FieldErrors::one("avatar", Broken::new("required", "Choose a picture"))
        })?;
        Ok(Self { avatar, fields })
    }

    async fn parts(
        request: &Request,
        body: &mut RequestBody,
    ) -> Result<(Option<Vec<u8>>, HashMap<String, String>)> {
        if media_type(request).as_deref() != Some("multipart/form-data") {
            return Err(Error::UnsupportedMediaType(EXPECT_MULTIPART));
        }
        if was_too_large(request) {
            return Err(Error::AvatarTooLarge);
        }
        let broken = |_| Error::Malformed(BROKEN);
        let mut parts = Multipart::from_request(request, body)
            .await
            .map_err(|_| Error::Malformed(BROKEN))?;
        let (mut avatar, mut fields) = (None, HashMap::new());
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let name = part.name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(|_| Error::Malformed(BROKEN))?;
            if name == "avatar" && avatar.is_none() {
                avatar = Some(bytes);
            } else {
                // Another file, perhaps; only texts are asked for.
                if let Ok(text) = String::from_utf8(bytes) {
                    fields.insert(name, text);
                }
            }
        }
        Ok((avatar, fields))
    }
}
