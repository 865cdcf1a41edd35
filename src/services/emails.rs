//! Changing one's e-mail address: the new one proves itself first, then the old one is told.

use super::{
    accounts,
    cache::{self, Change},
    reauthentication,
    retry::on_contention,
    sessions,
    throttle::{self, Action},
    unproven_mail,
    verification::{Verification, presented},
    view::View,
};
use crate::{
    App, Error, Result, database,
    domain::{Email, Text, Token},
    error::{Broken, FieldErrors},
    services::people,
    storage::{
        audit, email_changes, email_restorations, email_verifications,
        outbox::{self, Kind, NewMail},
        users,
    },
};
use serde::Deserialize;
use time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long the link works that the new address is sent, from the request on.
const LINK_LIFETIME: Duration = Duration::hours(24);
/// How long the old address can undo the change.
const RESTORABLE: Duration = Duration::hours(72);
/// How long after the change the new address is asked whether it is to be kept, which ends that.
const ASKED_AFTER: Duration = Duration::hours(24);

/// What a person sends to change their address.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct EmailChange {
    /// The new address, at most 254 characters.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = "email", max_length = 254)]
    pub email: Text,
}

/// A change that waits for the new address to prove itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The account's handle.
    pub username: String,
    /// The new address.
    pub email: String,
}

impl From<email_changes::Waiting> for Waiting {
    fn from(waiting: email_changes::Waiting) -> Self {
        Self {
            username: waiting.username,
            email: waiting.email,
        }
    }
}

/// Owes the new address the link that proves it, and the present one a notice; the change before
/// that waits no more. Whether somebody has the new address is neither looked up nor told: the mail
/// says it to who reads it.
///
/// # Errors
/// `ReauthenticationRequired`, `Validation`, `RateLimited`, `MailboxQuiet`, `Unauthenticated` when the
/// session has ended meanwhile or the account is gone.
pub async fn request(app: &App, user_id: Uuid, session_id: Uuid, form: &EmailChange) -> Result<()> {
    reauthentication::require_recent(app, session_id).await?;
    let email = form.email.required("your new email address");
    let email = email
        .and_then(Email::parse)
        .map_err(|broken| FieldErrors::one("email", broken))?;
    throttle::check(app, Action::ChangeEmail(user_id, email.as_str())).await?;
    let account = reauthentication::account(app, user_id).await?;
    if account.email == email.as_str() {
        let broken = Broken::new("unchanged", "This is your email address already");
        return Err(FieldErrors::one("email", broken));
    }
    unproven_mail::check(app, email.as_str()).await?;
    let now = app.clock.now();
    let mail = NewMail::new(user_id, Kind::ConfirmEmail, now).to(email.as_str());
    let change = email_changes::NewChange {
        user_id,
        session_id,
        email: email.as_str(),
        token_hash: app.keys.secrets().mail_token(mail.id)?.hash(),
        expires_at: now + LINK_LIFETIME,
        now,
    };
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    sessions::hold(&tx, session_id).await?;
    let gone =
        |error: Error| error.on_constraint("email_changes_user_id_fkey", Error::Unauthenticated);
    email_changes::replace(&tx, &change).await.map_err(gone)?;
    outbox::owe(&tx, &mail).await?;
    // An address that never proved itself may be a stranger's.
    if account.email_verified {
        let notice = NewMail::notice(user_id, Kind::EmailChangeRequested, now).to(&account.email);
        outbox::owe(&tx, &notice).await?;
    }
    let event = audit::Event::EmailChangeRequested;
    audit::append(&tx, user_id, Some(session_id), event, None, now).await?;
    database::commit(tx).await?;
    app.mail_owed.notify_one();
    Ok(())
}

/// The change that waits for the account of who is looking.
pub async fn waiting(view: View) -> Result<Option<Waiting>> {
    let found = email_changes::of(&*view.db, view.who, view.now).await?;
    Ok(found.map(Waiting::from))
}

/// The address that the account of who is looking has, and the change that waits.
///
/// # Errors
/// `Unauthenticated` when the account is gone.
pub async fn addresses(view: View) -> Result<(String, Option<Waiting>)> {
    let own = people::of_viewer(view.clone());
    // Not `try_join`: who is not signed in after all would leave a statement without its answer.
    let (own, waiting) = tokio::join!(own, waiting(view));
    Ok((own?.email, waiting?))
}

/// Forgets the change that waits for an account; its link works no more.
///
/// # Errors
/// `Unauthenticated` when the session has ended.
pub async fn cancel(app: &App, user_id: Uuid, session_id: Uuid) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    sessions::hold(&tx, session_id).await?;
    email_changes::cancel(&tx, user_id).await?;
    database::commit(tx).await
}

/// What a link would do. Changes nothing.
///
/// # Errors
/// `InvalidVerificationToken`
pub async fn inspect(view: View, link: &Verification) -> Result<Waiting> {
    let token = presented(link)?;
    let found = email_changes::by_link(&*view.db, &token.hash(), view.now, false).await?;
    found
        .map(Waiting::from)
        .ok_or(Error::InvalidVerificationToken)
}

/// The new address proved itself: it takes the place of the old one. Both are told, and the old
/// one gets a link that undoes the change. A day later the new one gets a link that ends this way back.
///
/// # Errors
/// `InvalidVerificationToken`, `EmailTaken`.
pub async fn confirm(app: &App, link: &Verification) -> Result<()> {
    let token = presented(link)?;
    on_contention(|| change(app, &token)).await?;
    app.mail_owed.notify_one();
    Ok(())
}

async fn change(app: &App, token: &Token) -> Result<()> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let waiting = email_changes::by_link(&tx, &token.hash(), now, true)
        .await?
        .ok_or(Error::InvalidVerificationToken)?;
    let user_id = waiting.user_id;
    let mut changes = accounts::let_go_lapsed(app, &tx, Some(&waiting.email), None, now).await?;
    changes.push(Change::Person(user_id));
    users::set_email(&tx, user_id, &waiting.email, now).await?;
    email_changes::cancel(&tx, user_id).await?;
    email_verifications::delete_unused(&tx, user_id).await?;
    outbox::owe(&tx, &NewMail::notice(user_id, Kind::EmailChanged, now)).await?;
    // An address that never proved itself may be a stranger's, who must not get the account.
    if waiting.is_old_proven {
        let told = NewMail::notice(user_id, Kind::EmailChanged, now).to(&waiting.old_email);
        let asked = NewMail::new(user_id, Kind::KeepEmail, now)
            .to(&waiting.email)
            .later(ASKED_AFTER, app.clock.passed());
        let token_hash = |mail: &NewMail<'_>| {
            let token = app.keys.secrets().mail_token(mail.id)?;
            Ok::<_, Error>(token.hash())
        };
        let restoration = email_restorations::NewRestoration {
            user_id,
            token_hash: token_hash(&told)?,
            keep_token_hash: token_hash(&asked)?,
            email: &waiting.old_email,
            expires_at: now + RESTORABLE,
            now,
        };
        email_restorations::issue(&tx, &restoration).await?;
        outbox::owe(&tx, &told).await?;
        outbox::owe(&tx, &asked).await?;
    }
    audit::append(&tx, user_id, None, audit::Event::EmailChanged, None, now).await?;
    cache::commit(app, tx, &changes).await
}
