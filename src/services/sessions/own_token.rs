//! Which of several refresh tokens is a browser's own.

use crate::{
    App, Result, caller,
    domain::{Token, network},
    storage::sessions,
};
use uuid::Uuid;

/// A token that we gave out.
struct Known<'a> {
    token: &'a Token,
    session_id: Uuid,
    /// How late in its family it comes, and among tokens that don't say so whether it is unspent.
    rank: (i32, bool),
}

/// The token to renew with, of those that a browser presents. A host beside ours can plant others, good
/// ones of its own log-ins too, so the browser's is the one of `log_in`, the session that it says it is
/// in. Where it says nothing, one token is its own, and of several those that we gave out must be of one
/// session. Of that session's tokens the last counts; none when no token fits.
///
/// # Errors
/// `Unavailable`
pub async fn own_token(
    app: &App,
    presented: &[Token],
    log_in: Option<Uuid>,
) -> Result<Option<Token>> {
    if let ([token], None) = (presented, log_in) {
        return Ok(Some(token.clone()));
    }
    let mut known = known(app, presented).await?;
    let Some(own) = log_in.or(known.first().map(|one| one.session_id)) else {
        return Ok(None);
    };
    if log_in.is_none() && known.iter().any(|one| one.session_id != own) {
        return Ok(None);
    }
    known.retain(|one| one.session_id == own);
    let last = known.iter().max_by_key(|one| one.rank);
    Ok(last.map(|one| one.token.clone()))
}

/// Whether the session of a token was last used in the network and browser that ask: a copy that somebody
/// planted elsewhere comes from elsewhere. A token of an earlier release does not say its session and is
/// believed, since nothing that could vouch for it was given out beside it.
///
/// # Errors
/// `Unavailable`
pub async fn is_used_here(app: &App, token: &Token) -> Result<bool> {
    let Some(claims) = app.keys.secrets().refresh_tokens().claims(token) else {
        return Ok(true);
    };
    let last = sessions::last_place(&app.db.get().await?, claims.session_id).await?;
    let caller = caller::current();
    Ok(last == Some((caller.address.map(network::coarse), caller.user_agent)))
}

/// The tokens among these that we gave out. Those of earlier releases don't say it themselves and are
/// looked up.
async fn known<'a>(app: &App, presented: &'a [Token]) -> Result<Vec<Known<'a>>> {
    let mut known = Vec::new();
    for token in presented {
        if let Some(claims) = app.keys.secrets().refresh_tokens().claims(token) {
            known.push(Known {
                token,
                session_id: claims.session_id,
                rank: (claims.generation, true),
            });
            continue;
        }
        let db = app.db.get().await?;
        if let Some(stored) = sessions::token(&db, &token.hash()).await? {
            known.push(Known {
                token,
                session_id: stored.session_id,
                rank: (0, !stored.revoked),
            });
        }
    }
    Ok(known)
}
