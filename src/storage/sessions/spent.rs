//! Refresh tokens that were spent: what is known of one, and forgetting those that a family has too many of.

use crate::{
    Result,
    database::{GenericClient, optional},
    domain::token::TokenHash,
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

/// Whether a session's current token is of a later generation than this one, and could be spent: then
/// this one was.
pub async fn is_outlived(
    db: &impl GenericClient,
    session_id: Uuid,
    generation: i32,
    now: OffsetDateTime,
) -> Result<bool> {
    let outlived = sql::is_outlived(session_id, generation, now);
    Ok(optional(db, outlived).await?.is_some())
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, TokenHash, Uuid};
    use crate::{
        database::cte::{cte, cte_once},
        storage::{
            schema::{RefreshTokens, Schema},
            sessions::{GRACE, family::sql::newest},
        },
    };
    use sea_query::{
        Alias, CommonTableExpression, Cond, Expr, ExprTrait, Order, Query, SelectStatement,
    };

    /// How many of its spent tokens a family keeps, and up to sixteen more until it forgets them.
    const SPENT_KEPT: u64 = 32;
    /// How many it forgets then at most, for families from before there was a bound.
    const FORGOTTEN_AT_ONCE: u64 = 200;

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

    /// The current token of a session, if it is good and of a later generation. Of one that the release
    /// before this one issued no generation is known: it is later than one whose row is gone.
    #[must_use]
    pub fn is_outlived(session_id: Uuid, generation: i32, now: OffsetDateTime) -> SelectStatement {
        let is_later = Cond::any()
            .add(Expr::col(RefreshTokens::Generation).is_null())
            .add(Expr::col(RefreshTokens::Generation).gt(generation));
        Query::select()
            .column(RefreshTokens::TokenHash)
            .from_subquery(newest(session_id), Alias::new("newest"))
            .and_where(Expr::col(RefreshTokens::Revoked).not())
            .and_where(Expr::col(RefreshTokens::ExpiresAt).gt(now))
            .cond_where(is_later)
            .take()
    }

    /// The parts of a renewal's statement that forget what the family spent before its newest few and before
    /// the grace. `spent` has its session.
    pub(in crate::storage::sessions) fn forget(now: OffsetDateTime) -> [CommonTableExpression; 2] {
        let session = Query::select()
            .column(RefreshTokens::SessionId)
            .from(Alias::new("spent"))
            .take();
        let beyond = Query::select()
            .column(RefreshTokens::TokenHash)
            .from((Schema::Users, RefreshTokens::Table))
            .and_where(
                Expr::col(RefreshTokens::SessionId)
                    .eq(Expr::SubQuery(None, Box::new(session.into()))),
            )
            .and_where(Expr::col(RefreshTokens::RotatedAt).lte(now - GRACE))
            .order_by(RefreshTokens::CreatedAt, Order::Desc)
            .offset(SPENT_KEPT)
            .limit(FORGOTTEN_AT_ONCE)
            .take();
        let hashes = Query::select()
            .column(RefreshTokens::TokenHash)
            .from(Alias::new("beyond"))
            .take();
        let forget = Query::delete()
            .from_table((Schema::Users, RefreshTokens::Table))
            .and_where(Expr::col(RefreshTokens::TokenHash).in_subquery(hashes))
            .take();
        [cte_once("beyond", beyond), cte("forgotten", forget)]
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{B, HASH, NOW},
    };

    statements! {
        is_outlived(B, 1, NOW);
        token(&HASH);
    }
}
