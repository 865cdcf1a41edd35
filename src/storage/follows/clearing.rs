//! Taking away every edge of a person that is about to go.

use super::delete;
use crate::{
    Result,
    storage::{GenericClient, all, execute},
};
use uuid::Uuid;

/// Takes away every edge of a person that is about to go, one by one in id order. Gives those at the
/// other ends, whose counts have changed.
pub async fn delete_all_of(db: &impl GenericClient, person: Uuid) -> Result<Vec<Uuid>> {
    let mut edges: Vec<(Uuid, Uuid)> = all(db, sql::edges_of(person))
        .await?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    edges.sort_unstable();
    let mut others = Vec::new();
    for (follower, followee) in edges {
        delete(db, follower, followee).await?;
        others.push(if follower == person {
            followee
        } else {
            follower
        });
    }
    execute(db, sql::forget_counts(person)).await?;
    Ok(others)
}

/// The statements.
pub mod sql {
    use super::Uuid;
    use crate::storage::schema::{FollowCounts, Follows, Schema};
    use sea_query::{Cond, DeleteStatement, Expr, ExprTrait, Query, SelectStatement};

    /// Every edge of a person.
    #[must_use]
    pub fn edges_of(person: Uuid) -> SelectStatement {
        Query::select()
            .columns([Follows::FollowerId, Follows::FolloweeId])
            .from((Schema::Users, Follows::Table))
            .cond_where(
                Cond::any()
                    .add(Expr::col(Follows::FollowerId).eq(person))
                    .add(Expr::col(Follows::FolloweeId).eq(person)),
            )
            .take()
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
