//! Sessions as their owners see them, and as other services hear of their end.

use super::Who;
use crate::{
    Result,
    database::{GenericClient, all, optional},
    domain::page::Cursor,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// The most sessions that one look gives.
pub const MOST: u64 = 100;

/// A session that has not ended.
pub struct OpenSession {
    /// Its id.
    pub id: Uuid,
    /// What the client last said it is.
    pub user_agent: Option<String>,
    /// Roughly where it was last used from.
    pub network: Option<String>,
    /// When somebody logged in.
    pub created_at: OffsetDateTime,
    /// When it was last renewed.
    pub last_seen_at: OffsetDateTime,
}

/// A session of one's own, locked.
pub struct Locked {
    /// Whether it has ended.
    pub ended: bool,
    /// What the client last said it is.
    pub user_agent: Option<String>,
}

/// The sessions of an account, opened after this time, that have neither ended nor run out, last
/// used first: at most [`MOST`].
pub async fn open(
    db: &impl GenericClient,
    who: Who,
    opened_after: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<Vec<OpenSession>> {
    let rows = all(db, sql::open(who, opened_after, now)).await?;
    let sessions = rows.iter().map(|row| OpenSession {
        id: row.get(0),
        user_agent: row.get(1),
        network: row.get(2),
        created_at: row.get(3),
        last_seen_at: row.get(4),
    });
    Ok(sessions.collect())
}

/// Locks a session of this account until the transaction ends; `None` when it has no such session.
pub async fn lock_own(
    db: &impl GenericClient,
    user_id: Uuid,
    session_id: Uuid,
) -> Result<Option<Locked>> {
    let row = optional(db, sql::lock_own(user_id, session_id)).await?;
    Ok(row.map(|row| Locked {
        ended: row.get::<_, Option<OffsetDateTime>>(0).is_some(),
        user_agent: row.get(1),
    }))
}

/// Up to `limit` sessions that ended after this point, in the order in which they did: the times
/// and ids.
pub async fn ended_after(
    db: &impl GenericClient,
    after: Cursor,
    limit: u64,
) -> Result<Vec<Cursor>> {
    let rows = all(db, sql::ended_after(after, limit)).await?;
    let ends = rows.iter().map(|row| Cursor {
        created_at: row.get(0),
        id: row.get(1),
    });
    Ok(ends.collect())
}

/// The statements.
pub mod sql {
    use super::{Cursor, MOST, OffsetDateTime, Uuid, Who};
    use crate::storage::{
        schema::{RefreshTokens, Schema, Sessions},
        sessions::family::sql::newest,
    };
    use sea_query::{Alias, Asterisk, Expr, ExprTrait, LockType, Order, Query, SelectStatement};

    /// The open sessions of an account: those whose newest refresh token is still good.
    #[must_use]
    pub fn open(who: Who, opened_after: OffsetDateTime, now: OffsetDateTime) -> SelectStatement {
        let newest = newest(Expr::col((Sessions::Table, Sessions::Id)));
        let good_token = Query::select()
            .column(Asterisk)
            .from_subquery(newest, Alias::new("newest"))
            .and_where(Expr::col(RefreshTokens::Revoked).not())
            .and_where(Expr::col(RefreshTokens::ExpiresAt).gt(now))
            .take();
        Query::select()
            .columns([
                Sessions::Id,
                Sessions::UserAgent,
                Sessions::Address,
                Sessions::CreatedAt,
                Sessions::LastSeenAt,
            ])
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::UserId).eq(who))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .and_where(Expr::col(Sessions::CreatedAt).gt(opened_after))
            .and_where(Expr::exists(good_token))
            .order_by(Sessions::LastSeenAt, Order::Desc)
            .order_by(Sessions::Id, Order::Desc)
            .limit(MOST)
            .take()
    }

    /// A session of this account, locked.
    #[must_use]
    pub fn lock_own(user_id: Uuid, session_id: Uuid) -> SelectStatement {
        Query::select()
            .columns([Sessions::EndedAt, Sessions::UserAgent])
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::Id).eq(session_id))
            .and_where(Expr::col(Sessions::UserId).eq(user_id))
            .lock(LockType::Update)
            .take()
    }

    /// The sessions that ended after a point, walked by their index alone.
    #[must_use]
    pub fn ended_after(after: Cursor, limit: u64) -> SelectStatement {
        let at = Expr::tuple([Expr::col(Sessions::EndedAt), Expr::col(Sessions::Id)]);
        let point = Expr::tuple([Expr::val(after.created_at), Expr::val(after.id)]);
        Query::select()
            .columns([Sessions::EndedAt, Sessions::Id])
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::EndedAt).is_not_null())
            .and_where(at.gt(point))
            .order_by(Sessions::EndedAt, Order::Asc)
            .order_by(Sessions::Id, Order::Asc)
            .limit(limit)
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        domain::page::Cursor,
        storage::samples::{A, ACCOUNT, B, NOW, SESSION},
    };

    statements! {
        open(ACCOUNT, NOW, NOW), "an account";
        open(SESSION, NOW, NOW), "a session";
        lock_own(A, B);
        ended_after(Cursor { created_at: NOW, id: B }, 1_000);
    }
}
