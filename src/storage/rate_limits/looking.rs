//! Looking at buckets without taking anything.

use super::Bucket;
use crate::{
    Result,
    database::{GenericClient, all},
};
use time::OffsetDateTime;

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

/// The statements.
pub mod sql {
    use super::{Bucket, OffsetDateTime};
    use crate::{
        database::cte::{cte, with},
        storage::{
            rate_limits::{Asked, asked_for},
            schema::{KnownDevices, RateLimits, Schema},
        },
    };
    use sea_query::{Expr, ExprTrait, JoinType, Query, WithQuery};

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
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{NOW, bucket},
    };

    statements! {
        look(&[bucket()], NOW);
    }
}
