//! Entering the password again: a sensitive change needs one entered lately in the same session
//! (OWASP ASVS 5.0, 7.5.1).

use crate::{
    App, Error, Result,
    crypto::passwords::Verdict,
    domain::Text,
    error::{Broken, FieldErrors},
    storage::{
        self, audit, sessions,
        users::{self, Credentials},
    },
};
use serde::Deserialize;
use time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a password counts as entered lately. A log-in counts too.
pub const RECENT: Duration = Duration::minutes(10);
/// The code of a field whose password is not the account's.
pub const INCORRECT: &str = "incorrect";

/// What somebody sends to show that it is still them.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct Confirmation {
    /// The account's password.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = "password")]
    pub password: Text,
}

/// Whether a password was entered lately in this session.
pub async fn is_recent(app: &App, session_id: Uuid) -> Result<bool> {
    let client = app.db.get().await?;
    let entered = sessions::authenticated_at(&client, session_id).await?;
    Ok(entered.is_some_and(|at| at + RECENT > app.clock.now()))
}

/// Lets a sensitive change go on only when a password was entered lately in this session.
///
/// # Errors
/// `ReauthenticationRequired`
pub async fn require_recent(app: &App, session_id: Uuid) -> Result<()> {
    if is_recent(app, session_id).await? {
        return Ok(());
    }
    Err(Error::ReauthenticationRequired)
}

/// Notes that the password was entered in this session, if it is the right one.
///
/// # Errors
/// `Validation` of `password`, with the code [`INCORRECT`] for a wrong one; `Unauthenticated` when
/// the session ended meanwhile, or the account is gone.
pub async fn confirm(
    app: &App,
    user_id: Uuid,
    session_id: Uuid,
    confirmation: &Confirmation,
) -> Result<()> {
    let account = verified(app, user_id, "password", &confirmation.password).await?;
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = storage::begin(&mut client).await?;
    if !sessions::authenticate(&tx, session_id, user_id, &account.password_hash, now).await? {
        return Err(Error::Unauthenticated);
    }
    let event = audit::Event::Reauthenticated;
    audit::append(&tx, user_id, Some(session_id), event, None, now).await?;
    storage::commit(tx).await
}

/// The account, if this is its password. `field` is where it was typed.
///
/// # Errors
/// `Validation` of that field, `Unauthenticated` when the account is gone.
pub(super) async fn verified(
    app: &App,
    user_id: Uuid,
    field: &'static str,
    password: &Text,
) -> Result<Credentials> {
    let typed = password
        .required("your password")
        .and_then(|typed| {
            (!typed.is_empty())
                .then_some(typed)
                .ok_or_else(|| Broken::new("required", "Enter your password"))
        })
        .map_err(|broken| FieldErrors::one(field, broken))?;
    let client = app.db.get().await?;
    let account = users::credentials_of(&client, user_id).await?;
    // Not held while hashing: the pool would be exhausted.
    drop(client);
    let account = account.ok_or(Error::Unauthenticated)?;
    let stored = Some(account.password_hash.as_str());
    match app.passwords.verify(typed, stored).await? {
        Verdict::Wrong => {
            let broken = Broken::new(INCORRECT, "This is not your password. Try again");
            Err(FieldErrors::one(field, broken))
        }
        _ => Ok(account),
    }
}
