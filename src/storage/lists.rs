//! Lists of people as a signed-in viewer sees them: who is in them, and how each of them and the
//! viewer stand to each other, in one statement.

use super::{
    Who,
    follows::{List, relationship::to_relationship},
    users::to_person,
};
use crate::{
    Result,
    database::{GenericClient, all},
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

/// The statements.
pub mod sql {
    use super::{List, Owner, Position, Who};
    use crate::{
        database::cte::{cte, with},
        storage::{
            follows::{relationship::sql::relationship, sql::walk},
            schema::{Follows, Schema, Users},
            users::sql::{PERSON, id_by_username, is_visible},
        },
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
                is_them.and(is_visible()),
            )
            .order_by(created_at, Order::Desc)
            .order_by(id, Order::Desc)
            .take();
        with([cte(edge, edges)], last)
    }
}

#[cfg(test)]
mod reviewed {
    use super::{Owner, sql};
    use crate::{
        database::reviewed::statements,
        domain::Position,
        storage::{
            follows::List,
            samples::{ACCOUNT, AFTER, SESSION},
        },
    };

    statements! {
        page(SESSION, Owner::Viewer, List::Followers, &Position::default()), "the viewer's own";
        page(SESSION, Owner::Named("ana"), List::Followers, &Position::default()), "by number";
        page(ACCOUNT, Owner::Named("ana"), List::Followers, &Position::default()), "an account";
        page(SESSION, Owner::Named("ana"), List::Followers, &AFTER), "by cursor";
    }
}
