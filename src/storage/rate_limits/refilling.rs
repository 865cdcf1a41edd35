//! Buckets that fill up: what is put back, and those that are full again, which go.

use super::Bucket;
use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use time::OffsetDateTime;

/// Puts back what was taken.
pub async fn give_back(
    db: &impl GenericClient,
    buckets: &[Bucket],
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::give_back(buckets, now)).await.map(drop)
}

/// Fills these buckets up.
pub async fn forget(db: &impl GenericClient, buckets: &[Bucket]) -> Result<()> {
    execute(db, sql::forget(buckets)).await.map(drop)
}

/// How many buckets are looked at at once.
pub const PIECE: u64 = 1_000;

/// Looks at the next [`PIECE`] buckets after a key, and forgets those that are full again. Gives the
/// last key of the piece, from which to go on; none at the end of the table.
pub async fn delete_full(
    db: &impl GenericClient,
    after: &[u8],
    now: OffsetDateTime,
) -> Result<Option<Vec<u8>>> {
    let last = optional(db, sql::delete_full(after, now)).await?;
    Ok(last.map(|row| row.get(0)))
}

/// The statements.
pub mod sql {
    use super::{Bucket, OffsetDateTime, PIECE};
    use crate::{
        database::cte::{cte, cte_once, with},
        storage::{
            rate_limits::{Asked, asked_for, found, timestamp},
            schema::{RateLimits, Schema},
        },
    };
    use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, WithQuery};

    /// One try back into each of these buckets.
    #[must_use]
    pub fn give_back(buckets: &[Bucket], now: OffsetDateTime) -> WithQuery {
        let full_at = Expr::col((RateLimits::Table, RateLimits::FullAt));
        let step = Expr::col((Asked::Wanted, Asked::First)).sub(timestamp(now));
        let key = |table| Expr::col((table, RateLimits::Key));
        let last = Query::update()
            .table((Schema::Users, RateLimits::Table))
            .from(Asked::Wanted)
            .from(Asked::Found)
            .value(RateLimits::FullAt, full_at.sub(step))
            .and_where(Expr::col((RateLimits::Table, RateLimits::Key)).eq(key(Asked::Found)))
            .and_where(key(Asked::Wanted).eq(key(Asked::Found)))
            .take();
        with(
            [
                cte(Asked::Wanted, asked_for(buckets, now)),
                cte(Asked::Found, found(buckets)),
            ],
            last,
        )
    }

    /// These buckets, gone, which is the same as full.
    #[must_use]
    pub fn forget(buckets: &[Bucket]) -> WithQuery {
        let keys = Query::select()
            .column(RateLimits::Key)
            .from(Asked::Found)
            .take();
        let last = Query::delete()
            .from_table((Schema::Users, RateLimits::Table))
            .and_where(Expr::col(RateLimits::Key).in_subquery(keys))
            .take();
        with([cte(Asked::Found, found(buckets))], last)
    }

    /// Forgets the full buckets of one piece of the table, walked by its primary key: an index on
    /// `full_at` would make each of the many updates dearer.
    #[must_use]
    pub fn delete_full(after: &[u8], now: OffsetDateTime) -> WithQuery {
        let key = || Expr::col(RateLimits::Key);
        let piece = Query::select()
            .column(RateLimits::Key)
            .from((Schema::Users, RateLimits::Table))
            .and_where(key().gt(after))
            .order_by(RateLimits::Key, Order::Asc)
            .limit(PIECE)
            .take();
        let end = Expr::SubQuery(None, Box::new(of_piece(Order::Desc).into()));
        let full = Query::delete()
            .from_table((Schema::Users, RateLimits::Table))
            .and_where(key().gt(after))
            .and_where(key().lte(end))
            .and_where(Expr::col(RateLimits::FullAt).lte(now))
            .returning_col(RateLimits::Key)
            .take();
        let last = of_piece(Order::Asc).offset(PIECE - 1).take();
        with([cte_once(Asked::Piece, piece), cte("gone", full)], last)
    }

    fn of_piece(order: Order) -> SelectStatement {
        Query::select()
            .column(RateLimits::Key)
            .from(Asked::Piece)
            .order_by(RateLimits::Key, order)
            .limit(1)
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{HASH, NOW, bucket},
    };

    statements! {
        give_back(&[bucket()], NOW);
        forget(&[bucket()]);
        delete_full(&HASH, NOW);
    }
}
