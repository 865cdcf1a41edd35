//! Proving an e-mail address: asking for the link again, following it, refusing it.

use super::{
    accounts, cache, constant_time,
    retry::on_contention,
    throttle::{self, Action},
    unproven_mail,
    view::View,
};
use crate::{
    App, Error, Result, database,
    domain::{Text, Token, email},
    error::FieldErrors,
    storage::{
        email_changes, email_verifications, outbox,
        sessions::{self, EndReason},
        users,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What asks for another link.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct Resend {
    /// The address that the link goes to.
    #[serde(default)]
    #[schema(required = true, value_type = String)]
    pub email: Text,
}

/// What follows a link.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct Verification {
    /// The token of the link.
    #[serde(default)]
    #[schema(required = true, value_type = String)]
    pub token: Text,
}

/// That an address is proven.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Verified {
    /// Always true.
    pub email_verified: bool,
}

/// The account that a working link belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedAccount {
    /// Its id.
    pub id: Uuid,
    /// Its handle.
    pub username: String,
    /// Whether its address is proven already.
    pub email_verified: bool,
}

/// Owes another link to the account with this address, if it exists and is not proven.
/// Whether it does is not told, by the time that the answer takes either.
///
/// # Errors
/// `Validation` when there is no address at all.
pub async fn resend(app: &App, resend: &Resend) -> Result<()> {
    let typed = resend
        .email
        .required("your email address")
        .map_err(|broken| FieldErrors::one("email", broken))?;
    let email = email::spelled(typed);
    throttle::check(app, Action::Resend(&email)).await?;
    constant_time::answer(owe_link(app, &email)).await
}

async fn owe_link(app: &App, email: &str) -> Result<()> {
    // PostgreSQL's text has no NUL, so no account's address does.
    if email.contains('\0') || !unproven_mail::admits(app, email).await? {
        return Ok(());
    }
    let client = app.db.get().await?;
    let Some(user_id) = users::unverified(&client, email, false).await? else {
        return Ok(());
    };
    let mail = outbox::NewMail::new(user_id, outbox::Kind::VerifyEmail, app.clock.now());
    match outbox::owe(&client, &mail).await {
        Ok(()) => app.mail_owed.notify_one(),
        // The account was deleted in this very moment: nothing is owed to it.
        Err(error) => match error.on_constraint("outbox_user_id_fkey", Error::UserNotFound) {
            Error::UserNotFound => {}
            error => return Err(error),
        },
    }
    Ok(())
}

/// Proves the address that the token was sent to. A token used before still says so; every
/// other link of the account ends.
///
/// # Errors
/// `InvalidVerificationToken`, and `Validation` when there is no token at all.
pub async fn verify(app: &App, verification: &Verification) -> Result<Verified> {
    prove(app, verification, |_| true).await
}

/// The same in a browser, which knows by `is_known` the accounts that were made or are used in it. Of
/// another one its sessions and its wish for another address end: they are of whoever made the account, who
/// may not be whose address it is.
///
/// # Errors
/// As [`verify`].
pub async fn verify_in_browser(
    app: &App,
    verification: &Verification,
    is_known: impl Fn(Uuid) -> bool,
) -> Result<Verified> {
    prove(app, verification, is_known).await
}

async fn prove(
    app: &App,
    verification: &Verification,
    is_known: impl Fn(Uuid) -> bool,
) -> Result<Verified> {
    let token = presented(verification)?;
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let linked = users::by_link(&tx, &token.hash(), true)
        .await?
        .ok_or(Error::InvalidVerificationToken)?;
    if linked.used {
        return Ok(Verified {
            email_verified: true,
        });
    }
    if linked.expires_at <= now {
        return Err(Error::InvalidVerificationToken);
    }
    email_verifications::mark_used(&tx, &token.hash(), now).await?;
    email_verifications::delete_unused(&tx, linked.user_id).await?;
    users::mark_verified(&tx, linked.user_id, now).await?;
    if !is_known(linked.user_id) {
        sessions::end_all(&tx, linked.user_id, None, EndReason::EndedByOwner, now).await?;
        email_changes::cancel(&tx, linked.user_id).await?;
    }
    database::commit(tx).await?;
    Ok(Verified {
        email_verified: true,
    })
}

/// Whose address a link would prove, or has proven. Changes nothing.
///
/// # Errors
/// `InvalidVerificationToken`
pub async fn inspect(view: View, verification: &Verification) -> Result<LinkedAccount> {
    let token = presented(verification)?;
    let linked = users::by_link(&*view.db, &token.hash(), false)
        .await?
        .filter(|linked| linked.used || linked.expires_at > view.now)
        .ok_or(Error::InvalidVerificationToken)?;
    Ok(LinkedAccount {
        id: linked.user_id,
        username: linked.username,
        email_verified: linked.email_verified,
    })
}

/// "This was not me": deletes the account whose address the link would have proven, and leaves the
/// mailbox alone for a week.
///
/// # Errors
/// `InvalidVerificationToken`, also once the address is proven: then it is somebody's account.
pub async fn reject(app: &App, verification: &Verification) -> Result<()> {
    let token = presented(verification)?;
    on_contention(|| delete_account_of(app, &token)).await
}

async fn delete_account_of(app: &App, token: &Token) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let linked = users::by_link(&tx, &token.hash(), true)
        .await?
        .filter(|linked| !linked.email_verified && linked.expires_at > app.clock.now())
        .ok_or(Error::InvalidVerificationToken)?;
    unproven_mail::quieten(&tx, app, &linked.email).await?;
    let changes = accounts::let_go(&tx, linked.user_id, app.clock.now()).await?;
    cache::commit(app, tx, &changes).await
}

/// The token of a link as it was presented.
pub(super) fn presented(verification: &Verification) -> Result<Token> {
    verification
        .token
        .required("the token of the link")
        .map(Token::presented)
        .map_err(|broken| FieldErrors::one("token", broken))
}
