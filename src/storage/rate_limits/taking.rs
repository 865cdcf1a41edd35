//! Taking a try.

use super::Bucket;
use crate::{
    Result,
    database::{GenericClient, one},
};
use std::time::Duration;
use time::OffsetDateTime;

/// Takes one try from each of these buckets, or from none when one of them is empty: then says
/// how long until it is not. One statement; of any number at once, on however many replicas, a
/// bucket gives no more than it holds.
pub async fn take(
    db: &impl GenericClient,
    buckets: &[Bucket],
    now: OffsetDateTime,
) -> Result<Option<Duration>> {
    let row = one(db, sql::take(buckets, now)).await?;
    let (taken, wait): (i64, f64) = (row.get(0), row.get(1));
    if usize::try_from(taken) == Ok(buckets.len()) {
        return Ok(None);
    }
    Ok(Some(whole_seconds(wait)))
}

/// How long to wait, as it is told: at least a second, also when somebody else took the last try
/// in this very moment.
#[must_use]
pub fn whole_seconds(wait: f64) -> Duration {
    Duration::try_from_secs_f64(wait.ceil().max(1.0)).unwrap_or(Duration::MAX)
}

/// The statements.
pub mod sql {
    use super::{Bucket, OffsetDateTime};
    use crate::{
        database::cte::{cte, with},
        storage::{
            rate_limits::{Asked, asked_for, found, timestamp},
            schema::{RateLimits, Schema},
        },
    };
    use sea_query::{
        Alias, Expr, ExprTrait, Func, InsertStatement, JoinType, OnConflict, Order, Query,
        SelectStatement, WithQuery,
    };

    /// `found` locks the buckets that there are, in the order of their keys, so that nobody waits
    /// for each other; `judged` looks at all; `taken` takes from all or none. A bucket that
    /// somebody else made in this very moment is not locked: there the condition of the upsert
    /// says no.
    #[must_use]
    pub fn take(buckets: &[Bucket], now: OffsetDateTime) -> WithQuery {
        let at = |table: Asked| move |column| Expr::col((table, column));
        let wanted = move |column: Asked| Expr::col((Asked::Wanted, column));
        let judged = Query::select()
            .column((Asked::Wanted, RateLimits::Key))
            .column((Asked::Wanted, Asked::First))
            .column((Asked::Wanted, Asked::Latest))
            .expr_as(
                Func::greatest([at(Asked::Found)(RateLimits::FullAt), timestamp(now)]),
                RateLimits::FullAt,
            )
            .from(Asked::Wanted)
            .join(
                JoinType::LeftJoin,
                Asked::Found,
                at(Asked::Found)(RateLimits::Key).eq(at(Asked::Wanted)(RateLimits::Key)),
            )
            .take();
        let is_empty = Query::select()
            .column(RateLimits::Key)
            .from(Asked::Judged)
            .and_where(Expr::col(RateLimits::FullAt).gt(Expr::col(Asked::Latest)))
            .take();
        let tries = Query::select()
            .column(RateLimits::Key)
            .column(Asked::First)
            .from(Asked::Judged)
            .and_where(Expr::exists(is_empty).not())
            .order_by(RateLimits::Key, Order::Asc)
            .take();
        let excluded = |column: RateLimits| Expr::col((Alias::new("excluded"), column));
        let latest = Query::select()
            .expr(wanted(Asked::Latest))
            .from(Asked::Wanted)
            .and_where(at(Asked::Wanted)(RateLimits::Key).eq(excluded(RateLimits::Key)))
            .take();
        let level = || {
            let full_at = Expr::col((RateLimits::Table, RateLimits::FullAt));
            Expr::from(Func::greatest([full_at, timestamp(now)]))
        };
        let taken = Query::insert()
            .into_table((Schema::Users, RateLimits::Table))
            .columns([RateLimits::Key, RateLimits::FullAt])
            .select_from(tries)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .on_conflict(
                OnConflict::column(RateLimits::Key)
                    .value(
                        RateLimits::FullAt,
                        level().add(excluded(RateLimits::FullAt).sub(timestamp(now))),
                    )
                    .action_and_where(level().lte(subquery(latest)))
                    .to_owned(),
            )
            .returning_col(RateLimits::Key)
            .take();
        let count = Query::select()
            .expr(Func::count(Expr::col(RateLimits::Key)))
            .from(Asked::Taken)
            .take();
        let wait = Expr::cust_with_expr(
            "extract(epoch from max($1))",
            Expr::col(RateLimits::FullAt).sub(Expr::col(Asked::Latest)),
        );
        let last = Query::select()
            .expr(subquery(count))
            .expr(wait.cast_as("float8"))
            .from(Asked::Judged)
            .take();
        with(
            [
                cte(Asked::Wanted, asked_for(buckets, now)),
                cte(Asked::Found, found(buckets)),
                cte(Asked::Judged, judged),
                cte(Asked::Taken, taken),
            ],
            last,
        )
    }

    fn subquery(select: SelectStatement) -> Expr {
        Expr::SubQuery(None, Box::new(select.into()))
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{NOW, bucket},
    };

    statements! {
        take(&[bucket()], NOW);
    }
}
