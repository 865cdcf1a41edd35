//! Reading one page of a list.

use super::List;
use crate::{
    Result,
    database::{GenericClient, all},
    domain::{Other, page::Position},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// The ids of one page of a list with the times of their edges, newest first, and one more.
pub async fn page(
    db: &impl GenericClient,
    of: Other,
    list: List,
    position: &Position,
) -> Result<Vec<(Uuid, OffsetDateTime)>> {
    let rows = all(db, sql::page(of, list, position)).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The statements.
pub mod sql {
    use super::{List, Other, Position};
    use crate::{
        domain::page::Start,
        storage::{
            schema::{Follows, Schema},
            users::sql as users,
        },
    };
    use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

    /// One page of a list, walked by its index alone, with one row more to know whether it ends.
    #[must_use]
    pub fn page(of: Other, list: List, position: &Position) -> SelectStatement {
        walk(of.id_without_a_look(), list, position)
            // Asked once, not for each row: who is leaving has no list.
            .and_where(Expr::exists(users::visible(of)))
            .take()
    }

    /// The same of somebody who is known to be there.
    pub(in crate::storage) fn walk(
        of: impl Into<Expr>,
        list: List,
        position: &Position,
    ) -> SelectStatement {
        let (owner, other) = list.ends();
        let mut select = Query::select()
            .column(other)
            .column(Follows::CreatedAt)
            .from((Schema::Users, Follows::Table))
            .and_where(Expr::col(owner).eq(of))
            .order_by(Follows::CreatedAt, Order::Desc)
            .order_by(other, Order::Desc)
            .limit(u64::from(position.size) + 1)
            .take();
        match position.start {
            Start::Number(page) => {
                select.offset(u64::from(page - 1) * u64::from(position.size));
            }
            Start::After(cursor) => {
                let at = Expr::tuple([Expr::col(Follows::CreatedAt), Expr::col(other)]);
                let after = Expr::tuple([Expr::val(cursor.created_at), Expr::val(cursor.id)]);
                select.and_where(at.lt(after));
            }
        }
        select
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        domain::Position,
        storage::{
            follows::List,
            samples::{A, AFTER},
        },
    };

    statements! {
        page(A.into(), List::Followers, &Position::default()), "by number";
        page(A.into(), List::Followees, &AFTER), "by cursor";
    }
}
