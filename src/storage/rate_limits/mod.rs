//! Buckets of tries, shared by all replicas: `users.rate_limits`.

mod looking;
mod refilling;
mod taking;

pub use looking::{Seen, look};
pub use refilling::{delete_full, forget, give_back};
pub use taking::{take, whole_seconds};

use super::schema::{RateLimits, Schema};
use crate::{database::rows, domain::limit::Limit};
use sea_query::{Expr, ExprTrait, Iden, LockType, Order, Query, SelectStatement};
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

/// The statements.
pub mod sql {
    pub use super::{looking::sql::*, refilling::sql::*, taking::sql::*};
}

/// The columns that a statement works with beside the table's.
#[derive(Iden, Clone, Copy)]
enum Asked {
    Wanted,
    Found,
    Judged,
    Taken,
    Piece,
    /// `full_at` of a full bucket that one try is taken from.
    First,
    /// The latest `full_at` that leaves a try in the bucket.
    Latest,
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
