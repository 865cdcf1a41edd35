//! Taking away the edges of a person that is about to go.

use crate::{
    Result,
    database::{GenericClient, all},
};
use uuid::Uuid;

/// How many edges go at once.
pub const BATCH: usize = 500;

/// Takes away up to [`BATCH`] edges of a person in each direction, and takes them out of the counts
/// of those at the other end, whom it gives; who is leaving too is no exception. The person's own
/// counts are not kept: they go with the person.
pub async fn delete_some_of(db: &impl GenericClient, person: Uuid) -> Result<Vec<Uuid>> {
    let mut others = all(db, sql::delete_followers(person)).await?;
    others.extend(all(db, sql::delete_followees(person)).await?);
    Ok(others.iter().map(|row| row.get(0)).collect())
}

/// The statements.
pub mod sql {
    use super::{BATCH, Uuid};
    use crate::{
        database::cte::{cte, with},
        domain::follow::slot,
        storage::schema::{FollowCounts, Follows, Schema},
    };
    use sea_query::{Alias, DeleteStatement, Expr, ExprTrait, LockType, Order, Query, WithQuery};

    /// A batch of the edges that lead to a person. Gives where they come from.
    #[must_use]
    pub fn delete_followers(person: Uuid) -> WithQuery {
        // A person's own followees are kept in slot 0.
        delete_edges(
            person,
            (Follows::FolloweeId, Follows::FollowerId),
            (FollowCounts::Followees, 0),
        )
    }

    /// A batch of the edges that lead away from a person. Gives where they lead.
    #[must_use]
    pub fn delete_followees(person: Uuid) -> WithQuery {
        delete_edges(
            person,
            (Follows::FollowerId, Follows::FolloweeId),
            (FollowCounts::Followers, slot(person)),
        )
    }

    /// `edge` takes the edges away, `counter` locks the counters of those at the other end in id
    /// order, as all who change counts do, and `counted` takes one off each.
    fn delete_edges(
        person: Uuid,
        (own, other): (Follows, Follows),
        (count, slot): (FollowCounts, i16),
    ) -> WithQuery {
        let (edge, counter) = (Alias::new("edge"), Alias::new("counter"));
        let some = Query::select()
            .column(other)
            .from((Schema::Users, Follows::Table))
            .and_where(Expr::col(own).eq(person))
            .limit(BATCH as u64)
            .take();
        let edges = Query::delete()
            .from_table((Schema::Users, Follows::Table))
            .and_where(Expr::col(own).eq(person))
            .and_where(Expr::col(other).in_subquery(some))
            .returning_col(other)
            .take();
        let others = Query::select().column(other).from(edge.clone()).take();
        let counters = Query::select()
            .column(FollowCounts::UserId)
            .from((Schema::Users, FollowCounts::Table))
            .and_where(Expr::col(FollowCounts::UserId).in_subquery(others))
            .and_where(Expr::col(FollowCounts::Slot).eq(slot))
            .order_by(FollowCounts::UserId, Order::Asc)
            .lock(LockType::NoKeyUpdate)
            .take();
        let locked = Query::select()
            .column(FollowCounts::UserId)
            .from(counter)
            .take();
        let counted = Query::update()
            .table((Schema::Users, FollowCounts::Table))
            .value(count, Expr::col(count).sub(1_i64))
            .and_where(Expr::col(FollowCounts::UserId).in_subquery(locked))
            .and_where(Expr::col(FollowCounts::Slot).eq(slot))
            .returning_col(FollowCounts::UserId)
            .take();
        let last = Query::select().column(other).from(edge).take();
        with(
            [
                cte("edge", edges),
                cte("counter", counters),
                cte("counted", counted),
            ],
            last,
        )
    }

    /// The counter rows of a person without edges.
    #[must_use]
    pub fn forget_counts(person: Uuid) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, FollowCounts::Table))
            .and_where(Expr::col(FollowCounts::UserId).eq(person))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{database::reviewed::statements, storage::samples::A};

    statements! {
        delete_followers(A);
        delete_followees(A);
        forget_counts(A);
    }
}
