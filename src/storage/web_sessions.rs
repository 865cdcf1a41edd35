//! The store of tower-sessions: browser sessions in PostgreSQL, keyed by the hash of their cookie.

use super::Who;
use crate::{
    Result,
    clock::Clock,
    database::{GenericClient, Pool, execute, optional},
    error::Error,
};
use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{self, Error as StoreError},
};
use uuid::Uuid;

/// Whose session it is: the key in a record's data that every record must have.
pub const USER_ID: &str = "user_id";
/// Which log-in it belongs to: likewise.
pub const SESSION_ID: &str = "session_id";
/// The account's name in a record's data.
pub const USERNAME: &str = "username";

/// Browser sessions in PostgreSQL. A session whose log-in ended is not found any more.
#[derive(Clone)]
pub struct WebSessionStore {
    db: Pool,
    clock: Clock,
}

impl WebSessionStore {
    /// A store on this pool.
    #[must_use]
    pub fn new(db: Pool, clock: Clock) -> Self {
        Self { db, clock }
    }
}

impl std::fmt::Debug for WebSessionStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebSessionStore")
    }
}

#[async_trait]
impl SessionStore for WebSessionStore {
    /// Stores a new record under a free id.
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let (user_id, session_id) = owner(record)?;
        let db = self.db.get().await.map_err(failed)?;
        loop {
            let insert = sql::insert(&row(record)?, user_id, session_id);
            if execute(&db, insert).await.map_err(failed)? > 0 {
                return Ok(());
            }
            // 128 random bits met again: take others.
            record.id = Id::default();
        }
    }

    /// Changes a record that is there; never brings back one that was deleted.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let db = self.db.get().await.map_err(failed)?;
        execute(&db, sql::update(&row(record)?))
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let db = self.db.get().await.map_err(failed)?;
        let found = live(&db, id, self.clock.now()).await.map_err(failed)?;
        Ok(found.map(|live| live.record))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let db = self.db.get().await.map_err(failed)?;
        execute(&db, sql::delete(&hash(id)))
            .await
            .map(drop)
            .map_err(failed)
    }
}

/// A session that is live.
pub struct Live {
    /// What was put into it.
    pub record: Record,
    /// When a password was last entered in its log-in.
    pub authenticated_at: Option<OffsetDateTime>,
}

/// The session with this id, if it is live.
pub async fn live(db: &impl GenericClient, id: &Id, now: OffsetDateTime) -> Result<Option<Live>> {
    let found = optional(db, sql::live(&hash(id), now)).await?;
    let Some(found) = found else { return Ok(None) };
    Ok(Some(Live {
        record: Record {
            id: *id,
            data: serde_json::from_value(found.get::<_, Value>(0)).map_err(Error::internal)?,
            expiry_date: found.get(1),
        },
        authenticated_at: found.get(2),
    }))
}

/// Whoever the session with this id belongs to, for statements that are sent beside [`live`].
#[must_use]
pub fn whose(id: &Id, now: OffsetDateTime) -> Who {
    Who::Session(hash(id), now)
}

/// Writes the new name of an account into its browser sessions. One that is being opened in this
/// very moment may keep the old one until it is renewed, for 15 minutes at most.
pub async fn rename(db: &impl GenericClient, user_id: Uuid, username: &str) -> Result<()> {
    execute(db, sql::rename(user_id, username)).await.map(drop)
}

/// A record as its row.
pub struct WebSessionRow {
    id_hash: [u8; 32],
    data: Value,
    expires_at: OffsetDateTime,
}

fn row(record: &Record) -> session_store::Result<WebSessionRow> {
    let data = serde_json::to_value(&record.data)
        .map_err(|error| StoreError::Encode(error.to_string()))?;
    Ok(WebSessionRow {
        id_hash: hash(&record.id),
        data,
        expires_at: record.expiry_date,
    })
}

/// A leaked table holds no live cookie.
fn hash(id: &Id) -> [u8; 32] {
    Sha256::digest(id.to_string().as_bytes()).into()
}

fn owner(record: &Record) -> session_store::Result<(Uuid, Uuid)> {
    let id = |key: &str| -> session_store::Result<Uuid> {
        record
            .data
            .get(key)
            .and_then(|value| serde_json::from_value(value.clone()).ok())
            .ok_or_else(|| StoreError::Encode(format!("a browser session without {key}")))
    };
    Ok((id(USER_ID)?, id(SESSION_ID)?))
}

fn failed(error: Error) -> StoreError {
    StoreError::Backend(error.to_string())
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, USERNAME, Uuid, WebSessionRow};
    use crate::storage::schema::{Schema, Sessions, WebSessions};
    use sea_query::{
        DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, Query, SelectStatement,
        UpdateStatement, extension::postgres::PgExpr,
    };
    use serde_json::json;

    /// A new browser session, unless its id is taken.
    #[must_use]
    pub fn insert(row: &WebSessionRow, user_id: Uuid, session_id: Uuid) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, WebSessions::Table))
            .columns([
                WebSessions::IdHash,
                WebSessions::UserId,
                WebSessions::SessionId,
                WebSessions::Data,
                WebSessions::ExpiresAt,
            ])
            .values_panic([
                row.id_hash.as_slice().into(),
                user_id.into(),
                session_id.into(),
                row.data.clone().into(),
                row.expires_at.into(),
            ])
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .take()
    }

    /// New data for a browser session that is there.
    #[must_use]
    pub fn update(row: &WebSessionRow) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, WebSessions::Table))
            .value(WebSessions::Data, row.data.clone())
            .value(WebSessions::ExpiresAt, row.expires_at)
            .and_where(Expr::col(WebSessions::IdHash).eq(row.id_hash.as_slice()))
            .take()
    }

    /// A browser session in its time whose log-in has not ended.
    #[must_use]
    pub fn live(id_hash: &[u8; 32], now: OffsetDateTime) -> SelectStatement {
        of_live(id_hash, now)
            .column((WebSessions::Table, WebSessions::Data))
            .column((WebSessions::Table, WebSessions::ExpiresAt))
            .column((Sessions::Table, Sessions::AuthenticatedAt))
            .take()
    }

    /// Whose such a session is.
    #[must_use]
    pub fn owner(id_hash: &[u8; 32], now: OffsetDateTime) -> SelectStatement {
        of_live(id_hash, now)
            .column((WebSessions::Table, WebSessions::UserId))
            .take()
    }

    fn of_live(id_hash: &[u8; 32], now: OffsetDateTime) -> SelectStatement {
        Query::select()
            .from((Schema::Users, WebSessions::Table))
            .inner_join(
                (Schema::Users, Sessions::Table),
                Expr::col((Sessions::Table, Sessions::Id))
                    .equals((WebSessions::Table, WebSessions::SessionId)),
            )
            .and_where(Expr::col((WebSessions::Table, WebSessions::IdHash)).eq(id_hash.as_slice()))
            .and_where(Expr::col((WebSessions::Table, WebSessions::ExpiresAt)).gt(now))
            .and_where(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .take()
    }

    /// Another name in the browser sessions of an account.
    #[must_use]
    pub fn rename(user_id: Uuid, username: &str) -> UpdateStatement {
        let named = Expr::val(json!({ USERNAME: username }));
        let data = Expr::col(WebSessions::Data).concatenate(named);
        Query::update()
            .table((Schema::Users, WebSessions::Table))
            .value(WebSessions::Data, data)
            .and_where(Expr::col(WebSessions::UserId).eq(user_id))
            .take()
    }

    /// Forgets one browser session.
    #[must_use]
    pub fn delete(id_hash: &[u8; 32]) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, WebSessions::Table))
            .and_where(Expr::col(WebSessions::IdHash).eq(id_hash.as_slice()))
            .take()
    }

    /// Forgets all browser sessions of these log-ins.
    #[must_use]
    pub fn delete_of(session_ids: &[Uuid]) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, WebSessions::Table))
            .and_where(Expr::col(WebSessions::SessionId).eq_any(session_ids.to_vec()))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, B, HASH, NOW},
    };

    // The two that write a browser session are run by every log-in test.
    statements! {
        live(&HASH, NOW);
        rename(A, "anna");
        delete(&HASH);
        delete_of(&[B]);
    }
}
