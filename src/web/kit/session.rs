//! The session of a browser: opened at log-in, as long as the access token in it, then renewed
//! from the refresh token without the person noticing. Who never logged in has none.

use super::cookie;
use crate::{
    App, Error, Result,
    config::Secret,
    crypto::keys::ACCESS_TOKEN_LIFETIME,
    domain::Token,
    http::cookies,
    services::{
        freshness::Freshness,
        people, reauthentication,
        sessions::{self, LoggedIn},
        throttle::{self, DEVICE_KNOWN_FOR},
        view::{Live, View},
    },
};
use poem::{Request, Response};
use serde::de::DeserializeOwned;
use std::sync::{Arc, OnceLock};
use tower_sessions::{
    Expiry, Session, SessionStore,
    session::{Id, Record},
};
use uuid::Uuid;

const COOKIE: &str = "session";
/// Whose session it is; the store wants this key and the next in every record.
const USER_ID: &str = "user_id";
/// Which log-in it belongs to.
const SESSION_ID: &str = "session_id";
/// The name in the header of every page; a change of it is written into every record.
const USERNAME: &str = "username";
/// What the pages show to other services, sealed. It never reaches a script.
const ACCESS_TOKEN: &str = "access_token";

/// The person that is looking at a page.
#[derive(Debug, Clone)]
pub(in crate::web) struct Viewer {
    pub(in crate::web) user_id: Uuid,
    pub(in crate::web) session_id: Uuid,
    pub(in crate::web) username: String,
    pub(in crate::web) access_token: Secret,
    /// Whether the password was entered lately.
    pub(in crate::web) is_recent: bool,
}

impl Viewer {
    fn of(app: &App, session: &Live) -> Option<Self> {
        let record = &session.record;
        let session_id = value(record, SESSION_ID)?;
        let sealed: String = value(record, ACCESS_TOKEN)?;
        let token = app
            .keys
            .secrets()
            .cookies()
            .open(&context(session_id), &sealed)?;
        Some(Self {
            user_id: value(record, USER_ID)?,
            session_id,
            username: value(record, USERNAME)?,
            access_token: Secret(String::from_utf8(token).ok()?),
            is_recent: reauthentication::is_recent(app, session.authenticated_at),
        })
    }
}

/// What a stored access token is sealed for: a leaked table holds none that could be used.
fn context(session_id: Uuid) -> Vec<u8> {
    [b"access token ", &session_id.as_bytes()[..]].concat()
}

fn value<T: DeserializeOwned>(record: &Record, key: &str) -> Option<T> {
    serde_json::from_value(record.data.get(key)?.clone()).ok()
}

/// What a request changes in the browser's cookies. Kept beside the request and written onto
/// whatever answer it gets, an error too: a refresh token that was spent and whose successor was
/// lost would look stolen.
#[derive(Clone, Default)]
pub(in crate::web) struct Changes(Arc<Cookies>);

#[derive(Default)]
struct Cookies {
    session: OnceLock<Id>,
    refresh_token: OnceLock<(Token, Uuid)>,
    device: OnceLock<Token>,
    /// Whether the first two are taken away, whatever became of them before.
    signed_out: OnceLock<()>,
}

impl Changes {
    fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    fn sign_out(&self) {
        self.0.signed_out.set(()).ok();
    }

    /// Writes the cookies onto an answer.
    pub(in crate::web) fn apply(&self, response: &mut Response, app: &App) {
        if self.0.signed_out.get().is_some() {
            cookie::clear(response, app, COOKIE);
            cookies::clear(response, app, cookies::REFRESH_TOKEN);
            cookies::clear_log_in(response, app);
        } else {
            if let Some(id) = self.0.session.get() {
                cookie::set(response, app, COOKIE, &id.to_string(), None);
            }
            if let Some((token, session_id)) = self.0.refresh_token.get() {
                cookies::set_refresh_token(response, app, token);
                cookies::set_log_in(response, app, *session_id);
            }
        }
        if let Some(token) = self.0.device.get() {
            let age = DEVICE_KNOWN_FOR.whole_seconds();
            cookie::set(response, app, cookies::DEVICE, token.expose(), Some(age));
        }
    }
}

fn id(app: &App, request: &Request) -> Option<Id> {
    cookie::all(request, app, COOKIE).find_map(|id| id.parse().ok())
}

/// Who is signed in, and what `read` gives for them: whom the session names, in one round trip to
/// the database, else whom the refresh token opens a new session for.
pub(in crate::web) async fn view<T, F>(
    app: &App,
    request: &Request,
    read: impl Fn(View) -> F,
) -> Result<Option<(Viewer, Result<T>)>>
where
    F: Future<Output = Result<T>>,
{
    // Boxed, like what follows: it is part of the future of every page, for who is signed out too.
    if let Some(id) = id(app, request)
        && let Some(seen) = Box::pin(look(app, &id, &read)).await?
    {
        return Ok(Some(seen));
    }
    let presented = cookies::refresh_tokens(request);
    if presented.is_empty() {
        return Ok(None);
    }
    match Box::pin(renew(app, request, &presented)).await? {
        Some(id) => Box::pin(look(app, &id, &read)).await,
        None => Ok(None),
    }
}

async fn look<T, F>(
    app: &App,
    id: &Id,
    read: impl Fn(View) -> F,
) -> Result<Option<(Viewer, Result<T>)>>
where
    F: Future<Output = Result<T>>,
{
    let seen = View::of_session(app, id, read).await?;
    Ok(seen.and_then(|(session, shown)| Some((Viewer::of(app, &session)?, shown))))
}

/// The store is asked itself: to `Session`, one that ran out is suspicious and worth a warning.
async fn load(app: &App, request: &Request) -> Result<Option<Record>> {
    match id(app, request) {
        Some(id) => app.web_sessions.load(&id).await.map_err(Error::unavailable),
        None => Ok(None),
    }
}

/// Gives the id of the new session. Behind https a browser says which log-in it is in; one that doesn't is
/// signed in only where that session was used last, or a token that somebody planted could sign it in
/// as them.
async fn renew(app: &App, request: &Request, presented: &[Token]) -> Result<Option<Id>> {
    let changes = Changes::of(request);
    let log_in = cookies::log_in(request, app);
    let Some(own) = sessions::own_token(app, presented, log_in).await? else {
        return Ok(None);
    };
    if app.config.secure_cookies() && log_in.is_none() && !sessions::is_used_here(app, &own).await?
    {
        return Ok(None);
    }
    match sessions::refresh(app, &own).await {
        Ok(logged_in) => match open(app, &changes, logged_in).await {
            // The account was deleted in this very moment.
            Err(Error::UserNotFound) => Ok(None),
            opened => opened,
        },
        Err(Error::InvalidRefreshToken) => {
            changes.sign_out();
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Opens a session after a log-in; the one that the browser had before ends.
pub(in crate::web) async fn start(app: &App, request: &Request, logged_in: LoggedIn) -> Result<()> {
    forget(app, request).await?;
    open(app, &Changes::of(request), logged_in).await.map(drop)
}

/// Has the browser keep what makes it known to the account that just logged in, for another year: its
/// secret if the account knew that already, else a new one.
pub(in crate::web) async fn know_device(
    app: &App,
    request: &Request,
    user_id: Uuid,
    email: &str,
    is_known: bool,
) -> Result<()> {
    let token = match cookies::device(request, app).filter(|_| is_known) {
        Some(token) => token,
        None => throttle::new_device(app, user_id, email).await?,
    };
    keep_device(request, token);
    Ok(())
}

/// Has the browser keep this secret, which an account knows.
pub(in crate::web) fn keep_device(request: &Request, token: Token) {
    Changes::of(request).0.device.set(token).ok();
}

/// Ends the session of a browser, and the log-in it belongs to.
pub(in crate::web) async fn end(app: &App, request: &Request) -> Result<()> {
    forget(app, request).await?;
    Changes::of(request).sign_out();
    Ok(())
}

async fn forget(app: &App, request: &Request) -> Result<()> {
    if let Some(record) = load(app, request).await? {
        if let Some(session_id) = value(&record, SESSION_ID) {
            sessions::end(app, session_id).await?;
        }
        app.web_sessions
            .delete(&record.id)
            .await
            .map_err(Error::unavailable)?;
    }
    for token in cookies::refresh_tokens(request) {
        sessions::log_out(app, Some(&token)).await?;
    }
    Ok(())
}

async fn open(app: &App, changes: &Changes, logged_in: LoggedIn) -> Result<Option<Id>> {
    // First: whatever fails below, the browser must get the token that is good now.
    let token = (logged_in.refresh_token.clone(), logged_in.session_id);
    changes.0.refresh_token.set(token).ok();
    let person = people::by_id(app, logged_in.user_id, Freshness::Exact).await?;
    let sealed = app.keys.secrets().cookies().seal(
        &context(logged_in.session_id),
        logged_in.access_token.as_bytes(),
    )?;
    let id = save(app, &logged_in, &person.username, sealed).await;
    let id = id.map_err(Error::unavailable)?;
    if let Some(id) = id {
        changes.0.session.set(id).ok();
    }
    Ok(id)
}

async fn save(
    app: &App,
    logged_in: &LoggedIn,
    username: &str,
    sealed: String,
) -> Result<Option<Id>, tower_sessions::session::Error> {
    let expiry = Expiry::AtDateTime(app.clock.now() + ACCESS_TOKEN_LIFETIME);
    let session = Session::new(None, Arc::clone(&app.web_sessions), Some(expiry));
    session.insert(USER_ID, logged_in.user_id).await?;
    session.insert(SESSION_ID, logged_in.session_id).await?;
    session.insert(USERNAME, username).await?;
    session.insert(ACCESS_TOKEN, sealed).await?;
    session.save().await?;
    Ok(session.id())
}
