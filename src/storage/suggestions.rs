//! People whom somebody may want to follow: followed by those that the viewer follows.

use super::{GenericClient, all, users};
use crate::{Result, domain::Person};
use uuid::Uuid;

/// People with a proven address whom people follow that `viewer` follows, and `viewer` not yet,
/// each with the number of these people: most first, then newest.
///
/// The work is bounded whatever the graph is: the viewer's 200 newest followees, 100 newest edges
/// of each, 2,000 edges in all. So the number is one of people seen, and may be too small.
pub async fn by_mutuals(
    db: &impl GenericClient,
    viewer: Uuid,
    limit: u64,
) -> Result<Vec<(Person, i64)>> {
    let rows = all(db, sql::by_mutuals(viewer, limit)).await?;
    let with_count = |row| (users::to_person(row), row.get(4));
    Ok(rows.iter().map(with_count).collect())
}

/// The statements.
pub mod sql {
    use super::{Uuid, users::sql as users};
    use crate::storage::schema::{Follows, Schema, Users};
    use sea_query::{
        Alias, CommonTableExpression, Expr, ExprTrait, Func, JoinType, Order, Query,
        SelectStatement, WithClause, WithQuery,
    };

    /// How many of the viewer's followees are looked at.
    const FOLLOWEES: u64 = 200;
    /// How many edges of each, so that one who follows thousands does not decide alone.
    const EDGES_OF_ONE: u64 = 100;
    /// How many edges in all.
    const EDGES: u64 = 2_000;

    /// The newest edges of a follower, walked by the index of its list.
    fn newest_edges(limit: u64) -> SelectStatement {
        Query::select()
            .column(Follows::FolloweeId)
            .from((Schema::Users, Follows::Table))
            .order_by(Follows::CreatedAt, Order::Desc)
            .order_by(Follows::FolloweeId, Order::Desc)
            .limit(limit)
            .take()
    }

    /// People followed by the viewer's followees. Gives the person's columns and the number.
    #[must_use]
    pub fn by_mutuals(viewer: Uuid, limit: u64) -> WithQuery {
        let (own, seen, edge) = (Alias::new("own"), Alias::new("seen"), Alias::new("edge"));
        let mutuals = Alias::new("mutuals");
        let own_edges = newest_edges(FOLLOWEES)
            .and_where(Expr::col(Follows::FollowerId).eq(viewer))
            .take();
        let edges_of_one = newest_edges(EDGES_OF_ONE)
            .and_where(Expr::col(Follows::FollowerId).equals((own.clone(), Follows::FolloweeId)))
            .take();
        // Not sorted: the two are joined one followee after the other, and reading stops in time.
        let edges = Query::select()
            .column((edge.clone(), Follows::FolloweeId))
            .from(own.clone())
            .join_lateral(
                JoinType::InnerJoin,
                edges_of_one,
                edge.clone(),
                Expr::col((edge, Follows::FolloweeId)).ne(viewer),
            )
            .limit(EDGES)
            .take();
        let counted = Query::select()
            .column(Follows::FolloweeId)
            .expr_as(Func::count(Expr::col(Follows::FolloweeId)), mutuals.clone())
            .from(Alias::new("edges"))
            .group_by_col(Follows::FolloweeId)
            .take();
        let cte = |name: Alias, query: SelectStatement| {
            CommonTableExpression::new()
                .query(query)
                .table_name(name)
                .to_owned()
        };
        let with = WithClause::new()
            .cte(cte(own, own_edges))
            .cte(cte(Alias::new("edges"), edges))
            .cte(cte(seen.clone(), counted))
            .to_owned();
        users::unfollowed(viewer)
            .column((seen.clone(), mutuals.clone()))
            .inner_join(
                seen.clone(),
                Expr::col((seen.clone(), Follows::FolloweeId)).equals((Users::Table, Users::Id)),
            )
            .order_by((seen, mutuals), Order::Desc)
            .order_by((Users::Table, Users::Id), Order::Desc)
            .limit(limit)
            .take()
            .with(with)
    }
}
