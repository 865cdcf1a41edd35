//! Which of several refresh tokens is a browser's own.

use crate::{
    App, Result,
    domain::Token,
    storage::sessions::{self, StoredToken},
};
use uuid::Uuid;

/// The token to renew with, of those that a browser presents. A host beside ours can plant others, good
/// ones of its own log-ins too, so the browser's is the one of `log_in`, the session that it says it is
/// in. Where it says nothing, one token is its own, and of several those that we gave out must be of one
/// session. Of that session's tokens the one that is not spent counts; none when no token fits.
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
    let db = app.db.get().await?;
    let mut known: Vec<(&Token, StoredToken)> = Vec::new();
    for token in presented {
        let stored = sessions::token(&db, &token.hash()).await?;
        known.extend(stored.map(|stored| (token, stored)));
    }
    match log_in {
        Some(own) => known.retain(|(_, stored)| stored.session_id == own),
        None if known
            .windows(2)
            .any(|two| two[0].1.session_id != two[1].1.session_id) =>
        {
            return Ok(None);
        }
        None => {}
    }
    let own = known.iter().min_by_key(|(_, stored)| stored.revoked);
    Ok(own.map(|(token, _)| (*token).clone()))
}
