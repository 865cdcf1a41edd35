//! A forgotten password: asking for a link, and setting a new one with it
//! (OWASP Forgot Password Cheat Sheet).

use super::{
    hashing,
    retry::on_contention,
    throttle::{self, Action},
    view::View,
};
use crate::{
    App, Error, Result,
    crypto::passwords::Standing,
    database,
    domain::{Email, Password, Text, Token, token::TokenHash},
    error::FieldErrors,
    storage::{
        audit, email_changes, email_verifications,
        outbox::{self, Kind, NewMail},
        password_resets,
        sessions::{self, EndReason},
        users,
    },
};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// What asks for a link.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct Forgot {
    /// The address of the account, where the link goes.
    #[serde(default)]
    #[schema(required = true, value_type = String)]
    pub email: Text,
}

/// What sets a new password.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct Reset {
    /// The token of the link.
    #[serde(default)]
    #[schema(required = true, value_type = String)]
    pub token: Text,
    /// The new password, 8 to 256 characters.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = "password", min_length = 8, max_length = 256)]
    pub password: Text,
}

/// Notes that somebody wants a link to this address. Whether there is such an account is not
/// told, by time neither: nobody looks. The request commits one row whatever the address is, and
/// the mail worker looks later. Nor does anybody ring for the worker: it comes by twice a second,
/// so that not even its load tells which request was the one for an account.
///
/// # Errors
/// `Validation` when there is no address at all; `RateLimited`.
pub async fn forgot(app: &App, forgot: &Forgot) -> Result<()> {
    let email = forgot
        .email
        .required("your email address")
        .map_err(|broken| FieldErrors::one("email", broken))?;
    throttle::check(app, Action::ForgotPassword(email)).await?;
    // What is no address is no account's, as everybody can see.
    let Ok(email) = Email::parse(email) else {
        return Ok(());
    };
    // Refusing it would let strangers keep the owner from recovering: the mailbox has links enough.
    if !throttle::admits(app, Action::SendReset(email.as_str())).await? {
        return Ok(());
    }
    let client = app.db.get().await?;
    let request = password_resets::Request::new(&email, app.clock.now());
    password_resets::request(&client, &request).await
}

/// The name of the account that a link would set a password for. Changes nothing.
///
/// # Errors
/// `InvalidResetToken`
pub async fn inspect(view: View, token: &Text) -> Result<String> {
    let token = Token::presented(token.typed());
    Ok(linked(view, &token).await?.username)
}

/// Sets a new password for the account that the link was sent to. That proves its address, ends
/// every session and every other link, and is told to the owner. It opens no session. Whoever has the
/// mailbox is the owner: the network, and the browser that gets the new secret `device`, are known to the
/// account from then on and no others, and what strangers guessed until then counts no more.
///
/// # Errors
/// `InvalidResetToken`; `Validation` when a field is missing, and when the password breaks a rule,
/// which is only said for a link that works; `RateLimited`.
pub async fn reset(app: &App, reset: &Reset, device: Option<&TokenHash>) -> Result<()> {
    let mut errors = FieldErrors::default();
    let token = errors.take("token", reset.token.required("the token of the link"));
    let typed = errors.take("password", reset.password.required("a password"));
    let (Some(token), Some(typed)) = (token, typed) else {
        return Err(errors.into_error());
    };
    throttle::check(app, Action::ResetPassword).await?;
    let token = Token::presented(token);
    let account = linked(View::of_nobody(app).await?, &token).await?;
    let password = Password::parse(typed, &account.email, &account.username)
        .map_err(|broken| FieldErrors::one("password", broken))?;
    // Before the transaction: nobody's row waits for 20 ms of hashing.
    let password_hash = hashing::hash(app, Standing::Known, &password).await?;
    let now = app.clock.now();
    on_contention(|| set_password(app, &token, &password_hash, device, now)).await?;
    app.mail_owed.notify_one();
    Ok(())
}

async fn linked(view: View, token: &Token) -> Result<password_resets::Linked> {
    password_resets::linked(&*view.db, &token.hash(), view.now, false)
        .await?
        .ok_or(Error::InvalidResetToken)
}

/// The account's row is locked first: who logs in with the old password beside this is either
/// ended here, or sees the new hash and opens nothing.
async fn set_password(
    app: &App,
    token: &Token,
    password_hash: &str,
    device: Option<&TokenHash>,
    now: OffsetDateTime,
) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let password_resets::Linked { user_id, email, .. } =
        password_resets::linked(&tx, &token.hash(), now, true)
            .await?
            .ok_or(Error::InvalidResetToken)?;
    password_resets::mark_used(&tx, &token.hash(), now).await?;
    users::reset_password(&tx, user_id, password_hash, now).await?;
    email_verifications::delete_unused(&tx, user_id).await?;
    sessions::end_all(&tx, user_id, None, EndReason::PasswordChanged, now).await?;
    email_changes::cancel(&tx, user_id).await?;
    throttle::only_here(&tx, app, user_id, &email, device).await?;
    throttle::forgive(&tx, app, &email).await?;
    let event = audit::Event::PasswordReset;
    audit::append(&tx, user_id, None, event, None, now).await?;
    outbox::owe(&tx, &NewMail::notice(user_id, Kind::PasswordReset, now)).await?;
    database::commit(tx).await
}
