//! Changing what one says about oneself.

use super::{
    cache::{self, Change},
    retry::on_contention,
    sessions,
};
use crate::{
    App, Error, Result, database,
    domain::{
        Profile, Text,
        profile::{self, ProfileChange},
    },
    error::{Broken, FieldErrors},
    storage::{avatars, profiles},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a person sends to change their profile: absent fields are untouched, `null` clears.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct ProfileForm {
    /// The name to show, at most 100 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    pub display_name: Text,
    /// A few words, at most 300 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 300)]
    pub bio: Text,
    /// An address this service issued to this person, or an `https://` address.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri", max_length = 2048)]
    pub avatar_url: Text,
}

/// Changes what was supplied and gives the whole profile.
///
/// # Errors
/// `Validation`, `Unauthenticated` when the session has ended or the account is gone.
pub async fn change(
    app: &App,
    viewer: Uuid,
    session_id: Uuid,
    form: &ProfileForm,
) -> Result<Profile> {
    on_contention(|| write(app, viewer, session_id, form)).await
}

async fn write(app: &App, viewer: Uuid, session_id: Uuid, form: &ProfileForm) -> Result<Profile> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let mut issued = Vec::new();
    if !form.avatar_url.typed().is_empty() {
        // Locked, so that the picture is still there when its address is written.
        avatars::lock_owner(&tx, viewer).await?;
        issued = avatars::issued(&tx, viewer).await?;
    }
    let change = check(app, form, &issued)?;
    if change != ProfileChange::default()
        && !profiles::update(&tx, viewer, &change, app.clock.now()).await?
    {
        return Err(Error::Unauthenticated);
    }
    // After the account's row, which the change has locked.
    sessions::hold(&tx, session_id).await?;
    let profile = profiles::by_id(&tx, viewer).await?;
    cache::commit(app, tx, &[Change::Person(viewer)]).await?;
    profile.ok_or(Error::Unauthenticated)
}

fn check(app: &App, form: &ProfileForm, issued: &[String]) -> Result<ProfileChange> {
    let mut errors = FieldErrors::default();
    let display_name = form
        .display_name
        .patch("the display name")
        .and_then(|name| cleared_or(name, profile::display_name));
    let bio = form
        .bio
        .patch("the bio")
        .and_then(|bio| cleared_or(bio, profile::bio));
    let avatar_url = form.avatar_url.patch("the address of the picture");
    let avatar_url =
        avatar_url.and_then(|url| cleared_or(url, |typed| own_or_foreign(app, typed, issued)));
    let change = (
        errors.take("display_name", display_name),
        errors.take("bio", bio),
        errors.take("avatar_url", avatar_url),
    );
    match change {
        (Some(display_name), Some(bio), Some(avatar_url)) => Ok(ProfileChange {
            display_name,
            bio,
            avatar_url,
        }),
        _ => Err(errors.into_error()),
    }
}

/// Absent stays absent, `null` clears, a text is checked.
fn cleared_or(
    field: Option<Option<&str>>,
    check: impl FnOnce(&str) -> Result<Option<String>, Broken>,
) -> Result<Option<Option<String>>, Broken> {
    match field {
        None => Ok(None),
        Some(None) => Ok(Some(None)),
        Some(Some(typed)) => check(typed).map(Some),
    }
}

fn own_or_foreign(app: &App, typed: &str, issued: &[String]) -> Result<Option<String>, Broken> {
    let prefix = format!("{}/avatars/", app.config.public_url);
    let url = if typed.starts_with(&prefix) {
        typed.to_owned()
    } else {
        // What the parser writes may turn out to be one of our own.
        profile::foreign_avatar_url(typed)?
    };
    match url.strip_prefix(&prefix) {
        None => Ok(Some(url)),
        Some(name) if issued.iter().any(|issued| issued == name) => Ok(Some(url)),
        Some(_) => Err(Broken::new(
            "not_yours",
            "Send the address of a picture that you uploaded",
        )),
    }
}
