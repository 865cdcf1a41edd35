//! Refresh tokens: spending one for its successor.

use super::{Holder, NewToken};
use crate::{
    Result,
    domain::token::TokenHash,
    storage::{GenericClient, optional},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// A stored token.
pub struct StoredToken {
    /// The session it belongs to.
    pub session_id: Uuid,
    /// When it ends.
    pub expires_at: OffsetDateTime,
    /// Whether it was rotated, or revoked with its family.
    pub revoked: bool,
    /// When it was rotated.
    pub rotated_at: Option<OffsetDateTime>,
    /// Its successor, sealed under the token itself.
    pub sealed_successor: Option<Vec<u8>>,
}

/// Spends a token for its successor, in one statement; `None` when it is not to be spent, or its
/// session was not opened after this time. Of several at once exactly one wins.
pub async fn rotate(
    db: &impl GenericClient,
    old: &TokenHash,
    sealed_successor: &[u8],
    new: &NewToken,
    opened_after: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<Option<Holder>> {
    let rotate = sql::rotate(old, sealed_successor, new, opened_after, now);
    let row = optional(db, rotate).await?;
    Ok(row.map(|row| Holder::from_row(&row)))
}

/// A stored token by its hash.
pub async fn token(db: &impl GenericClient, hash: &TokenHash) -> Result<Option<StoredToken>> {
    let row = optional(db, sql::token(hash)).await?;
    Ok(row.map(|row| StoredToken {
        session_id: row.get(0),
        expires_at: row.get(1),
        revoked: row.get(2),
        rotated_at: row.get(3),
        sealed_successor: row.get(4),
    }))
}

/// The statements.
pub mod sql {
    use super::{NewToken, OffsetDateTime, TokenHash};
    use crate::{
        caller,
        domain::network,
        storage::{
            schema::{RefreshTokens, Schema, Sessions, Users},
            sessions::TOKEN,
            with::{cte, with},
        },
    };
    use sea_query::{
        Alias, Expr, ExprTrait, InsertStatement, LockType, Query, SelectStatement, WithQuery,
    };

    /// The whole rotation. `live` holds the session against its end while `spent` compares and
    /// swaps the old token, `fresh` stores the new one and `seen` notes where the session is used.
    /// `live` takes the lock that `seen` needs at once: two that shared a weaker one would wait
    /// for each other. Who comes when the token is spent already takes none.
    #[must_use]
    pub fn rotate(
        old: &TokenHash,
        sealed_successor: &[u8],
        new: &NewToken,
        opened_after: OffsetDateTime,
        now: OffsetDateTime,
    ) -> WithQuery {
        let (live, spent, fresh) = (Alias::new("live"), Alias::new("spent"), Alias::new("fresh"));
        let live_session = Query::select()
            .column((Sessions::Table, Sessions::Id))
            .from((Schema::Users, Sessions::Table))
            .inner_join(
                (Schema::Users, RefreshTokens::Table),
                Expr::col((RefreshTokens::Table, RefreshTokens::SessionId))
                    .equals((Sessions::Table, Sessions::Id)),
            )
            .and_where(
                Expr::col((RefreshTokens::Table, RefreshTokens::TokenHash)).eq(old.as_slice()),
            )
            .and_where(Expr::col((RefreshTokens::Table, RefreshTokens::Revoked)).not())
            .and_where(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .and_where(Expr::col((Sessions::Table, Sessions::CreatedAt)).gt(opened_after))
            .lock_with_tables(LockType::NoKeyUpdate, [Sessions::Table])
            .take();
        let spend = Query::update()
            .table((Schema::Users, RefreshTokens::Table))
            .from(live.clone())
            .value(RefreshTokens::Revoked, true)
            .value(RefreshTokens::RotatedAt, now)
            .value(RefreshTokens::SealedSuccessor, sealed_successor)
            .and_where(
                Expr::col((RefreshTokens::Table, RefreshTokens::SessionId))
                    .equals((live.clone(), Sessions::Id)),
            )
            .and_where(
                Expr::col((RefreshTokens::Table, RefreshTokens::TokenHash)).eq(old.as_slice()),
            )
            .and_where(Expr::col((RefreshTokens::Table, RefreshTokens::Revoked)).not())
            .and_where(Expr::col((RefreshTokens::Table, RefreshTokens::ExpiresAt)).gt(now))
            .returning(Query::returning().columns([
                (RefreshTokens::Table, RefreshTokens::UserId),
                (RefreshTokens::Table, RefreshTokens::SessionId),
            ]))
            .take();
        let successor = Query::select()
            .expr(Expr::val(new.hash.as_slice()).cast_as("bytea"))
            .column(RefreshTokens::UserId)
            .column(RefreshTokens::SessionId)
            .expr(Expr::val(new.expires_at).cast_as("timestamptz"))
            .expr(Expr::val(now).cast_as("timestamptz"))
            .from(spent.clone())
            .take();
        let store = Query::insert()
            .into_table((Schema::Users, RefreshTokens::Table))
            .columns(TOKEN)
            .select_from(successor)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .returning(
                Query::returning().columns([RefreshTokens::UserId, RefreshTokens::SessionId]),
            )
            .take();
        let caller = caller::current();
        let see = Query::update()
            .table((Schema::Users, Sessions::Table))
            .from(spent.clone())
            .value(Sessions::LastSeenAt, now)
            .value(Sessions::Address, caller.address.map(network::coarse))
            .value(Sessions::UserAgent, caller.user_agent)
            .and_where(
                Expr::col((Sessions::Table, Sessions::Id))
                    .equals((spent, RefreshTokens::SessionId)),
            )
            .take();
        let last = Query::select()
            .column((fresh.clone(), RefreshTokens::SessionId))
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Email))
            .column((Users::Table, Users::Roles))
            .from(fresh.clone())
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::col((Users::Table, Users::Id)).equals((fresh, RefreshTokens::UserId)),
            )
            .take();
        with(
            [
                cte("live", live_session),
                cte("spent", spend),
                cte("fresh", store),
                cte("seen", see),
            ],
            last,
        )
    }

    /// A token by its hash.
    #[must_use]
    pub fn token(hash: &TokenHash) -> SelectStatement {
        Query::select()
            .columns([
                RefreshTokens::SessionId,
                RefreshTokens::ExpiresAt,
                RefreshTokens::Revoked,
                RefreshTokens::RotatedAt,
                RefreshTokens::SealedSuccessor,
            ])
            .from((Schema::Users, RefreshTokens::Table))
            .and_where(Expr::col(RefreshTokens::TokenHash).eq(hash.as_slice()))
            .take()
    }
}
