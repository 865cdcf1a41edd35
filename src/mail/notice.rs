//! Notices: what happened to an account, when and from where, and what to do if it was not you.

use super::{
    Name,
    links::{link, site},
    messages::Words,
};
use crate::{
    App, Error,
    domain::when,
    error::Cause,
    storage::outbox::{Kind, Owed},
};
use askama::Template;

#[derive(Template)]
#[template(path = "emails/notice.txt")]
struct Text<'a>(&'a Notice<'a>);

#[derive(Template)]
#[template(path = "emails/notice.html")]
struct Html<'a>(&'a Notice<'a>);

struct Notice<'a> {
    subject: &'static str,
    what: String,
    username: Name,
    site: String,
    when: String,
    device: &'a str,
    network: &'a str,
    /// Where a new password is set, which ends every session.
    reset: String,
    /// Whether that undoes what was done, too.
    calls_off: bool,
    /// Where the address that this mail goes to is put back, if another took its place.
    restore: Option<String>,
    /// Whether this mail goes to an address that was replaced by the one before it.
    is_replaced: bool,
}

/// The words of a notice.
pub(super) fn write(app: &App, owed: &Owed, kind: Kind) -> Result<Words, Cause> {
    let (subject, what) = said(owed, kind)?;
    let notice = Notice {
        subject,
        what,
        username: Name::of(&owed.username),
        site: site(&app.config.public_url),
        when: when::moment(owed.created_at),
        device: owed.says("device").unwrap_or("unknown"),
        network: owed.says("network").unwrap_or("unknown"),
        reset: format!("{}/forgot-password", app.config.public_url),
        calls_off: kind == Kind::EmailChangeRequested,
        restore: restore(app, owed)?,
        is_replaced: kind == Kind::EmailRestored,
    };
    Ok(Words::of(subject, &Text(&notice), &Html(&notice))?)
}

/// The way back, for an address that is no longer the account's.
fn restore(app: &App, owed: &Owed) -> Result<Option<String>, Error> {
    if owed.kind != Kind::EmailChanged || owed.recipient.is_none() {
        return Ok(None);
    }
    let token = app.keys.secrets().mail_token(owed.id)?;
    Ok(Some(link(app, "/settings/email/restore", &token)))
}

fn said(owed: &Owed, kind: Kind) -> Result<(&'static str, String), Error> {
    let said = match kind {
        // Not which: the mailbox may be read by others, and whoever asked knows the address.
        Kind::EmailChangeRequested => (
            "Another email address was asked for",
            "somebody asked for your account to get another email address. It changes once the \
             link is opened that we sent there."
                .to_owned(),
        ),
        Kind::EmailChanged => (
            "Your email address was changed",
            "your account has another email address from now on.".to_owned(),
        ),
        Kind::EmailRestored => (
            "Your old email address was put back",
            "the address that your account had before is its address again. Somebody opened the \
             link that we sent there and asked for it. All sessions were ended, and the password \
             stopped working."
                .to_owned(),
        ),
        Kind::PasswordChanged => (
            "Your password was changed",
            "the password of your account was changed. All other sessions were ended.".to_owned(),
        ),
        Kind::PasswordReset => (
            "Your password was reset",
            "a new password was set for your account. All sessions were ended.".to_owned(),
        ),
        Kind::UsernameChanged => (
            "Your username was changed",
            format!(
                "your username is {} from now on. It was {} before.",
                Name::of(owed.says("new").unwrap_or(&owed.username)),
                Name::of(owed.says("old").unwrap_or("another one")),
            ),
        ),
        Kind::NewDevice => (
            "New log-in to your account",
            "somebody logged in to your account from a device or a network that is new to it."
                .to_owned(),
        ),
        Kind::SessionStolen => (
            "A session of your account was ended",
            "a copy of one of your sessions was used. We ended that session to be safe.".to_owned(),
        ),
        Kind::DeletionCancelled => (
            "Your account is kept",
            "you logged in, so your account will not be deleted. Everything in it is as it was."
                .to_owned(),
        ),
        Kind::VerifyEmail
        | Kind::ResetPassword
        | Kind::ConfirmEmail
        | Kind::KeepEmail
        | Kind::ExportReady
        | Kind::DeletionRequested => {
            return Err(Error::internal("this mail is no notice"));
        }
    };
    Ok(said)
}
