//! Which letter a mail owed is: its words, and the link in it made good.

use super::{
    leaving,
    links::{link, site},
    messages::{self, Words},
    notice,
};
use crate::{
    App, Error,
    domain::{Token, when},
    error::Cause,
    storage::{
        email_changes, email_restorations, email_verifications,
        outbox::{Kind, Owed},
        password_resets, quiet_mailboxes, users,
    },
};
use time::Duration;

/// How long the link that proves an address works, counted from the attempt that sends it.
pub const LINK_LIFETIME: Duration = Duration::hours(24);

/// How long the link that sets a new password works, counted likewise.
pub const RESET_LIFETIME: Duration = Duration::hours(1);

/// The words of a mail; none when nobody needs it any more, or its mailbox wants to be left alone.
pub async fn write(app: &App, owed: &Owed) -> Result<Option<Words>, Cause> {
    let words = match owed.kind {
        Kind::VerifyEmail => verify_email(app, owed).await?,
        Kind::ResetPassword => reset_password(app, owed).await?,
        Kind::ConfirmEmail => confirm_email(app, owed).await?,
        Kind::KeepEmail => keep_email(app, owed).await?,
        Kind::ExportReady => Some(leaving::export_ready(app, owed)?),
        Kind::DeletionRequested => Some(leaving::deletion_requested(app, owed)?),
        kind => Some(notice::write(app, owed, kind)?),
    };
    // Only now: the account lapses with its link, which is stored by then and told nobody.
    let is_unwanted = is_unproven(owed) && is_quiet(app, owed.to()).await?;
    Ok(words.filter(|_| !is_unwanted))
}

/// Whether a mail goes to an address that never proved that it wants to hear from us.
fn is_unproven(owed: &Owed) -> bool {
    match owed.kind {
        Kind::VerifyEmail | Kind::ConfirmEmail => true,
        Kind::ResetPassword => !owed.email_verified,
        _ => false,
    }
}

async fn is_quiet(app: &App, email: &str) -> Result<bool, Error> {
    let key = app.keys.secrets().mailbox_key(email);
    let db = app.db.get().await?;
    let until = quiet_mailboxes::quiet_until(&db, &key, app.clock.now()).await?;
    Ok(until.is_some())
}

async fn verify_email(app: &App, owed: &Owed) -> Result<Option<Words>, Cause> {
    if owed.email_verified {
        return Ok(None);
    }
    let token = app.keys.secrets().mail_token(owed.id)?;
    match issue(app, owed, &token).await {
        Err(Error::UserNotFound) => return Ok(None),
        issued => issued?,
    }
    let (site, link) = (site(&app.config.public_url), link(app, "/verify", &token));
    Ok(Some(messages::verify_email(&owed.username, &site, &link)?))
}

/// The link works already: it was committed with the mail. Who has an account with the new address
/// is told so instead, which nobody else gets to know.
async fn confirm_email(app: &App, owed: &Owed) -> Result<Option<Words>, Cause> {
    let token = app.keys.secrets().mail_token(owed.id)?;
    let db = app.db.get().await?;
    let waiting = email_changes::by_link(&db, &token.hash(), app.clock.now(), false).await?;
    let Some(waiting) = waiting else {
        return Ok(None);
    };
    let (username, public_url) = (&owed.username, &app.config.public_url);
    let site = site(public_url);
    if users::is_email_of_another(&db, owed.user_id, &waiting.email).await? {
        let settings = format!("{public_url}/settings/email");
        return Ok(Some(messages::email_in_use(username, &site, &settings)?));
    }
    let link = link(app, "/settings/email/confirm", &token);
    Ok(Some(messages::confirm_email(username, &site, &link)?))
}

/// The link works already: it was committed with the mail. Nobody needs it when the way back has ended
/// or was gone, or when the account has yet another address.
async fn keep_email(app: &App, owed: &Owed) -> Result<Option<Words>, Cause> {
    let token = app.keys.secrets().mail_token(owed.id)?;
    let db = app.db.get().await?;
    let now = app.clock.now();
    let way_back = email_restorations::by_keep_link(&db, &token.hash(), now, false).await?;
    let Some(way_back) = way_back.filter(|it| it.present_email == owed.to()) else {
        return Ok(None);
    };
    let link = link(app, "/settings/email/keep", &token);
    let until = when::moment(way_back.expires_at);
    let site = site(&app.config.public_url);
    Ok(Some(messages::keep_email(
        &owed.username,
        &site,
        &link,
        &until,
    )?))
}

/// Commits the link: it works before anybody can have it.
async fn issue(app: &App, owed: &Owed, token: &Token) -> Result<(), Error> {
    let db = app.db.get().await?;
    let now = app.clock.now();
    let until = now + LINK_LIFETIME;
    email_verifications::issue(&db, &token.hash(), owed.user_id, owed.to(), until, now)
        .await
        .map_err(|error| {
            error.on_constraint("email_verifications_user_id_fkey", Error::UserNotFound)
        })
}

async fn reset_password(app: &App, owed: &Owed) -> Result<Option<Words>, Cause> {
    let token = app.keys.secrets().mail_token(owed.id)?;
    let now = app.clock.now();
    let until = now + RESET_LIFETIME;
    let db = app.db.get().await?;
    let issued =
        password_resets::issue(&db, &token.hash(), owed.user_id, owed.to(), until, now).await;
    drop(db);
    let gone =
        |error: Error| error.on_constraint("password_resets_user_id_fkey", Error::UserNotFound);
    match issued.map_err(gone) {
        Ok(true) => {}
        Ok(false) | Err(Error::UserNotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let site = site(&app.config.public_url);
    let link = link(app, "/reset-password", &token);
    Ok(Some(messages::reset_password(
        &owed.username,
        &site,
        &link,
    )?))
}
