//! "This was not me": putting an old address back after somebody changed it.

use super::{
    accounts,
    cache::{self, Change},
    retry::on_contention,
    verification::Verification,
    verification::presented,
    views::View,
};
use crate::{
    App, Error, Result,
    domain::Token,
    storage::{
        self, audit, email_changes, email_restorations, email_verifications,
        outbox::{self, Kind, NewMail},
        sessions::{self, EndReason},
        users,
    },
};

/// What a link puts back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restorable {
    /// The account's handle.
    pub username: String,
    /// The address that is put back.
    pub email: String,
}

/// What a link would do. Changes nothing.
///
/// # Errors
/// `InvalidVerificationToken`
pub async fn inspect(view: View, link: &Verification) -> Result<Restorable> {
    let token = presented(link)?;
    let found = email_restorations::by_link(&*view.db, &token.hash(), view.now, false).await?;
    let found = found.ok_or(Error::InvalidVerificationToken)?;
    Ok(Restorable {
        username: found.username,
        email: found.email,
    })
}

/// Puts the address back, ends every session, and starts a reset. Whoever changed the address knew
/// the password: it stops working, and only a link to the address that was put back sets another.
///
/// # Errors
/// `InvalidVerificationToken`; `EmailTaken` when another account proved the address meanwhile.
pub async fn restore(app: &App, link: &Verification) -> Result<()> {
    let token = presented(link)?;
    inspect(View::of_nobody(app).await?, link).await?;
    // Before the transaction: nobody's row waits for 20 ms of hashing.
    let nobodys = Token::random().map_err(Error::internal)?;
    let hash = app.passwords.rehash(nobodys.expose()).await?;
    on_contention(|| put_back(app, &token, &hash)).await?;
    app.mail_owed.notify_one();
    Ok(())
}

async fn put_back(app: &App, token: &Token, password_hash: &str) -> Result<()> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = storage::begin(&mut client).await?;
    let found = email_restorations::by_link(&tx, &token.hash(), now, true)
        .await?
        .ok_or(Error::InvalidVerificationToken)?;
    let user_id = found.user_id;
    let mut changes = vec![Change::Person(user_id)];
    if app.config.require_verified_email {
        // Nobody keeps the address from its owner by registering with it and never proving it.
        if let Some(squatter) = users::unverified(&tx, &found.email, true).await?
            && squatter != user_id
        {
            changes.extend(accounts::let_go(&tx, squatter, now).await?);
        }
    }
    users::set_email(&tx, user_id, &found.email, now).await?;
    users::reset_password(&tx, user_id, password_hash, now).await?;
    email_restorations::delete_since(&tx, user_id, found.created_at).await?;
    email_changes::cancel(&tx, user_id).await?;
    email_verifications::delete_unused(&tx, user_id).await?;
    sessions::end_all(&tx, user_id, None, EndReason::EmailRestored, now).await?;
    audit::append(&tx, user_id, None, audit::Event::EmailRestored, None, now).await?;
    outbox::owe(&tx, &NewMail::new(user_id, Kind::ResetPassword, now)).await?;
    cache::commit(app, tx, &changes).await
}
