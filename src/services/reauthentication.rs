//! Entering the password again: a sensitive change needs one entered lately in the same session
//! (OWASP ASVS 5.0, 7.5.1).

use super::throttle::{self, Attempt, Guess};
use crate::{
    App, Error, Result,
    crypto::passwords::Verdict,
    database,
    domain::Text,
    error::{Broken, FieldErrors},
    storage::{
        audit, sessions,
        users::{self, Credentials},
    },
};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
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

/// Whether a password that was entered at this time, if ever, was entered lately.
#[must_use]
pub fn is_recent(app: &App, entered: Option<OffsetDateTime>) -> bool {
    entered.is_some_and(|at| at + RECENT > app.clock.now())
}

/// Lets a sensitive change go on only when a password was entered lately in this session.
///
/// # Errors
/// `ReauthenticationRequired`
pub async fn require_recent(app: &App, session_id: Uuid) -> Result<()> {
    let client = app.db.get().await?;
    let entered = sessions::authenticated_at(&client, session_id).await?;
    if is_recent(app, entered) {
        return Ok(());
    }
    Err(Error::ReauthenticationRequired)
}

/// Notes that the password was entered in this session, if it is the right one.
///
/// # Errors
/// `Validation` of `password`, with the code [`INCORRECT`] for a wrong one; `RateLimited`;
/// `Unauthenticated` when the session ended meanwhile, or the account is gone.
pub async fn confirm(
    app: &App,
    user_id: Uuid,
    session_id: Uuid,
    confirmation: &Confirmation,
) -> Result<()> {
    let typed = entered(&confirmation.password);
    let typed = typed.map_err(|broken| FieldErrors::one("password", broken))?;
    let account = account(app, user_id).await?;
    check(app, &account, session_id, "password", typed).await?;
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    if !sessions::authenticate(&tx, session_id, user_id, &account.password_hash, now).await? {
        return Err(Error::Unauthenticated);
    }
    let event = audit::Event::Reauthenticated;
    audit::append(&tx, user_id, Some(session_id), event, None, now).await?;
    database::commit(tx).await
}

/// The password in a field that asks for the present one.
pub(super) fn entered(field: &Text) -> Result<&str, Broken> {
    let typed = field.required("your password")?;
    if typed.is_empty() {
        return Err(Broken::new("required", "Enter your password"));
    }
    Ok(typed)
}

/// The account as its password is checked against it.
///
/// # Errors
/// `Unauthenticated` when it is gone.
pub(super) async fn account(app: &App, user_id: Uuid) -> Result<Credentials> {
    let client = app.db.get().await?;
    users::credentials_of(&client, user_id)
        .await?
        .ok_or(Error::Unauthenticated)
}

/// Insists that this is the account's password. `field` is where it was typed. Wrong ones are
/// limited: who holds a stolen session must not find the password out.
///
/// # Errors
/// `Validation` of that field, with the code [`INCORRECT`]; `RateLimited`.
pub(super) async fn check(
    app: &App,
    account: &Credentials,
    session_id: Uuid,
    field: &'static str,
    typed: &str,
) -> Result<()> {
    let guess = Guess::ConfirmPassword(account.id, session_id);
    let verify =
        async |attempt: &Attempt| Box::pin(verify(app, attempt, account, field, typed)).await;
    throttle::guess(app, guess, verify).await
}

/// Holds no connection while it hashes: the pool would be exhausted.
async fn verify(
    app: &App,
    attempt: &Attempt,
    account: &Credentials,
    field: &'static str,
    typed: &str,
) -> Result<()> {
    let stored = Some(account.password_hash.as_str());
    match attempt.verify(app, typed, stored).await? {
        Verdict::Right | Verdict::Outdated => Ok(()),
        Verdict::Wrong => {
            let broken = Broken::new(INCORRECT, "This is not your password. Try again");
            Err(FieldErrors::one(field, broken))
        }
    }
}
