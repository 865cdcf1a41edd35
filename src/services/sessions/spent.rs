//! Tokens that are not to be spent any more, and what gives a copy away.

use super::GRACE;
use crate::{
    App, Result,
    crypto::RefreshClaims,
    database::{self, GenericClient, Object},
    domain::Token,
    storage::{
        audit,
        outbox::{self, Kind, NewMail},
        sessions::{self, EndReason, StoredToken},
    },
};
use time::OffsetDateTime;
use uuid::Uuid;

/// What became of a token that was not spent now.
pub(super) enum Spent {
    /// It could be, if nothing else speaks against it.
    NotYet,
    /// Spent a moment ago.
    InGrace(StoredToken),
    /// Spent earlier: who presents it has a copy, or the one who spent it had.
    Copied(Uuid),
    /// Unknown, expired, or of a session that is over.
    Useless,
}

/// Looks without a lock. Whoever spent the token has committed, or `rotate` would have waited.
pub(super) async fn look(
    db: &impl GenericClient,
    presented: &Token,
    claims: Option<RefreshClaims>,
    now: OffsetDateTime,
) -> Result<Spent> {
    match (sessions::token(db, &presented.hash()).await?, claims) {
        (Some(stored), _) => Ok(match stored.rotated_at {
            Some(at) if at + GRACE > now => Spent::InGrace(stored),
            Some(_) => Spent::Copied(stored.session_id),
            None if !stored.revoked && stored.expires_at > now => Spent::NotYet,
            None => Spent::Useless,
        }),
        // Its row is gone. If the session went on without it, it was spent.
        (None, Some(claims)) => {
            let RefreshClaims {
                session_id,
                generation,
                ..
            } = claims;
            let outlived = sessions::is_outlived(db, session_id, generation, now).await?;
            Ok(if outlived {
                Spent::Copied(session_id)
            } else {
                Spent::Useless
            })
        }
        (None, None) => Ok(Spent::Useless),
    }
}

/// Ends a session of which somebody has a copy, once.
pub(super) async fn end_stolen(
    app: &App,
    client: &mut Object,
    session_id: Uuid,
    now: OffsetDateTime,
) -> Result<()> {
    let tx = database::begin(client).await?;
    let Some(holder) = sessions::lock_live(&tx, session_id).await? else {
        return Ok(());
    };
    sessions::end(&tx, session_id, EndReason::Theft, now).await?;
    let event = audit::Event::RefreshTokenReused;
    audit::append(&tx, holder.user_id, Some(session_id), event, None, now).await?;
    let mail = NewMail::notice(holder.user_id, Kind::SessionStolen, now);
    outbox::owe(&tx, &mail).await?;
    database::commit(tx).await?;
    app.mail_owed.notify_one();
    tracing::warn!(
        user_id = %holder.user_id,
        %session_id,
        "a spent refresh token was presented again: the session was ended"
    );
    Ok(())
}
