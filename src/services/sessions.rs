//! Logging in, renewing, logging out.

use super::{
    deletion,
    throttle::{self, Action},
};
use crate::{
    App, Error, Result,
    crypto::{passwords::Verdict, seal},
    domain::{Text, Token},
    error::{Broken, FieldErrors},
    storage::{
        self, GenericClient, Object, audit,
        outbox::{self, Kind, NewMail},
        sessions::{self, EndReason, Holder, NewToken, StoredToken},
        users,
    },
};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a refresh token lives from its issue.
pub const REFRESH_TOKEN_LIFETIME: Duration = Duration::days(30);
/// How long a session lasts from its log-in, however often it is renewed (OWASP Session Management
/// Cheat Sheet, absolute timeout). Whoever copied its tokens unnoticed has them no longer.
pub const SESSION_LIFETIME: Duration = Duration::days(180);
/// How long a rotated token is still honoured: two tabs at once, or a lost answer.
pub const GRACE: Duration = Duration::seconds(10);
/// How often a log-in starts again because the stored hash changed meanwhile.
const MAX_TRIES: usize = 3;
/// More rotations than fit into one grace are no honest client's.
const MAX_CHAIN: usize = 1_000;

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

/// An open session: what a client gets to carry.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Whose session.
    pub user_id: Uuid,
    /// Which log-in: the family of the refresh token.
    pub session_id: Uuid,
    /// Signed, for 15 minutes.
    pub access_token: String,
    /// Opaque, for 30 days, good for one rotation.
    pub refresh_token: Token,
    /// Whether the account was to be deleted, and is kept since its owner logged in.
    pub kept: bool,
}

/// Opens a session for who knows the password of an account with a proven address. An account that
/// was to be deleted is kept from then on; once its window has ended it is unknown.
///
/// # Errors
/// `Validation`, `InvalidCredentials` (an unknown address and a wrong password differ in
/// nothing, time included), `EmailNotVerified`, `RateLimited`.
pub async fn log_in(app: &App, credentials: &Credentials) -> Result<LoggedIn> {
    let (email, password) = typed(credentials)?;
    let action = Action::LogIn(email);
    let tries = Box::pin(tries(app, email, password));
    let logged_in = throttle::guess(app, action, tries).await?;
    throttle::remember(app, logged_in.user_id, email).await?;
    Ok(logged_in)
}

async fn tries(app: &App, email: &str, password: &str) -> Result<LoggedIn> {
    for _ in 0..MAX_TRIES {
        if let Some(logged_in) = try_log_in(app, email, password).await? {
            return Ok(logged_in);
        }
    }
    Err(Error::unavailable(
        "the password hash changed again and again",
    ))
}

/// `None` when the stored hash changed while this one was verified: a log-in beside this one
/// replaced an outdated hash, or the password was changed.
async fn try_log_in(app: &App, email: &str, password: &str) -> Result<Option<LoggedIn>> {
    let client = app.db.get().await?;
    let account = users::credentials(&client, email).await?;
    // Not held while hashing: the pool would be exhausted by log-ins.
    drop(client);
    let stored = account.as_ref().map(|a| a.password_hash.as_str());
    let verdict = app.passwords.verify(password, stored).await?;
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
        let (old, new) = (account.password_hash, app.passwords.rehash(password).await?);
        let client = app.db.get().await?;
        if !users::replace_password_hash(&client, account.id, &old, &new, app.clock.now()).await? {
            return Ok(None);
        }
        account.password_hash = new;
    }
    open(app, account).await
}

/// Notes that somebody did not know the password. For an address that nobody has, the same line is
/// written under the id of nobody: the same work, so that time does not tell the two apart.
async fn note_failure(app: &App, account: Option<Uuid>) -> Result<()> {
    let client = app.db.get().await?;
    let whose = account.unwrap_or(Uuid::nil());
    let event = audit::Event::LogInFailed;
    audit::append(&client, whose, None, event, None, app.clock.now()).await
}

async fn open(app: &App, account: users::Credentials) -> Result<Option<LoggedIn>> {
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
    Ok(Some(LoggedIn { kept, ..logged_in }))
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

/// Renews a session: the token is spent and its successor takes its place (RFC 9700 section
/// 4.14.2). A token spent less than [`GRACE`] ago gives the family's current one, the same for
/// all who ask. Later it was copied: the whole family ends. After [`SESSION_LIFETIME`] no token is
/// good any more.
///
/// # Errors
/// `InvalidRefreshToken`
pub async fn refresh(app: &App, presented: &Token) -> Result<LoggedIn> {
    throttle::check(app, Action::Refresh).await?;
    let now = app.clock.now();
    let client = app.db.get().await?;
    if let Some(renewed) = rotate(app, &client, presented, now).await? {
        return Ok(renewed);
    }
    drop(client);
    refresh_spent(app, presented, now).await
}

/// The ordinary case: one statement, one commit.
async fn rotate(
    app: &App,
    db: &impl GenericClient,
    presented: &Token,
    now: OffsetDateTime,
) -> Result<Option<LoggedIn>> {
    let successor = Token::random().map_err(Error::internal)?;
    let sealed = seal::seal(presented, &successor)?;
    let new = stored_as(&successor, now);
    let opened_after = now - SESSION_LIFETIME;
    sessions::rotate(db, &presented.hash(), &sealed, &new, opened_after, now)
        .await
        // The account was deleted in this very moment.
        .map_err(|error| {
            error
                .on_constraint("refresh_tokens_user_id_fkey", Error::InvalidRefreshToken)
                .on_constraint("refresh_tokens_session_id_fkey", Error::InvalidRefreshToken)
        })?
        .map(|holder| logged_in(app, holder, successor, now))
        .transpose()
}

/// The token is not to be spent: honour its grace, or call it unknown, expired or stolen. Grace
/// only reads, and takes no lock: a thousand at once don't wait for each other. Whoever spent the
/// token has committed, or `rotate` would have waited.
async fn refresh_spent(app: &App, presented: &Token, now: OffsetDateTime) -> Result<LoggedIn> {
    let mut client = app.db.get().await?;
    let stored = sessions::token(&client, &presented.hash())
        .await?
        .ok_or(Error::InvalidRefreshToken)?;
    match stored.rotated_at {
        Some(at) if at + GRACE > now => {
            let holder = sessions::live(&client, stored.session_id, now - SESSION_LIFETIME)
                .await?
                .ok_or(Error::InvalidRefreshToken)?;
            // After the session: if it ends meanwhile, its tokens lead nowhere.
            let current = current_of_family(&client, presented, stored, now).await?;
            drop(client);
            logged_in(app, holder, current, now)
        }
        Some(_) => {
            end_stolen(app, &mut client, stored.session_id, now).await?;
            Err(Error::InvalidRefreshToken)
        }
        None => Err(Error::InvalidRefreshToken),
    }
}

/// Ends a session of which somebody has a copy, once.
async fn end_stolen(
    app: &App,
    client: &mut Object,
    session_id: Uuid,
    now: OffsetDateTime,
) -> Result<()> {
    let tx = storage::begin(client).await?;
    let Some(holder) = sessions::lock_live(&tx, session_id).await? else {
        return Ok(());
    };
    sessions::end(&tx, session_id, EndReason::Theft, now).await?;
    let event = audit::Event::RefreshTokenReused;
    audit::append(&tx, holder.user_id, Some(session_id), event, None, now).await?;
    let mail = NewMail::notice(holder.user_id, Kind::SessionStolen, now);
    outbox::owe(&tx, &mail).await?;
    storage::commit(tx).await?;
    app.mail_owed.notify_one();
    tracing::warn!(
        user_id = %holder.user_id,
        %session_id,
        "a spent refresh token was presented again: the session was ended"
    );
    Ok(())
}

/// Follows the sealed successors to the token that nobody has spent yet.
async fn current_of_family(
    db: &impl GenericClient,
    presented: &Token,
    mut stored: StoredToken,
    now: OffsetDateTime,
) -> Result<Token> {
    let mut token = presented.clone();
    for _ in 0..MAX_CHAIN {
        if !stored.revoked {
            let live = stored.expires_at > now;
            return live.then_some(token).ok_or(Error::InvalidRefreshToken);
        }
        let sealed = stored.sealed_successor.ok_or(Error::InvalidRefreshToken)?;
        token = seal::open(&token, &sealed)?;
        stored = sessions::token(db, &token.hash())
            .await?
            .ok_or(Error::InvalidRefreshToken)?;
    }
    Err(Error::InvalidRefreshToken)
}

/// Insists that a session has not ended.
///
/// # Errors
/// `Unauthenticated` when it has: its access tokens may live for some minutes still.
pub async fn require_open(app: &App, session_id: Uuid) -> Result<()> {
    let opened_after = app.clock.now() - SESSION_LIFETIME;
    let holder = sessions::live(&app.db.get().await?, session_id, opened_after).await?;
    holder.map(drop).ok_or(Error::Unauthenticated)
}

/// Ends the session of a token, whichever of its family it is. Without one nothing happens.
pub async fn log_out(app: &App, presented: Option<&Token>) -> Result<()> {
    let Some(presented) = presented else {
        return Ok(());
    };
    let mut client = app.db.get().await?;
    let Some(stored) = sessions::token(&client, &presented.hash()).await? else {
        return Ok(());
    };
    let tx = storage::begin(&mut client).await?;
    log_out_session(&tx, stored.session_id, app.clock.now()).await?;
    storage::commit(tx).await
}

/// Ends a session that is known by its id, as a browser's session knows it.
pub async fn end(app: &App, session_id: Uuid) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = storage::begin(&mut client).await?;
    log_out_session(&tx, session_id, app.clock.now()).await?;
    storage::commit(tx).await
}

/// Ends a session for who is in it, and notes it. Without effect once it ended.
pub(super) async fn log_out_session(
    db: &impl GenericClient,
    session_id: Uuid,
    now: OffsetDateTime,
) -> Result<()> {
    if let Some(holder) = sessions::lock_live(db, session_id).await? {
        sessions::end(db, session_id, EndReason::Logout, now).await?;
        let event = audit::Event::LoggedOut;
        audit::append(db, holder.user_id, Some(session_id), event, None, now).await?;
    }
    Ok(())
}

fn stored_as(token: &Token, now: OffsetDateTime) -> NewToken {
    NewToken {
        hash: token.hash(),
        expires_at: now + REFRESH_TOKEN_LIFETIME,
    }
}

fn logged_in(
    app: &App,
    holder: Holder,
    refresh_token: Token,
    now: OffsetDateTime,
) -> Result<LoggedIn> {
    Ok(LoggedIn {
        access_token: app.keys.issue(
            holder.user_id,
            holder.session_id,
            &holder.email,
            &holder.roles,
            now,
        )?,
        user_id: holder.user_id,
        session_id: holder.session_id,
        refresh_token,
        kept: false,
    })
}
