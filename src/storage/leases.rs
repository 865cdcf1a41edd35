//! Who does the work that one replica at a time does: `users.leases`. Every time is the database's,
//! so that the clocks of replicas don't matter.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use std::time::Duration;
use uuid::Uuid;

/// Takes a lease that nobody holds any more; says whether it did. Of several at once one does.
pub async fn take(
    db: &impl GenericClient,
    name: &str,
    holder: Uuid,
    lasts: Duration,
) -> Result<bool> {
    Ok(execute(db, sql::take(name, holder, lasts)).await? > 0)
}

/// Has a lease last anew from now on; false when another took it.
pub async fn renew(
    db: &impl GenericClient,
    name: &str,
    holder: Uuid,
    lasts: Duration,
) -> Result<bool> {
    Ok(execute(db, sql::renew(name, holder, lasts)).await? > 0)
}

/// Notes the end of a whole round.
pub async fn done(db: &impl GenericClient, name: &str, holder: Uuid) -> Result<()> {
    execute(db, sql::done(name, holder)).await.map(drop)
}

/// How many seconds ago the last whole round ended; none when nobody ever took the lease.
pub async fn since_done(db: &impl GenericClient, name: &str) -> Result<Option<f64>> {
    let row = optional(db, sql::since_done(name)).await?;
    Ok(row.map(|row| row.get(0)))
}

/// The statements.
pub mod sql {
    use super::{Duration, Uuid};
    use crate::{
        database::now::in_seconds,
        storage::schema::{Leases, Schema},
    };
    use sea_query::{
        Expr, ExprTrait, InsertStatement, OnConflict, Query, SelectStatement, UpdateStatement,
    };

    /// The row of this holder, unless another is in it whose time has not come.
    #[must_use]
    pub fn take(name: &str, holder: Uuid, lasts: Duration) -> InsertStatement {
        let until = Expr::col((Leases::Table, Leases::Until));
        Query::insert()
            .into_table((Schema::Users, Leases::Table))
            .columns([Leases::Name, Leases::Holder, Leases::Until])
            .values_panic([name.into(), holder.into(), in_seconds(lasts.as_secs_f64())])
            .on_conflict(
                OnConflict::column(Leases::Name)
                    .update_columns([Leases::Holder, Leases::Until])
                    .action_and_where(until.lte(Expr::current_timestamp()))
                    .to_owned(),
            )
            .take()
    }

    /// Moves the end ahead, for its holder alone.
    #[must_use]
    pub fn renew(name: &str, holder: Uuid, lasts: Duration) -> UpdateStatement {
        held(name, holder)
            .value(Leases::Until, in_seconds(lasts.as_secs_f64()))
            .take()
    }

    /// That a whole round has ended, by its holder alone.
    #[must_use]
    pub fn done(name: &str, holder: Uuid) -> UpdateStatement {
        held(name, holder)
            .value(Leases::DoneAt, Expr::current_timestamp())
            .take()
    }

    /// The age of the last whole round, in seconds.
    #[must_use]
    pub fn since_done(name: &str) -> SelectStatement {
        let age = Expr::current_timestamp().sub(Expr::col(Leases::DoneAt));
        Query::select()
            .expr(Expr::cust_with_expr("extract(epoch from $1)", age).cast_as("float8"))
            .from((Schema::Users, Leases::Table))
            .and_where(Expr::col(Leases::Name).eq(name))
            .take()
    }

    fn held(name: &str, holder: Uuid) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Leases::Table))
            .and_where(Expr::col(Leases::Name).eq(name))
            .and_where(Expr::col(Leases::Holder).eq(holder))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, MINUTE},
    };

    statements! {
        take("janitor", A, MINUTE);
        renew("janitor", A, MINUTE);
        done("janitor", A);
        since_done("janitor");
    }
}
