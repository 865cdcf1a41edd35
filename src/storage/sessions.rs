//! Log-ins and their refresh tokens: opening, rotating, ending a family.

use super::{GenericClient, execute, optional};
use crate::{Result, domain::token::TokenHash};
use time::OffsetDateTime;
use uuid::Uuid;

/// A token about to be stored.
pub struct NewToken {
    /// The hash of its text.
    pub hash: TokenHash,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// Whose session a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The session.
    pub session_id: Uuid,
    /// The account.
    pub user_id: Uuid,
    /// Its address now.
    pub email: String,
    /// What it may do now.
    pub roles: Vec<String>,
}

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

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Its owner logged out.
    Logout,
    /// A token was presented again too late: somebody copied it.
    Theft,
}

impl EndReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Theft => "theft",
        }
    }
}

/// Opens a session with its first token, in one statement.
pub async fn open(
    db: &impl GenericClient,
    session_id: Uuid,
    user_id: Uuid,
    token: &NewToken,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::open(session_id, user_id, token, now))
        .await
        .map(drop)
}

/// Spends a token for its successor, in one statement; `None` when it is not to be spent.
/// Of several at once exactly one wins.
pub async fn rotate(
    db: &impl GenericClient,
    old: &TokenHash,
    sealed_successor: &[u8],
    new: &NewToken,
    now: OffsetDateTime,
) -> Result<Option<Holder>> {
    let row = optional(db, sql::rotate(old, sealed_successor, new, now)).await?;
    Ok(row.map(|row| Holder {
        session_id: row.get(0),
        user_id: row.get(1),
        email: row.get(2),
        roles: row.get(3),
    }))
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

/// Locks a session until the transaction ends and says whose it is; `None` once it ended.
/// While it is locked nobody rotates a token of it.
pub async fn lock_live(db: &impl GenericClient, session_id: Uuid) -> Result<Option<Holder>> {
    let row = optional(db, sql::lock_live(session_id)).await?;
    Ok(row.map(|row| Holder {
        session_id: row.get(0),
        user_id: row.get(1),
        email: row.get(2),
        roles: row.get(3),
    }))
}

/// Ends a session: no token of its family and no browser session opened with it works any more.
/// The session must be locked.
pub async fn end(
    db: &impl GenericClient,
    session_id: Uuid,
    reason: EndReason,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::end(session_id, reason, now)).await?;
    execute(db, sql::revoke_all(session_id)).await?;
    execute(db, super::web_sessions::sql::delete_of(session_id))
        .await
        .map(drop)
}

/// The statements.
pub mod sql {
    use super::{EndReason, NewToken, OffsetDateTime, TokenHash, Uuid};
    use crate::storage::schema::{RefreshTokens, Schema, Sessions, Users};
    use sea_query::{
        Alias, CommonTableExpression, Expr, ExprTrait, InsertStatement, LockType, Query,
        SelectStatement, UpdateStatement, WithClause, WithQuery,
    };

    const TOKEN: [RefreshTokens; 5] = [
        RefreshTokens::TokenHash,
        RefreshTokens::UserId,
        RefreshTokens::SessionId,
        RefreshTokens::ExpiresAt,
        RefreshTokens::CreatedAt,
    ];

    /// A session and its first token.
    #[must_use]
    pub fn open(
        session_id: Uuid,
        user_id: Uuid,
        token: &NewToken,
        now: OffsetDateTime,
    ) -> WithQuery {
        let session = Query::insert()
            .into_table((Schema::Users, Sessions::Table))
            .columns([Sessions::Id, Sessions::UserId, Sessions::CreatedAt])
            .values_panic([session_id.into(), user_id.into(), now.into()])
            .returning_col(Sessions::Id)
            .take();
        Query::insert()
            .into_table((Schema::Users, RefreshTokens::Table))
            .columns(TOKEN)
            .values_panic([
                token.hash.as_slice().into(),
                user_id.into(),
                session_id.into(),
                token.expires_at.into(),
                now.into(),
            ])
            .take()
            .with(WithClause::new().cte(cte("session", session)).to_owned())
    }

    /// The whole rotation. `live` holds the session against its end while `spent` compares and
    /// swaps the old token and `fresh` stores the new one.
    #[must_use]
    pub fn rotate(
        old: &TokenHash,
        sealed_successor: &[u8],
        new: &NewToken,
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
            .and_where(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .lock_with_tables(LockType::Share, [Sessions::Table])
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
        Query::select()
            .column((fresh.clone(), RefreshTokens::SessionId))
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Email))
            .column((Users::Table, Users::Roles))
            .from(fresh.clone())
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::col((Users::Table, Users::Id)).equals((fresh, RefreshTokens::UserId)),
            )
            .take()
            .with(
                WithClause::new()
                    .cte(cte("live", live_session))
                    .cte(cte("spent", spend))
                    .cte(cte("fresh", store))
                    .to_owned(),
            )
    }

    fn cte(
        name: &'static str,
        query: impl Into<sea_query::SubQueryStatement>,
    ) -> CommonTableExpression {
        CommonTableExpression::new()
            .query(query)
            .table_name(Alias::new(name))
            .to_owned()
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

    /// A session that has not ended, locked, with its account.
    #[must_use]
    pub fn lock_live(session_id: Uuid) -> SelectStatement {
        Query::select()
            .column((Sessions::Table, Sessions::Id))
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Email))
            .column((Users::Table, Users::Roles))
            .from((Schema::Users, Sessions::Table))
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::col((Users::Table, Users::Id)).equals((Sessions::Table, Sessions::UserId)),
            )
            .and_where(Expr::col((Sessions::Table, Sessions::Id)).eq(session_id))
            .and_where(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .lock_with_tables(LockType::Update, [Sessions::Table])
            .take()
    }

    /// Marks a session as ended, once.
    #[must_use]
    pub fn end(session_id: Uuid, reason: EndReason, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Sessions::Table))
            .value(Sessions::EndedAt, now)
            .value(Sessions::EndReason, reason.as_str())
            .and_where(Expr::col(Sessions::Id).eq(session_id))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .take()
    }

    /// Revokes a whole family, and forgets the sealed successors that nobody may get any more.
    #[must_use]
    pub fn revoke_all(session_id: Uuid) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, RefreshTokens::Table))
            .value(RefreshTokens::Revoked, true)
            .value(
                RefreshTokens::SealedSuccessor,
                Expr::value(Option::<Vec<u8>>::None),
            )
            .and_where(Expr::col(RefreshTokens::SessionId).eq(session_id))
            .take()
    }
}
