//! Registering an account.

use super::{
    cache::{self, Change, Changing},
    hashing,
    retry::on_contention,
    throttle::{self, Action},
    unproven_mail,
};
use crate::{
    App, Error, Result,
    crypto::passwords::Standing,
    database::{self, Transaction},
    domain::{Email, Password, Text, Username},
    error::FieldErrors,
    storage::{deletions, follows, held_usernames, outbox, retention, users},
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a visitor sends to register.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct Registration {
    /// The address, at most 254 characters.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = "email", max_length = 254)]
    pub email: Text,
    /// The handle, 3 to 30 of `a-z A-Z 0-9 _ .`.
    #[serde(default)]
    #[schema(required = true, value_type = String, min_length = 3, max_length = 30, pattern = "^[A-Za-z0-9][A-Za-z0-9_.]*[A-Za-z0-9]$")]
    pub username: Text,
    /// The password, 8 to 256 characters.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = "password", min_length = 8, max_length = 256)]
    pub password: Text,
}

/// A new account as its owner sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Registered {
    /// The id, for ever.
    pub id: Uuid,
    /// The handle.
    pub username: String,
    /// The address.
    pub email: String,
    /// When the account was made, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

struct Checked {
    email: Email,
    username: Username,
    password: Password,
}

impl Registration {
    /// The fields that break a rule, for showing them before the form is sent.
    #[must_use]
    pub fn problems(&self) -> FieldErrors {
        match self.check() {
            Err(Error::Validation(errors)) => errors,
            _ => FieldErrors::default(),
        }
    }

    fn check(&self) -> Result<Checked> {
        let mut errors = FieldErrors::default();
        let email = errors.take(
            "email",
            self.email
                .required("your email address")
                .and_then(Email::parse),
        );
        let username = errors.take(
            "username",
            self.username
                .required("a username")
                .and_then(Username::parse),
        );
        let password = self
            .password
            .required("a password")
            .and_then(|typed| Password::parse(typed, self.email.typed(), self.username.typed()));
        let password = errors.take("password", password);
        match (email, username, password) {
            (Some(email), Some(username), Some(password)) => Ok(Checked {
                email,
                username,
                password,
            }),
            _ => Err(errors.into_error()),
        }
    }
}

/// Makes an account with an unproven address and owes it the mail that proves it.
///
/// # Errors
/// `Validation`, `EmailTaken`, `UsernameTaken`; both taken is `EmailTaken`. `RateLimited`.
pub async fn register(app: &App, registration: &Registration) -> Result<Registered> {
    let checked = registration.check()?;
    throttle::check(app, Action::Register).await?;
    // Before the transaction: nobody's row waits for 20 ms of hashing.
    let password_hash = hashing::hash(app, Standing::Unknown, &checked.password).await?;
    let now = app.clock.now();
    let user = users::NewUser {
        id: Uuid::now_v7(),
        username: &checked.username,
        email: &checked.email,
        password_hash: &password_hash,
    };
    on_contention(|| insert(app, &user, now)).await?;
    app.mail_owed.notify_one();
    Ok(Registered {
        id: user.id,
        username: checked.username.as_str().to_owned(),
        email: checked.email.as_str().to_owned(),
        created_at: now,
    })
}

async fn insert(app: &App, user: &users::NewUser<'_>, now: OffsetDateTime) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let (email, username) = (user.email.as_str(), user.username.as_str());
    let mut changes = let_go_lapsed(app, &tx, Some(email), Some(username), now).await?;
    let inserted = users::insert(&tx, user, now).await;
    if matches!(inserted, Err(Error::UsernameTaken)) {
        drop(tx);
        // Whichever constraint spoke first: with both taken it is the address that is named.
        let both = users::email_exists(&client, user.email).await?;
        return if both {
            Err(Error::EmailTaken)
        } else {
            inserted
        };
    }
    inserted?;
    // After the name is the account's: see there.
    if held_usernames::is_held_from(&tx, username, user.id, now).await? {
        return Err(Error::UsernameTaken);
    }
    // Last, so that who is told that the address is taken has cost its mailbox nothing.
    unproven_mail::take(&tx, app, email).await?;
    let mail = outbox::NewMail::new(user.id, outbox::Kind::VerifyEmail, now);
    outbox::owe(&tx, &mail).await?;
    // Somebody may have looked before there was anybody.
    changes.extend([Change::Person(user.id), Change::name(username)]);
    let changing = Changing::new(app, changes);
    let outcome = database::commit(tx).await;
    changing.done().await;
    outcome
}

/// Deletes the unproven accounts that hold this address or this name no longer by right. Gives
/// what is to be told with the commit.
pub(super) async fn let_go_lapsed(
    app: &App,
    tx: &Transaction<'_>,
    email: Option<&str>,
    username: Option<&str>,
    now: OffsetDateTime,
) -> Result<Vec<Change>> {
    // Without that rule an unproven account is in use, and keeps its name.
    if !app.config.require_verified_email {
        return Ok(Vec::new());
    }
    let mut changes = Vec::new();
    for lapsed in users::lock_lapsed(tx, email, username, now).await? {
        changes.extend(let_go(tx, lapsed, now).await?);
    }
    Ok(changes)
}

/// Frees the name and the address of an unproven account, which is locked, and deletes it. One with
/// more than a batch of edges or rows is left to the janitor: nobody's request waits for so many.
/// Gives what is to be told with the commit.
pub(super) async fn let_go(
    tx: &Transaction<'_>,
    unproven: Uuid,
    now: OffsetDateTime,
) -> Result<Vec<Change>> {
    let others = follows::delete_some_of(tx, unproven).await?;
    let rows = deletions::delete_rows(tx, unproven).await?;
    if others.len() < follows::BATCH && rows < retention::BATCH {
        users::delete_unverified(tx, unproven).await?;
    } else {
        deletions::let_go(tx, unproven, now).await?;
    }
    let counts = others.into_iter().map(Change::Counts);
    Ok(counts.chain([Change::Person(unproven)]).collect())
}

/// Lets a batch of the unproven accounts go whose last link lapsed so long ago; says whether there
/// may be more.
pub(super) async fn let_go_unproven(app: &App, kept: Duration) -> Result<bool> {
    if !app.config.require_verified_email {
        return Ok(false);
    }
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let gone = deletions::let_go_unproven(&tx, now - kept, now).await?;
    let has_more = u64::try_from(gone.len()) == Ok(deletions::AT_ONCE);
    let changes: Vec<_> = gone.into_iter().map(Change::Person).collect();
    cache::commit(app, tx, &changes).await?;
    Ok(has_more)
}
