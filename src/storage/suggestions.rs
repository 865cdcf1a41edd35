//! People whom somebody may want to follow: followed by those that the viewer follows, else newest.

use super::{Who, users};
use crate::{
    Result,
    database::{GenericClient, all},
    domain::{Person, Relationship},
};

/// Somebody to follow.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// Who.
    pub person: Person,
    /// How many people that the viewer follows follow this person, as far as was looked.
    pub mutuals: i64,
    /// How the viewer and the person stand to each other.
    pub relationship: Relationship,
}

/// Up to `limit` people with a proven address whom people follow that the viewer follows, and the
/// viewer not yet; where they are fewer, as many of the newest whom the viewer does not follow, who
/// may be the same again. Most followed by these people first, then newest.
///
/// The work is bounded whatever the graph is: the viewer's 200 newest followees, 100 newest edges
/// of each, 2,000 edges in all. So the number is one of people seen, and may be too small.
pub async fn of(db: &impl GenericClient, viewer: Who, limit: u64) -> Result<Vec<Suggestion>> {
    let rows = all(db, sql::of(viewer, limit)).await?;
    let found = rows.iter().map(|row| Suggestion {
        person: users::to_person(row),
        mutuals: row.get(4),
        relationship: Relationship {
            following: false,
            followed_by: row.get(5),
        },
    });
    Ok(found.collect())
}

/// The statements.
pub mod sql {
    use super::{Who, users::sql as users};
    use crate::{
        database::cte::{cte, with},
        storage::{
            follows::relationship::sql::is_edge,
            schema::{Follows, Schema, Users},
        },
    };
    use sea_query::{
        Alias, Asterisk, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, UnionType,
        WithQuery,
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

    /// Who is suggested. Gives the person's columns, the number, and whether the person follows the
    /// viewer.
    #[must_use]
    pub fn of(who: Who, limit: u64) -> WithQuery {
        // Looked up once.
        let viewer = Alias::new("viewer");
        let looked_up = Query::select().expr_as(Expr::from(who), Users::Id).take();
        let viewer_id = Query::select()
            .column((viewer.clone(), Users::Id))
            .from(viewer.clone())
            .take();
        let viewer_id = Expr::SubQuery(None, Box::new(viewer_id.into()));
        let (own, seen, edge) = (Alias::new("own"), Alias::new("seen"), Alias::new("edge"));
        let (known, mutuals) = (Alias::new("known"), Alias::new("mutuals"));
        let own_edges = newest_edges(FOLLOWEES)
            .and_where(Expr::col(Follows::FollowerId).eq(viewer_id.clone()))
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
                Expr::col((edge, Follows::FolloweeId)).ne(viewer_id.clone()),
            )
            .limit(EDGES)
            .take();
        let counted = Query::select()
            .column(Follows::FolloweeId)
            .expr_as(Func::count(Expr::col(Follows::FolloweeId)), mutuals.clone())
            .from(Alias::new("edges"))
            .group_by_col(Follows::FolloweeId)
            .take();
        let by_mutuals = unfollowed(&viewer_id)
            .column((seen.clone(), mutuals.clone()))
            .expr_as(follows(&viewer_id), Alias::new("follows_viewer"))
            .inner_join(
                seen.clone(),
                Expr::col((seen.clone(), Follows::FolloweeId)).equals((Users::Table, Users::Id)),
            )
            .order_by((seen.clone(), mutuals), Order::Desc)
            .order_by((Users::Table, Users::Id), Order::Desc)
            .limit(limit)
            .take();
        let parts = [
            cte(viewer, looked_up),
            cte(own, own_edges),
            cte("edges", edges),
            cte(seen, counted),
            cte(known.clone(), by_mutuals),
        ];
        let last = Query::select()
            .column((known.clone(), Asterisk))
            .from(known)
            .union(UnionType::All, newest(&viewer_id, limit))
            .take();
        with(parts, last)
    }

    /// The newest whom the viewer does not follow, unless as many are known already. Nobody's search
    /// would find no end, so both are asked once, before the first row.
    fn newest(viewer: &Expr, limit: u64) -> SelectStatement {
        let known = Alias::new("known");
        let number_known = Query::select()
            .expr(Expr::col((known.clone(), Users::Id)).count())
            .from(known)
            .take();
        let number_known = Expr::SubQuery(None, Box::new(number_known.into()));
        unfollowed(viewer)
            .expr(Expr::val(0_i64).cast_as("bigint"))
            .expr(follows(viewer))
            .and_where(viewer.clone().is_not_null())
            .and_where(number_known.lt(i64::try_from(limit).unwrap_or(i64::MAX)))
            // Ids are made in the order of time (UUID version 7), so the primary key is walked.
            .order_by((Users::Table, Users::Id), Order::Desc)
            .limit(limit)
            .take()
    }

    /// Whether the person of a row follows the viewer.
    fn follows(viewer: &Expr) -> Expr {
        is_edge(Expr::col((Users::Table, Users::Id)), viewer.clone())
    }

    /// Others with a proven address that the viewer does not follow.
    fn unfollowed(viewer: &Expr) -> SelectStatement {
        let person = || Expr::col((Users::Table, Users::Id));
        Query::select()
            .columns(users::PERSON.map(|column| (Users::Table, column)))
            .from((Schema::Users, Users::Table))
            .and_where(person().ne(viewer.clone()))
            .and_where(Expr::col((Users::Table, Users::EmailVerified)))
            .and_where(users::is_visible())
            .and_where(is_edge(viewer.clone(), person()).not())
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{ACCOUNT, SESSION},
    };

    statements! {
        of(SESSION, 16), "a session";
        of(ACCOUNT, 16), "an account";
    }
}
