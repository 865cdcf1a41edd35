//! The family of a session: its current refresh token and those that were spent for it.

/// The statements' part that all who look at a family share.
pub(in crate::storage) mod sql {
    use crate::storage::schema::{RefreshTokens, Schema};
    use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

    /// How many of a family are looked at: more than it keeps. Families from before there was a bound may
    /// have hundreds of thousands.
    const NEWEST: u64 = 64;

    /// The newest tokens of a session, the current one first. They are found by when they were issued, which
    /// never changes: were `rotated_at` part of an index, spending a token would write to all indexes.
    pub(in crate::storage) fn newest(session_id: impl Into<Expr>) -> SelectStatement {
        Query::select()
            .columns([
                RefreshTokens::TokenHash,
                RefreshTokens::Generation,
                RefreshTokens::ExpiresAt,
                RefreshTokens::Revoked,
                RefreshTokens::RotatedAt,
            ])
            .from((Schema::Users, RefreshTokens::Table))
            .and_where(Expr::col((RefreshTokens::Table, RefreshTokens::SessionId)).eq(session_id))
            .order_by(RefreshTokens::CreatedAt, Order::Desc)
            .limit(NEWEST)
            .take()
    }
}
