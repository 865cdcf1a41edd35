//! How a viewer and another person stand to each other.

use crate::domain::Relationship;
use tokio_postgres::Row;

/// How the viewer and the person of a row stand to each other.
pub(in crate::storage) fn to_relationship(row: &Row) -> Relationship {
    Relationship {
        following: row.get(FOLLOWING),
        followed_by: row.get(FOLLOWED_BY),
    }
}

const FOLLOWING: &str = "following";
const FOLLOWED_BY: &str = "followed_by";

/// The statements.
pub mod sql {
    use super::{FOLLOWED_BY, FOLLOWING};
    use crate::storage::{
        Who,
        schema::{Follows, Schema, Users},
    };
    use sea_query::{Alias, Expr, ExprTrait, Query};

    /// Whether the viewer follows the person of a row, and whether that person follows the viewer.
    pub(in crate::storage) fn relationship(viewer: Who) -> [(Alias, Expr); 2] {
        let person = || Expr::col((Users::Table, Users::Id));
        [
            (Alias::new(FOLLOWING), is_edge(viewer, person())),
            (Alias::new(FOLLOWED_BY), is_edge(person(), viewer)),
        ]
    }

    /// Whether one follows the other: a look at one place of the primary key. EXISTS would let the
    /// planner read all edges of one of them instead.
    pub(in crate::storage) fn is_edge(from: impl Into<Expr>, to: impl Into<Expr>) -> Expr {
        let edge = Query::select()
            .column((Follows::Table, Follows::FollowerId))
            .from((Schema::Users, Follows::Table))
            .and_where(Expr::col((Follows::Table, Follows::FollowerId)).eq(from))
            .and_where(Expr::col((Follows::Table, Follows::FolloweeId)).eq(to))
            .take();
        Expr::SubQuery(None, Box::new(edge.into())).is_not_null()
    }
}
