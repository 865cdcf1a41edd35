//! Mails about leaving: the copy of everything is ready, the account is to be deleted.

use super::{Name, links::site, messages::Words};
use crate::{
    App, Error,
    domain::when,
    error::Cause,
    storage::{exports, outbox::Owed},
};
use askama::Template;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

#[derive(Template)]
#[template(path = "emails/export_ready.txt")]
struct ExportText<'a>(&'a Export);

#[derive(Template)]
#[template(path = "emails/export_ready.html")]
struct ExportHtml<'a>(&'a Export);

struct Export {
    subject: &'static str,
    username: Name,
    site: String,
    /// The page that has it: only for the owner, signed in.
    link: String,
    until: String,
    reset: String,
}

/// Says where the copy is. The link opens nothing by itself.
pub(super) fn export_ready(app: &App, owed: &Owed) -> Result<Words, Cause> {
    let url = &app.config.public_url;
    let export = Export {
        subject: "The copy of your data is ready",
        username: Name::of(&owed.username),
        site: site(url),
        link: format!("{url}/settings/export"),
        until: when::moment(owed.created_at + exports::LIFETIME),
        reset: format!("{url}/forgot-password"),
    };
    let (text, html) = (ExportText(&export), ExportHtml(&export));
    Ok(Words::of(export.subject, &text, &html)?)
}

#[derive(Template)]
#[template(path = "emails/deletion_requested.txt")]
struct DeletionText<'a>(&'a Deletion<'a>);

#[derive(Template)]
#[template(path = "emails/deletion_requested.html")]
struct DeletionHtml<'a>(&'a Deletion<'a>);

struct Deletion<'a> {
    subject: &'static str,
    username: Name,
    site: String,
    until: String,
    log_in: String,
    device: &'a str,
    network: &'a str,
    reset: String,
}

/// Says until when a log-in keeps the account.
pub(super) fn deletion_requested(app: &App, owed: &Owed) -> Result<Words, Cause> {
    let url = &app.config.public_url;
    let until = owed.says("until").unwrap_or_default();
    let until = OffsetDateTime::parse(until, &Rfc3339).map_err(Error::internal)?;
    let deletion = Deletion {
        subject: "Your account will be deleted",
        username: Name::of(&owed.username),
        site: site(url),
        until: when::moment(until),
        log_in: format!("{url}/login"),
        device: owed.says("device").unwrap_or("unknown"),
        network: owed.says("network").unwrap_or("unknown"),
        reset: format!("{url}/forgot-password"),
    };
    let (text, html) = (DeletionText(&deletion), DeletionHtml(&deletion));
    Ok(Words::of(deletion.subject, &text, &html)?)
}
