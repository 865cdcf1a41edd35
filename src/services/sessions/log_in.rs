//! Logging in.

use super::{LoggedIn, logged_in, stored_as};
use crate::{
    App, Error, Result,
    crypto::passwords::Verdict,
    domain::{Text, Token},
    error::{Broken, FieldErrors},
    services::{
        deletion, hashing,
        throttle::{self, Attempt, Guess},
    },
    storage::{
        audit,
        sessions::{self, Holder},
        users,
    },
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How often a log-in starts again because the stored hash changed meanwhile.
const MAX_TRIES: usize = 3;

/// What somebody sends to log in.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct Credentials {
    /// The address of the account.
    #[serde(default)]
    #[schema(required = true, value_type = String)]
    pub email: Text,
    /// Its password.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = "password")]
    pub password: Text,
}

/// Opens a session for who knows the password of an account with a proven address. An account that
/// was to be deleted is kept from then on; once its window has ended it is unknown.
///
/// # Errors
/// `Validation`, `InvalidCredentials` (an unknown address and a wrong password differ in
/// nothing, time included), `EmailNotVerified`, `RateLimited`.
pub async fn log_in(app: &App, credentials: &Credentials) -> Result<LoggedIn> {
    let (email, password) = typed(credentials)?;
    let tries = async |attempt: &Attempt| Box::pin(tries(app, attempt, email, password)).await;
    throttle::guess(app, Guess::LogIn(email), tries).await
}

async fn tries(app: &App, attempt: &Attempt, email: &str, password: &str) -> Result<LoggedIn> {
    for _ in 0..MAX_TRIES {
        if let Some(logged_in) = try_log_in(app, attempt, email, password).await? {
            return Ok(logged_in);
        }
    }
    Err(Error::unavailable(
        "the password hash changed again and again",
    ))
}

/// `None` when the stored hash changed while this one was verified: a log-in beside this one
/// replaced an outdated hash, or the password was changed.
async fn try_log_in(
    app: &App,
    attempt: &Attempt,
    email: &str,
    password: &str,
) -> Result<Option<LoggedIn>> {
    let client = app.db.get().await?;
    let account = users::credentials(&client, email).await?;
    // Not held while hashing: the pool would be exhausted by log-ins.
    drop(client);
    let stored = account.as_ref().map(|a| a.password_hash.as_str());
    let verdict = attempt.verify(app, password, stored).await?;
    let now = app.clock.now();
    let is_kept = |account: &users::Credentials| account.delete_after.is_none_or(|at| now < at);
    let mut account = match account {
        Some(account) if verdict != Verdict::Wrong && is_kept(&account) => account,
        account => {
            note_failure(app, account.map(|account| account.id)).await?;
            return Err(Error::InvalidCredentials);
        }
    };
    if app.config.require_verified_email && !account.email_verified {
        return Err(Error::EmailNotVerified);
    }
    if verdict == Verdict::Outdated {
        let new = hashing::rehash(app, attempt.standing(), password).await?;
        let old = account.password_hash;
        let client = app.db.get().await?;
        if !users::replace_password_hash(&client, account.id, &old, &new, app.clock.now()).await? {
            return Ok(None);
        }
        account.password_hash = new;
    }
    open(app, account, attempt, email).await
}

/// Notes that somebody did not know the password. For an address that nobody has, the same line is
/// written under the id of nobody: the same work, so that time does not tell the two apart.
async fn note_failure(app: &App, account: Option<Uuid>) -> Result<()> {
    let client = app.db.get().await?;
    let whose = account.unwrap_or(Uuid::nil());
    let event = audit::Event::LogInFailed;
    audit::append(&client, whose, None, event, None, app.clock.now()).await
}

async fn open(
    app: &App,
    account: users::Credentials,
    attempt: &Attempt,
    email: &str,
) -> Result<Option<LoggedIn>> {
    let now = app.clock.now();
    let refresh_token = Token::random().map_err(Error::internal)?;
    let holder = Holder {
        session_id: Uuid::now_v7(),
        user_id: account.id,
        email: account.email,
        roles: account.roles,
    };
    let opened = sessions::Opened {
        session_id: holder.session_id,
        user_id: holder.user_id,
        password_hash: &account.password_hash,
        token: &stored_as(&refresh_token, now),
        places: &attempt.places(app, email),
        now,
    };
    let kept = account.delete_after.is_some();
    let is_open = if kept {
        deletion::keep_and_open(app, &opened).await?
    } else {
        sessions::open(&app.db.get().await?, &opened).await?
    };
    if !is_open {
        return Ok(None);
    }
    let logged_in = logged_in(app, holder, refresh_token, now)?;
    Ok(Some(LoggedIn {
        kept,
        is_device_known: attempt.is_device_known(),
        ..logged_in
    }))
}

fn typed(credentials: &Credentials) -> Result<(&str, &str)> {
    let mut errors = FieldErrors::default();
    let filled = |text: &str| !text.trim().is_empty();
    let email = credentials.email.required("your email address");
    let email = email.and_then(|typed| {
        filled(typed)
            .then(|| typed.trim())
            .ok_or_else(|| Broken::new("required", "Enter your email address"))
    });
    let password = credentials.password.required("your password");
    let password = password.and_then(|typed| {
        (!typed.is_empty())
            .then_some(typed)
            .ok_or_else(|| Broken::new("required", "Enter your password"))
    });
    match (
        errors.take("email", email),
        errors.take("password", password),
    ) {
        // PostgreSQL's text has no NUL, so no account's address does.
        (Some(email), Some(_)) if email.contains('\0') => Err(Error::InvalidCredentials),
        (Some(email), Some(password)) => Ok((email, password)),
        _ => Err(errors.into_error()),
    }
}
