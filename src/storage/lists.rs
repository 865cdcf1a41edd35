//! Lists of people as a signed-in viewer sees them: who is in them, and how each of them and the
//! viewer stand to each other, in one statement.

use super::{GenericClient, Who, all, follows::List, users::to_person};
use crate::{
    Result,
    domain::{Cursor, Person, Position, Relationship},
};
use tokio_postgres::Row;

/// Whose list.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'a> {
    /// The viewer's own.
    Viewer,
    /// The one of the person with this handle, whatever its case; empty if there is none.
    Named(&'a str),
}

/// Somebody in a list.
pub struct Listed {
    /// The place in the list.
    pub at: Cursor,
    /// Who it is, unless that person is leaving.
    pub person: Option<(Person, Relationship)>,
}

/// One page of a list, newest first, and one more.
pub async fn page(
    db: &impl GenericClient,
    viewer: Who,
    owner: Owner<'_>,
    list: List,
    position: &Position,
) -> Result<Vec<Listed>> {
    let rows = all(db, sql::page(viewer, owner, list, position)).await?;
    Ok(rows.iter().map(to_listed).collect())
}

fn to_listed(row: &Row) -> Listed {
    let is_there = row.get::<_, Option<&str>>(1).is_some();
    Listed {
        at: Cursor {
            id: row.get(4),
            created_at: row.get(5),
        },
        person: is_there.then(|| (to_person(row), to_relationship(row))),
    }
}

/// How the viewer and the person of a row stand to each other.
pub(super) fn to_relationship(row: &Row) -> Relationship {
    Relationship {
        following: row.get(FOLLOWING),
        followed_by: row.get(FOLLOWED_BY),
    }
}

const FOLLOWING: &str = "following";
const FOLLOWED_BY: &str = "followed_by";

/// The statements.
pub mod sql {
    use super::{FOLLOWED_BY, FOLLOWING, List, Owner, Position, Who};
    use crate::storage::{
        deletions::sql::is_kept,
        follows::sql::walk,
        schema::{Follows, Schema, Users},
        users::sql::{PERSON, id_by_username},
        with::{cte, with},
    };
    use sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, WithQuery};

    /// One page of a list, with one row more to know whether it ends. The list's index is walked
    /// first; only who is on the page is looked up.
    #[must_use]
    pub fn page(viewer: Who, owner: Owner<'_>, list: List, position: &Position) -> WithQuery {
        let owner = match owner {
            Owner::Viewer => viewer.into(),
            Owner::Named(name) => Expr::SubQuery(None, Box::new(id_by_username(name).into())),
        };
        let edges = walk(owner, list, position)
            // Asked once: for nobody not a step is taken, however deep the page.
            .and_where(Expr::from(viewer).is_not_null())
            .take();
        let (_, other) = list.ends();
        let edge = Alias::new("edge");
        let (id, created_at) = ((edge.clone(), other), (edge.clone(), Follows::CreatedAt));
        let is_them = Expr::col((Users::Table, Users::Id)).equals(id.clone());
        let [following, followed_by] = relationship(viewer);
        let last = Query::select()
            .columns(PERSON.map(|column| (Users::Table, column)))
            .column(id.clone())
            .column(created_at.clone())
            .expr_as(following.1, following.0)
            .expr_as(followed_by.1, followed_by.0)
            .from(edge.clone())
            .join(
                JoinType::LeftJoin,
                (Schema::Users, Users::Table),
                is_them.and(is_kept()),
            )
            .order_by(created_at, Order::Desc)
            .order_by(id, Order::Desc)
            .take();
        with([cte(edge, edges)], last)
    }

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
