//! Buckets that fill up: what is put back, and those that are full again, which go.

use super::Bucket;
use crate::{
    Result,
    storage::{GenericClient, execute},
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

/// Forgets buckets that are full again, and says how many.
pub async fn delete_full(db: &impl GenericClient, now: OffsetDateTime) -> Result<u64> {
    execute(db, sql::delete_full(now)).await
}

/// The statements.
pub mod sql {
    use super::{Bucket, OffsetDateTime};
    use crate::storage::{
        rate_limits::{Asked, asked_for, found, timestamp},
        schema::{RateLimits, Schema},
        with::{cte, with},
    };
    use sea_query::{DeleteStatement, Expr, ExprTrait, Query, WithQuery};

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

    /// Forgets the buckets that are full again.
    #[must_use]
    pub fn delete_full(now: OffsetDateTime) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, RateLimits::Table))
            .and_where(Expr::col(RateLimits::FullAt).lte(now))
            .take()
    }
}
