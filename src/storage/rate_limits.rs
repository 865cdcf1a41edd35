//! Buckets of tries, shared by all replicas: `users.rate_limits`.

use super::{GenericClient, all, execute, one};
use crate::{Result, domain::limit::Limit};
use std::time::Duration;
use time::OffsetDateTime;

/// A hash of what is limited.
pub type Key = [u8; 32];

/// A bucket to take one try from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Which.
    pub key: Key,
    /// How much it holds, and how fast it fills up.
    pub limit: Limit,
}

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

/// What a look at a bucket shows.
pub struct Seen {
    /// Which.
    pub key: Vec<u8>,
    /// How many seconds it is empty for, if it is.
    pub wait: Option<f64>,
    /// Whether it is that of a device that is known.
    pub is_known: bool,
}

/// Looks at these buckets. Takes nothing and locks nothing.
pub async fn look(
    db: &impl GenericClient,
    buckets: &[Bucket],
    now: OffsetDateTime,
) -> Result<Vec<Seen>> {
    let rows = all(db, sql::look(buckets, now)).await?;
    let seen = rows.iter().map(|row| Seen {
        key: row.get(0),
        wait: row.get(1),
        is_known: row.get(2),
    });
    Ok(seen.collect())
}

/// Puts back what was taken.
pub async fn give_back(
    db: &impl GenericClient,
    buckets: &[Bucket],
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::give_back(buckets, now)).await.map(drop)
}

/// Forgets buckets that are full again, and says how many.
pub async fn delete_full(db: &impl GenericClient, now: OffsetDateTime) -> Result<u64> {
    execute(db, sql::delete_full(now)).await
}

/// The statements.
pub mod sql {
    use super::{Bucket, OffsetDateTime};
    use crate::storage::{
        rows,
        schema::{KnownDevices, RateLimits, Schema},
        with::{cte, with},
    };
    use sea_query::{
        Alias, DeleteStatement, Expr, ExprTrait, Func, Iden, InsertStatement, JoinType, LockType,
        OnConflict, Order, Query, SelectStatement, WithQuery,
    };

    /// The columns that a statement works with beside the table's.
    #[derive(Iden, Clone, Copy)]
    enum Asked {
        Wanted,
        Found,
        Judged,
        Taken,
        /// `full_at` of a full bucket that one try is taken from.
        First,
        /// The latest `full_at` that leaves a try in the bucket.
        Latest,
    }

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

    /// These buckets: how long each is empty, and whether it is that of a known device.
    #[must_use]
    pub fn look(buckets: &[Bucket], now: OffsetDateTime) -> WithQuery {
        let full_at = || Expr::col((RateLimits::Table, RateLimits::FullAt));
        let latest = || Expr::col((Asked::Wanted, Asked::Latest));
        let key = || Expr::col((Asked::Wanted, RateLimits::Key));
        let wait = Expr::cust_with_expr("extract(epoch from $1)", full_at().sub(latest()));
        let known = Query::select()
            .column(KnownDevices::UserId)
            .from((Schema::Users, KnownDevices::Table))
            .and_where(Expr::col((KnownDevices::Table, KnownDevices::Key)).eq(key()))
            .and_where(Expr::col((KnownDevices::Table, KnownDevices::ExpiresAt)).gt(now))
            .take();
        let last = Query::select()
            .column((Asked::Wanted, RateLimits::Key))
            .expr(wait.cast_as("float8"))
            .expr(Expr::exists(known))
            .from(Asked::Wanted)
            .join(
                JoinType::LeftJoin,
                (Schema::Users, RateLimits::Table),
                Expr::col((RateLimits::Table, RateLimits::Key))
                    .eq(key())
                    .and(full_at().gt(latest())),
            )
            .take();
        with([cte(Asked::Wanted, asked_for(buckets, now))], last)
    }

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

    /// Forgets the buckets that are full again.
    #[must_use]
    pub fn delete_full(now: OffsetDateTime) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, RateLimits::Table))
            .and_where(Expr::col(RateLimits::FullAt).lte(now))
            .take()
    }

    /// A row for each bucket, of which there is one at least.
    fn asked_for(buckets: &[Bucket], now: OffsetDateTime) -> SelectStatement {
        let row = |bucket: &Bucket| {
            Query::select()
                .expr_as(
                    Expr::val(bucket.key.as_slice()).cast_as("bytea"),
                    RateLimits::Key,
                )
                .expr_as(timestamp(now + bucket.limit.step), Asked::First)
                .expr_as(
                    timestamp(now + (bucket.limit.whole() - bucket.limit.step)),
                    Asked::Latest,
                )
                .take()
        };
        rows(buckets.iter().map(row))
    }

    /// The buckets that there are, locked in the order of their keys.
    fn found(buckets: &[Bucket]) -> SelectStatement {
        let keys = buckets.iter().map(|bucket| bucket.key.as_slice());
        Query::select()
            .columns([RateLimits::Key, RateLimits::FullAt])
            .from((Schema::Users, RateLimits::Table))
            .and_where(Expr::col(RateLimits::Key).is_in(keys))
            .order_by(RateLimits::Key, Order::Asc)
            .lock(LockType::Update)
            .take()
    }

    fn timestamp(at: OffsetDateTime) -> Expr {
        Expr::val(at).cast_as("timestamptz")
    }

    fn subquery(select: SelectStatement) -> Expr {
        Expr::SubQuery(None, Box::new(select.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::{Limits, Rule};
    use sea_query::PostgresQueryBuilder;

    /// Else PostgreSQL would plan for the length of an array every time.
    #[test]
    fn buckets_are_named_one_by_one() {
        let limit = Limits::default().of(Rule::LogInAccount);
        let buckets = [1, 2, 3].map(|n| Bucket {
            key: [n; 32],
            limit,
        });
        let now = OffsetDateTime::UNIX_EPOCH;
        for statement in [
            sql::take(&buckets, now),
            sql::look(&buckets, now),
            sql::give_back(&buckets, now),
        ] {
            let (text, _) = statement.build(PostgresQueryBuilder);
            assert_eq!(text.matches(" UNION ALL ").count(), 2, "{text}");
            assert!(!text.contains("[]") && !text.contains("ANY("), "{text}");
        }
    }
}
