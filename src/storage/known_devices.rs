//! The devices that an account is known on: `users.known_devices`.

use crate::{
    Result,
    database::{GenericClient, execute},
    storage::rate_limits::Key,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// A device that was seen less than this long ago is not written down again.
const OFTEN: Duration = Duration::days(1);

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

/// Forgets all devices of an account.
pub async fn forget_all(db: &impl GenericClient, user_id: Uuid) -> Result<()> {
    execute(db, sql::forget_all(user_id)).await.map(drop)
}

/// The statements.
pub mod sql {
    use super::{Key, OFTEN, OffsetDateTime, Uuid};
    use crate::{
        database::rows,
        storage::schema::{KnownDevices, Schema, Sessions},
    };
    use sea_query::{
        Alias, DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, Query,
        SelectStatement,
    };

    const COLUMNS: [KnownDevices; 4] = [
        KnownDevices::UserId,
        KnownDevices::Key,
        KnownDevices::SeenAt,
        KnownDevices::ExpiresAt,
    ];

    /// One device that was not known before.
    #[must_use]
    pub fn remember(
        user_id: Uuid,
        key: &Key,
        expires_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, KnownDevices::Table))
            .columns(COLUMNS)
            .values_panic([
                user_id.into(),
                key.as_slice().into(),
                now.into(),
                expires_at.into(),
            ])
            .take()
    }

    /// The devices that a session is opened on, one at least, if it is opened; written again only
    /// when they were not seen for a while.
    pub(in crate::storage) fn remember_if(
        opened: Alias,
        places: &[(Key, OffsetDateTime)],
        now: OffsetDateTime,
    ) -> InsertStatement {
        let place = Alias::new("place");
        let asked = rows(places.iter().map(|(key, until)| {
            Query::select()
                .expr_as(
                    Expr::val(key.as_slice()).cast_as("bytea"),
                    KnownDevices::Key,
                )
                .expr_as(
                    Expr::val(*until).cast_as("timestamptz"),
                    KnownDevices::ExpiresAt,
                )
                .take()
        }));
        let user_id = || Expr::col((opened.clone(), Sessions::UserId));
        let key = || Expr::col((place.clone(), KnownDevices::Key));
        let of_table = |column| Expr::col((KnownDevices::Table, column));
        let lately = Query::select()
            .column(KnownDevices::Key)
            .from((Schema::Users, KnownDevices::Table))
            .and_where(of_table(KnownDevices::UserId).eq(user_id()))
            .and_where(of_table(KnownDevices::Key).eq(key()))
            .and_where(of_table(KnownDevices::SeenAt).gte(now - OFTEN))
            .take();
        let new = Query::select()
            .expr(user_id())
            .expr(key())
            .expr(Expr::val(now).cast_as("timestamptz"))
            .column((place.clone(), KnownDevices::ExpiresAt))
            .from(opened.clone())
            .from_subquery(asked, place.clone())
            .and_where(Expr::exists(lately).not())
            .take();
        Query::insert()
            .into_table((Schema::Users, KnownDevices::Table))
            .columns(COLUMNS)
            .select_from(new)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .on_conflict(
                OnConflict::columns([KnownDevices::UserId, KnownDevices::Key])
                    .update_columns([KnownDevices::SeenAt, KnownDevices::ExpiresAt])
                    .to_owned(),
            )
            .take()
    }

    /// Forgets all devices of an account.
    #[must_use]
    pub fn forget_all(user_id: Uuid) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, KnownDevices::Table))
            .and_where(Expr::col(KnownDevices::UserId).eq(user_id))
            .take()
    }

    /// The devices of an account among these places that are known now.
    pub(in crate::storage) fn known_among(
        user_id: Uuid,
        places: &[(Key, OffsetDateTime)],
        now: OffsetDateTime,
    ) -> SelectStatement {
        let keys = places.iter().map(|(key, _)| key.as_slice());
        Query::select()
            .column(KnownDevices::Key)
            .from((Schema::Users, KnownDevices::Table))
            .and_where(Expr::col(KnownDevices::UserId).eq(user_id))
            .and_where(Expr::col(KnownDevices::Key).is_in(keys))
            .and_where(Expr::col(KnownDevices::ExpiresAt).gt(now))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, HASH, NOW},
    };

    statements! {
        remember(A, &HASH, NOW, NOW);
        forget_all(A);
    }
}
