//! Log-ins and their refresh tokens: opening, rotating, ending a family.

use super::{
    GenericClient, all, audit, execute, optional,
    outbox::{self, Kind, NewMail},
};
use crate::{
    Result, caller,
    domain::{device, history, network, token::TokenHash},
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tokio_postgres::Row;
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

impl Holder {
    fn from_row(row: &Row) -> Self {
        Self {
            session_id: row.get(0),
            user_id: row.get(1),
            email: row.get(2),
            roles: row.get(3),
        }
    }
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
    /// Its owner ended it from another one.
    EndedByOwner,
    /// The password was changed, or set anew with a link.
    PasswordChanged,
    /// The old address was put back.
    EmailRestored,
    /// The account is to be deleted.
    Deletion,
}

impl EndReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Theft => "theft",
            Self::EndedByOwner => "ended_by_owner",
            Self::PasswordChanged => "password_changed",
            Self::EmailRestored => "email_restored",
            Self::Deletion => "deletion",
        }
    }
}

/// A session about to be opened.
pub struct Opened<'a> {
    /// Its id.
    pub session_id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The hash that the password was verified against.
    pub password_hash: &'a str,
    /// Its first token.
    pub token: &'a NewToken,
    /// When.
    pub now: OffsetDateTime,
}

/// Opens a session with its first token and notes the log-in, in one statement. Says false, and
/// opens none, when the password was changed since it was verified, or the account is gone or to
/// be deleted.
pub async fn open(db: &impl GenericClient, opened: &Opened<'_>) -> Result<bool> {
    execute(db, sql::open(opened)).await.map(|rows| rows > 0)
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

/// Whose session it is; `None` once it ended, or when it was not opened after this time.
pub async fn live(
    db: &impl GenericClient,
    session_id: Uuid,
    opened_after: OffsetDateTime,
) -> Result<Option<Holder>> {
    let row = optional(db, sql::live(session_id, opened_after)).await?;
    Ok(row.map(|row| Holder::from_row(&row)))
}

/// Locks a session until the transaction ends and says whose it is; `None` once it ended.
/// While it is locked nobody rotates a token of it.
pub async fn lock_live(db: &impl GenericClient, session_id: Uuid) -> Result<Option<Holder>> {
    let row = optional(db, sql::lock_live(session_id)).await?;
    Ok(row.map(|row| Holder::from_row(&row)))
}

/// When a password was last entered in a session; none once it ended.
pub async fn authenticated_at(
    db: &impl GenericClient,
    session_id: Uuid,
) -> Result<Option<OffsetDateTime>> {
    let row = optional(db, sql::authenticated_at(session_id)).await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// Notes that the password was entered again in a session. Says false when the session has ended,
/// or the account's password is not the one that was verified any more.
pub async fn authenticate(
    db: &impl GenericClient,
    session_id: Uuid,
    user_id: Uuid,
    password_hash: &str,
    now: OffsetDateTime,
) -> Result<bool> {
    let note = sql::authenticate(session_id, user_id, password_hash, now);
    execute(db, note).await.map(|rows| rows > 0)
}

/// Ends a session: no token of its family and no browser session opened with it works any more.
/// The session must be locked.
pub async fn end(
    db: &impl GenericClient,
    session_id: Uuid,
    reason: EndReason,
    now: OffsetDateTime,
) -> Result<()> {
    end_locked(db, &[session_id], reason, now).await
}

/// Ends every session of an account but this one, and says which: no refresh token and no browser
/// session of theirs works any more. Call it with the account's row locked: a log-in can't open
/// one meanwhile with what is no longer true.
pub async fn end_all(
    db: &impl GenericClient,
    user_id: Uuid,
    but: Option<Uuid>,
    reason: EndReason,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>> {
    let rows = all(db, sql::lock_live_of(user_id, but)).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    end_locked(db, &ids, reason, now).await?;
    Ok(ids)
}

async fn end_locked(
    db: &impl GenericClient,
    ids: &[Uuid],
    reason: EndReason,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::end_all(ids, reason, now)).await?;
    execute(db, sql::revoke_all(ids)).await?;
    execute(db, super::web_sessions::sql::delete_of(ids))
        .await
        .map(drop)
}

/// The statements.
pub mod sql {
    use super::{
        Digest, EndReason, Kind, NewMail, NewToken, OffsetDateTime, Opened, Sha256, TokenHash,
        Uuid, audit, caller, device, history, network, outbox,
    };
    use crate::storage::{
        deletions::sql::is_kept,
        schema::{AuditLog, RefreshTokens, Schema, Sessions, Users},
    };
    use sea_query::{
        Alias, Asterisk, CommonTableExpression, Condition, Expr, ExprTrait, InsertStatement,
        LockType, Order, Query, SelectStatement, UpdateStatement, WithClause, WithQuery,
        extension::postgres::PgExpr,
    };

    const TOKEN: [RefreshTokens; 5] = [
        RefreshTokens::TokenHash,
        RefreshTokens::UserId,
        RefreshTokens::SessionId,
        RefreshTokens::ExpiresAt,
        RefreshTokens::CreatedAt,
    ];

    /// A session, its first token, the line in the log and the notice of a new device, if the
    /// account still has this password. `account` holds that fast against a change until the commit.
    #[must_use]
    pub fn open(opened: &Opened<'_>) -> WithQuery {
        let (account, session) = (Alias::new("account"), Alias::new("session"));
        let same_password = Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(opened.user_id))
            .and_where(Expr::col(Users::PasswordHash).eq(opened.password_hash))
            .and_where(is_kept())
            .lock(LockType::Share)
            .take();
        let caller = caller::current();
        let row = Query::select()
            .expr(Expr::val(opened.session_id).cast_as("uuid"))
            .column(Users::Id)
            .expr(timestamp(opened.now))
            .expr(timestamp(opened.now))
            .expr(timestamp(opened.now))
            .expr(Expr::val(caller.address.map(network::coarse)).cast_as("text"))
            .expr(Expr::val(caller.user_agent).cast_as("text"))
            .from(account.clone())
            .take();
        let open = Query::insert()
            .into_table((Schema::Users, Sessions::Table))
            .columns([
                Sessions::Id,
                Sessions::UserId,
                Sessions::CreatedAt,
                Sessions::LastSeenAt,
                Sessions::AuthenticatedAt,
                Sessions::Address,
                Sessions::UserAgent,
            ])
            .select_from(row)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .returning(Query::returning().columns([Sessions::Id, Sessions::UserId]))
            .take();
        let entry = audit::Entry::new(
            opened.user_id,
            Some(opened.session_id),
            audit::Event::LoggedIn,
            None,
            opened.now,
        );
        let note = audit::sql::append_if(&entry, session.clone());
        let owe = outbox::sql::owe_if(&new_device(opened), session.clone(), is_new(opened, &entry));
        let first = Query::select()
            .expr(Expr::val(opened.token.hash.as_slice()).cast_as("bytea"))
            .column(Sessions::UserId)
            .column(Sessions::Id)
            .expr(timestamp(opened.token.expires_at))
            .expr(timestamp(opened.now))
            .from(session)
            .take();
        Query::insert()
            .into_table((Schema::Users, RefreshTokens::Table))
            .columns(TOKEN)
            .select_from(first)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .with(
                WithClause::new()
                    .cte(cte("account", same_password))
                    .cte(cte("session", open))
                    .cte(cte("noted", note))
                    .cte(cte("owed", owe))
                    .to_owned(),
            )
    }

    /// The notice of a new device. Its id is the same for log-ins from such a device on one day,
    /// so that several at once owe one mail.
    fn new_device(opened: &Opened<'_>) -> NewMail<'static> {
        let mut mail = NewMail::notice(opened.user_id, Kind::NewDevice, opened.now);
        let day = opened.now.to_julian_day().to_be_bytes();
        let device = device::in_words(caller::current().user_agent.as_deref());
        let digest = Sha256::new()
            .chain_update(b"new device")
            .chain_update(opened.user_id)
            .chain_update(day)
            .chain_update(device)
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        mail.id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        mail
    }

    /// Whether nobody logged in from such a device lately, and it is not the account's first
    /// log-in. What this statement itself writes is not seen by it.
    fn is_new(opened: &Opened<'_>, entry: &audit::Entry<'_>) -> Condition {
        let earlier = Query::select()
            .column(Asterisk)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::UserId).eq(opened.user_id))
            .take();
        let seen = Query::select()
            .column(Asterisk)
            .from((Schema::Users, AuditLog::Table))
            .and_where(Expr::col(AuditLog::UserId).eq(opened.user_id))
            // Not bound: the index is one of these lines alone.
            .and_where(
                Expr::col(AuditLog::Event)
                    .eq(Expr::Constant(audit::Event::LoggedIn.as_str().into())),
            )
            .and_where(Expr::col(AuditLog::Device).eq(entry.device()))
            .and_where(Expr::col(AuditLog::CreatedAt).gt(opened.now - history::KEPT))
            .take();
        Condition::all()
            .add(Expr::exists(earlier))
            .add(Expr::exists(seen).not())
    }

    fn timestamp(at: OffsetDateTime) -> sea_query::Expr {
        Expr::val(at).cast_as("timestamptz")
    }

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
                    .cte(cte("seen", see))
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

    /// A session that has not ended and was opened after this time, with its account.
    #[must_use]
    pub fn live(session_id: Uuid, opened_after: OffsetDateTime) -> SelectStatement {
        with_account(session_id)
            .and_where(Expr::col((Sessions::Table, Sessions::CreatedAt)).gt(opened_after))
            .take()
    }

    /// A session that has not ended, with its account, locked.
    #[must_use]
    pub fn lock_live(session_id: Uuid) -> SelectStatement {
        with_account(session_id)
            .lock_with_tables(LockType::Update, [Sessions::Table])
            .take()
    }

    fn with_account(session_id: Uuid) -> SelectStatement {
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
            .take()
    }

    /// When the password was last entered in a session that has not ended.
    #[must_use]
    pub fn authenticated_at(session_id: Uuid) -> SelectStatement {
        Query::select()
            .column(Sessions::AuthenticatedAt)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::Id).eq(session_id))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .take()
    }

    /// Notes that the password was entered, if it still is the account's.
    #[must_use]
    pub fn authenticate(
        session_id: Uuid,
        user_id: Uuid,
        password_hash: &str,
        now: OffsetDateTime,
    ) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Sessions::Table))
            .from((Schema::Users, Users::Table))
            .value(Sessions::AuthenticatedAt, now)
            .and_where(Expr::col((Sessions::Table, Sessions::Id)).eq(session_id))
            .and_where(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .and_where(
                Expr::col((Sessions::Table, Sessions::UserId)).equals((Users::Table, Users::Id)),
            )
            .and_where(Expr::col((Users::Table, Users::Id)).eq(user_id))
            .and_where(Expr::col((Users::Table, Users::PasswordHash)).eq(password_hash))
            .take()
    }

    /// The sessions of an account that have not ended, locked in the order of their ids.
    #[must_use]
    pub fn lock_live_of(user_id: Uuid, but: Option<Uuid>) -> SelectStatement {
        Query::select()
            .column(Sessions::Id)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::UserId).eq(user_id))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .and_where_option(but.map(|but| Expr::col(Sessions::Id).ne(but)))
            .order_by(Sessions::Id, Order::Asc)
            .lock(LockType::Update)
            .take()
    }

    /// Marks sessions as ended, once.
    #[must_use]
    pub fn end_all(ids: &[Uuid], reason: EndReason, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Sessions::Table))
            .value(Sessions::EndedAt, now)
            .value(Sessions::EndReason, reason.as_str())
            .and_where(Expr::col(Sessions::Id).eq_any(ids.to_vec()))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .take()
    }

    /// Revokes whole families, and forgets the sealed successors that nobody may get any more.
    #[must_use]
    pub fn revoke_all(session_ids: &[Uuid]) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, RefreshTokens::Table))
            .value(RefreshTokens::Revoked, true)
            .value(
                RefreshTokens::SealedSuccessor,
                Expr::value(Option::<Vec<u8>>::None),
            )
            .and_where(Expr::col(RefreshTokens::SessionId).eq_any(session_ids.to_vec()))
            .take()
    }
}
