//! Copies of everything about an account: asked for, claimed by who makes one, kept in pieces.
//!
//! The claim is the outbox's: whoever takes the row moves `next_attempt_at` ahead, and on again
//! with every piece, by the database's time; when that comes the maker is dead and another takes over.

use super::Who;
use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;
use uuid::Uuid;

/// How long a claim holds unless a piece renews it.
pub const CLAIM: Duration = Duration::seconds(60);
/// How long a copy can be had once it is ready.
pub const LIFETIME: Duration = Duration::days(7);
/// How soon after one copy another may be asked for.
pub const PAUSE: Duration = Duration::hours(24);

/// A copy that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// When it was asked for.
    pub requested_at: OffsetDateTime,
    /// When it was ready; none while it is being made.
    pub ready_at: Option<OffsetDateTime>,
    /// When it is gone.
    pub expires_at: OffsetDateTime,
    /// How many bytes it has.
    pub size: i64,
    /// Which making of it is the last: its pieces carry the number.
    pub attempt: i32,
}

/// A copy that is to be made by who holds this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// Whose it is.
    pub user_id: Uuid,
    /// Which attempt this is: also the name of the claim.
    pub attempt: i32,
}

/// Asks for a copy, unless one is being made or was asked for less than [`PAUSE`] ago; says
/// whether it did.
pub async fn request(db: &impl GenericClient, user_id: Uuid, now: OffsetDateTime) -> Result<bool> {
    Ok(execute(db, sql::request(user_id, now)).await? > 0)
}

/// The copy of an account, whatever became of it; none once it ran out.
pub async fn of(db: &impl GenericClient, who: Who, now: OffsetDateTime) -> Result<Option<Export>> {
    let row = optional(db, sql::of(who, now)).await?;
    Ok(row.as_ref().map(to_export))
}

/// Takes a copy that is to be made; nobody else gets it for as long as the claim holds. `passed` is
/// [`Clock::passed`](crate::clock::Clock::passed).
pub async fn claim(db: &impl GenericClient, passed: Duration) -> Result<Option<Claimed>> {
    let row = optional(db, sql::claim(passed)).await?;
    Ok(row.map(|row| Claimed {
        user_id: row.get(0),
        attempt: row.get(1),
    }))
}

/// Forgets the pieces of other makings than this one.
pub async fn forget_others(db: &impl GenericClient, claimed: &Claimed) -> Result<()> {
    execute(db, sql::forget_others(claimed)).await.map(drop)
}

/// Keeps a piece and renews the claim; says false, and keeps nothing, when the claim lapsed.
pub async fn add_part(
    db: &impl GenericClient,
    claimed: &Claimed,
    number: i32,
    bytes: &[u8],
    passed: Duration,
) -> Result<bool> {
    Ok(execute(db, sql::add_part(claimed, number, bytes, passed)).await? > 0)
}

/// The copy is ready; says false when the claim lapsed.
pub async fn ready(
    db: &impl GenericClient,
    claimed: &Claimed,
    size: i64,
    now: OffsetDateTime,
) -> Result<bool> {
    Ok(execute(db, sql::ready(claimed, size, now)).await? > 0)
}

/// One piece of a making.
pub async fn part(
    db: &impl GenericClient,
    user_id: Uuid,
    attempt: i32,
    number: i32,
) -> Result<Option<Vec<u8>>> {
    let row = optional(db, sql::part(user_id, attempt, number)).await?;
    Ok(row.map(|row| row.get(0)))
}

fn to_export(row: &Row) -> Export {
    Export {
        requested_at: row.get(0),
        ready_at: row.get(1),
        expires_at: row.get(2),
        size: row.get(3),
        attempt: row.get(4),
    }
}

/// The statements.
pub mod sql {
    use super::{CLAIM, Claimed, Duration, LIFETIME, OffsetDateTime, PAUSE, Uuid, Who};
    use crate::{
        database::{
            cte::{cte, cte_once, with},
            now::in_seconds,
        },
        storage::schema::{ExportParts, Exports, Schema},
    };
    use sea_query::{
        Alias, DeleteStatement, Expr, ExprTrait, InsertStatement, LockBehavior, LockType,
        OnConflict, Order, Query, SelectStatement, UpdateStatement, WithQuery,
    };

    /// A new copy to be made, in the place of one that is old enough.
    #[must_use]
    pub fn request(user_id: Uuid, now: OffsetDateTime) -> InsertStatement {
        let old = |column: Exports| Expr::col((Exports::Table, column));
        Query::insert()
            .into_table((Schema::Users, Exports::Table))
            .columns([
                Exports::UserId,
                Exports::RequestedAt,
                Exports::NextAttemptAt,
                Exports::ExpiresAt,
            ])
            .values_panic([
                user_id.into(),
                now.into(),
                Expr::current_timestamp(),
                (now + LIFETIME).into(),
            ])
            .on_conflict(
                OnConflict::column(Exports::UserId)
                    .update_columns([
                        Exports::RequestedAt,
                        Exports::NextAttemptAt,
                        Exports::ExpiresAt,
                    ])
                    .value(Exports::ReadyAt, Expr::val(None::<OffsetDateTime>))
                    .value(Exports::Size, Expr::val(0_i64))
                    .action_and_where(old(Exports::ReadyAt).is_not_null())
                    .action_and_where(old(Exports::RequestedAt).lte(now - PAUSE))
                    .to_owned(),
            )
            .take()
    }

    /// The copy of an account in its time.
    #[must_use]
    pub fn of(who: Who, now: OffsetDateTime) -> SelectStatement {
        Query::select()
            .columns([
                Exports::RequestedAt,
                Exports::ReadyAt,
                Exports::ExpiresAt,
                Exports::Size,
                Exports::Attempts,
            ])
            .from((Schema::Users, Exports::Table))
            .and_where(Expr::col(Exports::UserId).eq(who))
            .and_where(Expr::col(Exports::ExpiresAt).gt(now))
            .take()
    }

    /// Moves the copy due longest ahead, passing over those that another is claiming right now.
    #[must_use]
    pub fn claim(passed: Duration) -> WithQuery {
        let now = in_seconds(passed.as_seconds_f64());
        let due = Query::select()
            .column(Exports::UserId)
            .from((Schema::Users, Exports::Table))
            .and_where(Expr::col(Exports::ReadyAt).is_null())
            .and_where(Expr::col(Exports::NextAttemptAt).lte(now))
            .order_by(Exports::NextAttemptAt, Order::Asc)
            .limit(1)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        let due = cte_once("due", due);
        let last = Query::update()
            .table((Schema::Users, Exports::Table))
            .value(Exports::NextAttemptAt, claimed_until(passed))
            .value(
                Exports::Attempts,
                Expr::col((Exports::Table, Exports::Attempts)).add(1_i32),
            )
            .from(Alias::new("due"))
            .and_where(
                Expr::col((Exports::Table, Exports::UserId)).equals(("due", Exports::UserId)),
            )
            .returning(Query::returning().columns([
                (Exports::Table, Exports::UserId),
                (Exports::Table, Exports::Attempts),
            ]))
            .take();
        with([due], last)
    }

    /// The pieces of other makings, gone.
    #[must_use]
    pub fn forget_others(claimed: &Claimed) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, ExportParts::Table))
            .and_where(Expr::col(ExportParts::UserId).eq(claimed.user_id))
            .and_where(Expr::col(ExportParts::Attempt).ne(claimed.attempt))
            .take()
    }

    /// A piece, if the claim still holds; the claim moves ahead.
    #[must_use]
    pub fn add_part(claimed: &Claimed, number: i32, bytes: &[u8], passed: Duration) -> WithQuery {
        let held = held(claimed)
            .value(Exports::NextAttemptAt, claimed_until(passed))
            .returning_col(Exports::UserId)
            .take();
        let piece = Query::select()
            .column(Exports::UserId)
            .expr(Expr::val(claimed.attempt).cast_as("integer"))
            .expr(Expr::val(number).cast_as("integer"))
            .expr(Expr::val(bytes.to_vec()).cast_as("bytea"))
            .from(Alias::new("held"))
            .take();
        let last = Query::insert()
            .into_table((Schema::Users, ExportParts::Table))
            .columns([
                ExportParts::UserId,
                ExportParts::Attempt,
                ExportParts::Number,
                ExportParts::Bytes,
            ])
            .select_from(piece)
            .map(InsertStatement::take)
            .unwrap_or_default();
        with([cte("held", held)], last)
    }

    /// The copy is ready, if the claim still holds.
    #[must_use]
    pub fn ready(claimed: &Claimed, size: i64, now: OffsetDateTime) -> UpdateStatement {
        held(claimed)
            .value(Exports::ReadyAt, now)
            .value(Exports::ExpiresAt, now + LIFETIME)
            .value(Exports::Size, size)
            .take()
    }

    /// One piece.
    #[must_use]
    pub fn part(user_id: Uuid, attempt: i32, number: i32) -> SelectStatement {
        Query::select()
            .column(ExportParts::Bytes)
            .from((Schema::Users, ExportParts::Table))
            .and_where(Expr::col(ExportParts::UserId).eq(user_id))
            .and_where(Expr::col(ExportParts::Attempt).eq(attempt))
            .and_where(Expr::col(ExportParts::Number).eq(number))
            .take()
    }

    fn claimed_until(passed: Duration) -> Expr {
        in_seconds((passed + CLAIM).as_seconds_f64())
    }

    fn held(claimed: &Claimed) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Exports::Table))
            .and_where(Expr::col(Exports::UserId).eq(claimed.user_id))
            .and_where(Expr::col(Exports::Attempts).eq(claimed.attempt))
            .and_where(Expr::col(Exports::ReadyAt).is_null())
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::{Claimed, Duration, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, ACCOUNT, NOW, SESSION},
    };

    const CLAIMED: Claimed = Claimed {
        user_id: A,
        attempt: 1,
    };

    statements! {
        request(A, NOW);
        of(ACCOUNT, NOW), "an account";
        of(SESSION, NOW), "a session";
        claim(Duration::ZERO);
        forget_others(&CLAIMED);
        add_part(&CLAIMED, 1, b"bytes", Duration::ZERO);
        ready(&CLAIMED, 1, NOW);
        part(A, 1, 1);
    }
}
