//! Renewing: a refresh token is spent for its successor, and a copy of one is found out.

use super::{GRACE, LoggedIn, SESSION_LIFETIME, logged_in, stored_as};
use crate::{
    App, Error, Result,
    crypto::seal,
    domain::Token,
    services::throttle::{self, Action},
    storage::{
        self, GenericClient, Object, audit,
        outbox::{self, Kind, NewMail},
        sessions::{self, EndReason, StoredToken},
    },
};
use time::OffsetDateTime;
use uuid::Uuid;

/// More rotations than fit into one grace are no honest client's.
const MAX_CHAIN: usize = 1_000;

/// Renews a session: the token is spent and its successor takes its place (RFC 9700 section
/// 4.14.2). A token spent less than [`GRACE`] ago gives the family's current one, the same for
/// all who ask. Later it was copied: the whole family ends. After [`SESSION_LIFETIME`] no token is
/// good any more.
///
/// # Errors
/// `InvalidRefreshToken`
pub async fn refresh(app: &App, presented: &Token) -> Result<LoggedIn> {
    throttle::check(app, Action::Refresh).await?;
    let now = app.clock.now();
    let client = app.db.get().await?;
    if let Some(renewed) = rotate(app, &client, presented, now).await? {
        return Ok(renewed);
    }
    drop(client);
    refresh_spent(app, presented, now).await
}

/// The ordinary case: one statement, one commit.
async fn rotate(
    app: &App,
    db: &impl GenericClient,
    presented: &Token,
    now: OffsetDateTime,
) -> Result<Option<LoggedIn>> {
    let successor = Token::random().map_err(Error::internal)?;
    let sealed = seal::seal(presented, &successor)?;
    let new = stored_as(&successor, now);
    let opened_after = now - SESSION_LIFETIME;
    sessions::rotate(db, &presented.hash(), &sealed, &new, opened_after, now)
        .await
        // The account was deleted in this very moment.
        .map_err(|error| {
            error
                .on_constraint("refresh_tokens_user_id_fkey", Error::InvalidRefreshToken)
                .on_constraint("refresh_tokens_session_id_fkey", Error::InvalidRefreshToken)
        })?
        .map(|holder| logged_in(app, holder, successor, now))
        .transpose()
}

/// The token is not to be spent: honour its grace, or call it unknown, expired or stolen. Grace
/// only reads, and takes no lock: a thousand at once don't wait for each other. Whoever spent the
/// token has committed, or `rotate` would have waited.
async fn refresh_spent(app: &App, presented: &Token, now: OffsetDateTime) -> Result<LoggedIn> {
    let mut client = app.db.get().await?;
    let stored = sessions::token(&client, &presented.hash())
        .await?
        .ok_or(Error::InvalidRefreshToken)?;
    match stored.rotated_at {
        Some(at) if at + GRACE > now => {
            let holder = sessions::live(&client, stored.session_id, now - SESSION_LIFETIME)
                .await?
                .ok_or(Error::InvalidRefreshToken)?;
            // After the session: if it ends meanwhile, its tokens lead nowhere.
            let current = current_of_family(&client, presented, stored, now).await?;
            drop(client);
            logged_in(app, holder, current, now)
        }
        Some(_) => {
            end_stolen(app, &mut client, stored.session_id, now).await?;
            Err(Error::InvalidRefreshToken)
        }
        None => Err(Error::InvalidRefreshToken),
    }
}

/// Ends a session of which somebody has a copy, once.
async fn end_stolen(
    app: &App,
    client: &mut Object,
    session_id: Uuid,
    now: OffsetDateTime,
) -> Result<()> {
    let tx = storage::begin(client).await?;
    let Some(holder) = sessions::lock_live(&tx, session_id).await? else {
        return Ok(());
    };
    sessions::end(&tx, session_id, EndReason::Theft, now).await?;
    let event = audit::Event::RefreshTokenReused;
    audit::append(&tx, holder.user_id, Some(session_id), event, None, now).await?;
    let mail = NewMail::notice(holder.user_id, Kind::SessionStolen, now);
    outbox::owe(&tx, &mail).await?;
    storage::commit(tx).await?;
    app.mail_owed.notify_one();
    tracing::warn!(
        user_id = %holder.user_id,
        %session_id,
        "a spent refresh token was presented again: the session was ended"
    );
    Ok(())
}

/// Follows the sealed successors to the token that nobody has spent yet.
async fn current_of_family(
    db: &impl GenericClient,
    presented: &Token,
    mut stored: StoredToken,
    now: OffsetDateTime,
) -> Result<Token> {
    let mut token = presented.clone();
    for _ in 0..MAX_CHAIN {
        if !stored.revoked {
            let live = stored.expires_at > now;
            return live.then_some(token).ok_or(Error::InvalidRefreshToken);
        }
        let sealed = stored.sealed_successor.ok_or(Error::InvalidRefreshToken)?;
        token = seal::open(&token, &sealed)?;
        stored = sessions::token(db, &token.hash())
            .await?
            .ok_or(Error::InvalidRefreshToken)?;
    }
    Err(Error::InvalidRefreshToken)
}
