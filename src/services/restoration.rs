//! "This was not me": putting an old address back after somebody changed it, and "Keep this address",
//! which ends that.

use super::{
    accounts,
    cache::{self, Change},
    hashing,
    retry::on_contention,
    verification::{Verification, presented},
    view::View,
};
use crate::{
    App, Error, Result,
    crypto::passwords::Standing,
    database,
    domain::Token,
    storage::{
        audit, email_changes, email_restorations, email_verifications, known_devices,
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

/// An address that can be kept for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keepable {
    /// The account's handle.
    pub username: String,
    /// The address that it has now.
    pub email: String,
}

/// What a link to the new address would keep. Changes nothing.
///
/// # Errors
/// `InvalidVerificationToken`
pub async fn inspect_keeping(view: View, link: &Verification) -> Result<Keepable> {
    let token = presented(link)?;
    let found = email_restorations::by_keep_link(&*view.db, &token.hash(), view.now, false).await?;
    let found = found.ok_or(Error::InvalidVerificationToken)?;
    Ok(Keepable {
        username: found.username,
        email: found.present_email,
    })
}

/// Ends the way back to the address before, and to all before that.
///
/// # Errors
/// `InvalidVerificationToken`, also when the address was put back or kept already.
pub async fn keep(app: &App, link: &Verification) -> Result<()> {
    let token = presented(link)?;
    on_contention(|| end_way_back(app, &token)).await
}

async fn end_way_back(app: &App, token: &Token) -> Result<()> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let found = email_restorations::by_keep_link(&tx, &token.hash(), now, true)
        .await?
        .ok_or(Error::InvalidVerificationToken)?;
    email_restorations::delete_until(&tx, found.user_id, found.created_at).await?;
    let event = audit::Event::EmailKept;
    audit::append(&tx, found.user_id, None, event, None, now).await?;
    database::commit(tx).await
}

/// Puts the address back, ends every session, and starts a reset. Whoever changed the address knew
/// the password: it stops working, and only a link to the address that was put back sets another. The
/// address that is replaced is told.
///
/// # Errors
/// `InvalidVerificationToken`; `EmailTaken` when another account proved the address meanwhile.
pub async fn restore(app: &App, link: &Verification) -> Result<()> {
    let token = presented(link)?;
    inspect(View::of_nobody(app).await?, link).await?;
    // Before the transaction: nobody's row waits for 20 ms of hashing.
    let nobodys = Token::random().map_err(Error::internal)?;
    let hash = hashing::rehash(app, Standing::Known, nobodys.expose()).await?;
    on_contention(|| put_back(app, &token, &hash)).await?;
    app.mail_owed.notify_one();
    Ok(())
}

async fn put_back(app: &App, token: &Token, password_hash: &str) -> Result<()> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
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
    known_devices::forget_all(&tx, user_id).await?;
    email_restorations::delete_since(&tx, user_id, found.created_at).await?;
    email_changes::cancel(&tx, user_id).await?;
    email_verifications::delete_unused(&tx, user_id).await?;
    sessions::end_all(&tx, user_id, None, EndReason::EmailRestored, now).await?;
    audit::append(&tx, user_id, None, audit::Event::EmailRestored, None, now).await?;
    outbox::owe(&tx, &NewMail::new(user_id, Kind::ResetPassword, now)).await?;
    let told = NewMail::notice(user_id, Kind::EmailRestored, now).to(&found.present_email);
    outbox::owe(&tx, &told).await?;
    cache::commit(app, tx, &changes).await
}
