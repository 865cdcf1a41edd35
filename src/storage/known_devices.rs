//! The devices that an account is known on: `users.known_devices`.

use super::{GenericClient, all, execute};
use crate::{Result, storage::rate_limits::Key};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// A device that was seen less than this long ago is not written down again.
const OFTEN: Duration = Duration::days(1);

/// Which of these devices are known, each to the account that is part of its key.
pub async fn known(
    db: &impl GenericClient,
    keys: &[Key],
    now: OffsetDateTime,
) -> Result<Vec<Vec<u8>>> {
    let rows = all(db, sql::known(keys, now)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Remembers a device of an account until `expires_at`.
pub async fn remember(
    db: &impl GenericClient,
    user_id: Uuid,
    key: &Key,
    expires_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::remember(user_id, key, expires_at, now))
        .await
        .map(drop)
}

/// Forgets devices that were not used for too long, and says how many.
pub async fn delete_expired(db: &impl GenericClient, now: OffsetDateTime) -> Result<u64> {
    execute(db, sql::delete_expired(now)).await
}

/// The statements.
pub mod sql {
    use super::{Key, OFTEN, OffsetDateTime, Uuid};
    use crate::storage::schema::{KnownDevices, Schema};
    use sea_query::{
        DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, Query, SelectStatement,
        extension::postgres::PgExpr,
    };

    /// Those of these devices that are known.
    #[must_use]
    pub fn known(keys: &[Key], now: OffsetDateTime) -> SelectStatement {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
        Query::select()
            .column(KnownDevices::Key)
            .from((Schema::Users, KnownDevices::Table))
            .and_where(Expr::col(KnownDevices::Key).eq_any(keys))
            .and_where(Expr::col(KnownDevices::ExpiresAt).gt(now))
            .take()
    }

    /// One device; written again only when it was not seen for a while.
    #[must_use]
    pub fn remember(
        user_id: Uuid,
        key: &Key,
        expires_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, KnownDevices::Table))
            .columns([
                KnownDevices::UserId,
                KnownDevices::Key,
                KnownDevices::SeenAt,
                KnownDevices::ExpiresAt,
            ])
            .values_panic([
                user_id.into(),
                key.as_slice().into(),
                now.into(),
                expires_at.into(),
            ])
            .on_conflict(
                OnConflict::columns([KnownDevices::UserId, KnownDevices::Key])
                    .update_columns([KnownDevices::SeenAt, KnownDevices::ExpiresAt])
                    .action_and_where(
                        Expr::col((KnownDevices::Table, KnownDevices::SeenAt)).lt(now - OFTEN),
                    )
                    .to_owned(),
            )
            .take()
    }

    /// Forgets the devices whose time is over.
    #[must_use]
    pub fn delete_expired(now: OffsetDateTime) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, KnownDevices::Table))
            .and_where(Expr::col(KnownDevices::ExpiresAt).lte(now))
            .take()
    }
}
