//! Renewing: a refresh token is spent for its successor, and a copy of one is found out.

use super::{
    LoggedIn, SESSION_LIFETIME, issue, logged_in,
    spent::{Spent, end_stolen, look},
};
use crate::{
    App, Error, Result,
    crypto::{RefreshClaims, seal},
    database::GenericClient,
    domain::Token,
    services::throttle::{self, Action},
    storage::sessions::{self, Rotation, StoredToken},
};
use time::OffsetDateTime;

/// More rotations than fit into one grace are no honest client's.
const MAX_CHAIN: usize = 1_000;

/// Renews a session: the token is spent and its successor takes its place (RFC 9700 section
/// 4.14.2). A token spent less than [`GRACE`](super::GRACE) ago gives the family's current one, the same for
/// all who ask. Later it was copied: the whole family ends. After [`SESSION_LIFETIME`] no token is
/// good any more.
///
/// # Errors
/// `InvalidRefreshToken`; `RateLimited`, which leaves the token good.
pub async fn refresh(app: &App, presented: &Token) -> Result<LoggedIn> {
    throttle::check(app, Action::Refresh).await?;
    let now = app.clock.now();
    let claims = app.keys.secrets().refresh_tokens().claims(presented);
    let client = app.db.get().await?;
    let refusal = match rotate(app, &client, presented, claims, now).await {
        Err(refusal @ (Error::InvalidRefreshToken | Error::RateLimited { .. })) => refusal,
        outcome => return outcome,
    };
    drop(client);
    refresh_spent(app, presented, claims, refusal, now).await
}

/// The ordinary case: one statement, one commit. A token of an earlier release does not say whose it is,
/// so that is looked up first.
async fn rotate(
    app: &App,
    db: &impl GenericClient,
    presented: &Token,
    claims: Option<RefreshClaims>,
    now: OffsetDateTime,
) -> Result<LoggedIn> {
    let claims = match claims {
        Some(claims) => claims,
        None => earlier(db, presented, now).await?,
    };
    let next = claims.next(throttle::take_renewal(app, claims.full_at, now)?);
    let (successor, stored) = issue(app, next, now)?;
    let rotation = Rotation {
        old: &presented.hash(),
        sealed_successor: &seal::seal(presented, &successor)?,
        new: &stored,
        opened_after: now - SESSION_LIFETIME,
        now,
    };
    let holder = sessions::rotate(db, &rotation)
        .await
        // The account was deleted in this very moment.
        .map_err(|error| {
            error
                .on_constraint("refresh_tokens_user_id_fkey", Error::InvalidRefreshToken)
                .on_constraint("refresh_tokens_session_id_fkey", Error::InvalidRefreshToken)
        })?
        .ok_or(Error::InvalidRefreshToken)?;
    logged_in(app, holder, successor, now)
}

/// What a token of an earlier release would say.
async fn earlier(
    db: &impl GenericClient,
    presented: &Token,
    now: OffsetDateTime,
) -> Result<RefreshClaims> {
    let stored = sessions::token(db, &presented.hash()).await?;
    Ok(RefreshClaims {
        session_id: stored.ok_or(Error::InvalidRefreshToken)?.session_id,
        generation: 0,
        full_at: now,
    })
}

/// The token was not spent now: honour its grace, or call it unknown, expired or stolen. One that could be
/// spent meets the `refusal`. Grace only reads, and takes no lock: a thousand at once don't wait for
/// each other, and use up no limit.
async fn refresh_spent(
    app: &App,
    presented: &Token,
    claims: Option<RefreshClaims>,
    refusal: Error,
    now: OffsetDateTime,
) -> Result<LoggedIn> {
    let mut client = app.db.get().await?;
    match look(&client, presented, claims, now).await? {
        Spent::InGrace(stored) => {
            let holder = sessions::live(&client, stored.session_id, now - SESSION_LIFETIME)
                .await?
                .ok_or(Error::InvalidRefreshToken)?;
            // After the session: if it ends meanwhile, its tokens lead nowhere.
            let current = current_of_family(&client, presented, stored, now).await?;
            drop(client);
            logged_in(app, holder, current, now)
        }
        Spent::Copied(session_id) => {
            end_stolen(app, &mut client, session_id, now).await?;
            Err(Error::InvalidRefreshToken)
        }
        Spent::NotYet => Err(refusal),
        Spent::Useless => Err(Error::InvalidRefreshToken),
    }
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
