//! Changing one's username, and what becomes of the old one.

use super::{
    accounts,
    cache::{self, Change},
    reauthentication,
    retry::on_contention,
    sessions,
    throttle::{self, Action},
    view::View,
};
use crate::{
    App, Error, Result, database,
    domain::{Text, Username, username, when},
    error::{Broken, FieldErrors},
    storage::{
        Who, audit, held_usernames,
        outbox::{self, Kind, NewMail},
        users, web_sessions,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a new name lasts at least.
const LASTS: Duration = Duration::days(30);
/// How long an old name leads to the new one, and is kept from others.
pub const HELD_FOR: Duration = Duration::days(90);

/// What a person sends to change their username, and gets.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
pub struct UsernameChange {
    /// The handle, 3 to 30 of `a-z A-Z 0-9 _ .`.
    #[serde(default)]
    #[schema(required = true, value_type = String, min_length = 3, max_length = 30)]
    pub username: Text,
}

/// The username that an account has now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Renamed {
    /// The handle.
    pub username: String,
}

/// Changes the username, once in 30 days. For 90 days the old one leads to the new one and nobody
/// else gets it. Another case of the same letters is the same name: it may change at any time.
///
/// # Errors
/// `ReauthenticationRequired`; `Validation`, with the code `too_soon` and the day when it is time;
/// `UsernameTaken`, also while the name is kept for another; `RateLimited`; `Unauthenticated` when the session
/// has ended meanwhile, or the account is gone.
pub async fn change(
    app: &App,
    user_id: Uuid,
    session_id: Uuid,
    form: &UsernameChange,
) -> Result<Renamed> {
    reauthentication::require_recent(app, session_id).await?;
    let username = form.username.required("a username");
    let username = username
        .and_then(Username::parse)
        .map_err(|broken| FieldErrors::one("username", broken))?;
    throttle::check(app, Action::ChangeUsername(user_id)).await?;
    on_contention(|| rename(app, user_id, session_id, &username)).await?;
    app.mail_owed.notify_one();
    Ok(Renamed {
        username: username.as_str().to_owned(),
    })
}

async fn rename(app: &App, user_id: Uuid, session_id: Uuid, new: &Username) -> Result<()> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let named = users::named(&tx, Who::Account(user_id), true)
        .await?
        .ok_or(Error::Unauthenticated)?;
    sessions::hold(&tx, session_id).await?;
    let (old, new) = (named.username.as_str(), new.as_str());
    if old == new {
        return Ok(());
    }
    let mut changes = vec![
        Change::Person(user_id),
        Change::name(old),
        Change::name(new),
    ];
    if old.eq_ignore_ascii_case(new) {
        users::set_username(&tx, user_id, new, named.changed_at, now).await?;
    } else {
        if let Some(from) = changeable_from(named.changed_at).filter(|from| *from > now) {
            return Err(too_soon(from));
        }
        changes.extend(accounts::let_go_lapsed(app, &tx, None, Some(new), now).await?);
        users::set_username(&tx, user_id, new, Some(now), now).await?;
        // After the name is ours: see there.
        if held_usernames::is_held_from(&tx, new, user_id, now).await? {
            return Err(Error::UsernameTaken);
        }
        held_usernames::hold(&tx, old, Some(user_id), now + HELD_FOR).await?;
    }
    web_sessions::rename(&tx, user_id, new).await?;
    let mail = NewMail::notice(user_id, Kind::UsernameChanged, now);
    outbox::owe(&tx, &mail.saying(json!({"old": old, "new": new}))).await?;
    let detail = format!("from {old} to {new}");
    let event = audit::Event::UsernameChanged;
    audit::append(&tx, user_id, Some(session_id), event, Some(&detail), now).await?;
    cache::commit(app, tx, &changes).await
}

fn changeable_from(changed_at: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
    changed_at.map(|at| at + LASTS)
}

fn too_soon(from: OffsetDateTime) -> Error {
    let message = format!("You can change your username again on {}", when::day(from));
    FieldErrors::one("username", Broken::new("too_soon", message))
}

/// When who is looking may change their username again; none when they may now.
///
/// # Errors
/// `Unauthenticated` when the account is gone.
pub async fn waits_until(view: View) -> Result<Option<OffsetDateTime>> {
    let named = users::named(&*view.db, view.who, false).await?;
    let from = changeable_from(named.ok_or(Error::Unauthenticated)?.changed_at);
    Ok(from.filter(|from| *from > view.now))
}

/// The present name of whoever gave this name up in the last 90 days, and did not delete the
/// account.
pub async fn successor(app: &App, name: &str) -> Result<Option<String>> {
    if !username::has_valid_characters(name) {
        return Ok(None);
    }
    let client = app.db.get().await?;
    held_usernames::successor(&client, name, app.clock.now()).await
}
