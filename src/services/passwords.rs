//! Changing one's password, by who knows the present one.

use super::{
    hashing,
    reauthentication::{self, check, entered},
    throttle,
};
use crate::{
    App, Error, Result,
    crypto::passwords::Standing,
    database,
    domain::{Password, Text, token::TokenHash},
    error::FieldErrors,
    storage::{
        audit, email_changes,
        outbox::{self, Kind, NewMail},
        sessions::{self, EndReason},
        users,
    },
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How often a change starts again because the stored hash changed meanwhile.
const MAX_TRIES: usize = 3;

/// What a person sends to change their password.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The password that the account has.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = "password")]
    pub current_password: Text,
    /// The one that it is to have, 8 to 256 characters.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = "password", min_length = 8, max_length = 256)]
    pub password: Text,
}

/// Changes the password, ends every other session, and says so in a mail. Of several changes at
/// once one wins: to the others the password that they know is not the present one any more. The network,
/// and the browser that gets the new secret `device`, are known to the account from then on and no others.
///
/// # Errors
/// `Validation`, with the code `incorrect` for a wrong `current_password`; `RateLimited`;
/// `Unauthenticated` when
/// the session has ended, or the account is gone.
pub async fn change(
    app: &App,
    user_id: Uuid,
    session_id: Uuid,
    form: &PasswordChange,
    device: Option<&TokenHash>,
) -> Result<()> {
    for _ in 0..MAX_TRIES {
        if try_change(app, user_id, session_id, form, device).await? {
            app.mail_owed.notify_one();
            return Ok(());
        }
    }
    Err(Error::unavailable(
        "the password hash changed again and again",
    ))
}

/// False when the stored hash changed while the typed one was verified.
async fn try_change(
    app: &App,
    user_id: Uuid,
    session_id: Uuid,
    form: &PasswordChange,
    device: Option<&TokenHash>,
) -> Result<bool> {
    let account = reauthentication::account(app, user_id).await?;
    let mut errors = FieldErrors::default();
    let current = errors.take("current_password", entered(&form.current_password));
    let new = form.password.required("a new password");
    let new = new.and_then(|typed| Password::parse(typed, &account.email, &account.username));
    let (Some(current), Some(new)) = (current, errors.take("password", new)) else {
        return Err(errors.into_error());
    };
    check(app, &account, session_id, "current_password", current).await?;
    let hash = hashing::hash(app, Standing::Known, &new).await?;
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let old = &account.password_hash;
    if !users::replace_password_hash(&tx, user_id, old, &hash, now).await? {
        return Ok(false);
    }
    // The present password was just entered in this session.
    if !sessions::authenticate(&tx, session_id, user_id, &hash, now).await? {
        return Err(Error::Unauthenticated);
    }
    let reason = EndReason::PasswordChanged;
    sessions::end_all(&tx, user_id, Some(session_id), reason, now).await?;
    email_changes::cancel(&tx, user_id).await?;
    throttle::only_here(&tx, app, user_id, &account.email, device).await?;
    let event = audit::Event::PasswordChanged;
    audit::append(&tx, user_id, Some(session_id), event, None, now).await?;
    outbox::owe(&tx, &NewMail::notice(user_id, Kind::PasswordChanged, now)).await?;
    database::commit(tx).await?;
    Ok(true)
}
