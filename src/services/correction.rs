//! Correcting a mistyped address before it is proven.

use super::{
    accounts,
    cache::{self, Change},
    retry::on_contention,
    throttle::{self, Action},
    unproven_mail,
};
use crate::{
    App, Result, database,
    domain::{Email, Text},
    error::{Broken, FieldErrors},
    storage::{email_verifications, outbox, users},
};
use serde::Deserialize;
use uuid::Uuid;

/// What corrects an address.
#[derive(Debug, Default, Clone, Deserialize)]
pub struct Correction {
    /// The right address.
    #[serde(default)]
    pub email: Text,
}

/// Gives an account whose address is not proven another one, and owes the link to it. Links to
/// the old address end. The caller has made sure that whoever asks is who registered.
///
/// # Errors
/// `Validation`, also when it is too late: the address is proven, or the account is gone.
/// `EmailTaken`, `RateLimited`.
pub async fn correct(app: &App, user_id: Uuid, correction: &Correction) -> Result<Email> {
    let email = correction
        .email
        .required("your email address")
        .and_then(Email::parse)
        .map_err(|broken| FieldErrors::one("email", broken))?;
    // It finds out which addresses are taken, and sends mails, as registering does.
    throttle::check(app, Action::Register).await?;
    on_contention(|| replace(app, user_id, &email)).await?;
    app.mail_owed.notify_one();
    Ok(email)
}

async fn replace(app: &App, user_id: Uuid, email: &Email) -> Result<()> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let mut changes = accounts::let_go_lapsed(app, &tx, Some(email.as_str()), None, now).await?;
    changes.push(Change::Person(user_id));
    if !users::correct_email(&tx, user_id, email, now).await? {
        let too_late = "This address can't be changed here any more. Try to log in";
        return Err(FieldErrors::one("email", Broken::new("too_late", too_late)));
    }
    unproven_mail::take(&tx, app, email.as_str()).await?;
    email_verifications::delete_unused(&tx, user_id).await?;
    let mail = outbox::NewMail::new(user_id, outbox::Kind::VerifyEmail, now);
    outbox::owe(&tx, &mail).await?;
    cache::commit(app, tx, &changes).await
}
