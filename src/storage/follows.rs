//! The follow graph. An edge and its counts change in one statement, so they can't drift.

use super::{GenericClient, all, execute, one, schema::Follows};
use crate::{
    Result,
    domain::{follow::slot, page::Position},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Which list of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Who follows the person.
    Followers,
    /// Whom the person follows.
    Followees,
}

impl List {
    /// The end of its edges that the list belongs to, and the end of those who are in it.
    pub(super) fn ends(self) -> (Follows, Follows) {
        match self {
            Self::Followers => (Follows::FolloweeId, Follows::FollowerId),
            Self::Followees => (Follows::FollowerId, Follows::FolloweeId),
        }
    }
}

/// Makes the edge; false when it was there already.
pub async fn insert(
    db: &impl GenericClient,
    follower: Uuid,
    followee: Uuid,
    now: OffsetDateTime,
) -> Result<bool> {
    let row = one(db, sql::insert(follower, followee, now)).await?;
    Ok(row.get::<_, i64>(0) > 0)
}

/// Takes the edge away; false when it was not there.
pub async fn delete(db: &impl GenericClient, follower: Uuid, followee: Uuid) -> Result<bool> {
    let row = one(db, sql::delete(follower, followee)).await?;
    Ok(row.get::<_, i64>(0) > 0)
}

/// The ids of one page of a list with the times of their edges, newest first, and one more.
pub async fn page(
    db: &impl GenericClient,
    of: Uuid,
    list: List,
    position: &Position,
) -> Result<Vec<(Uuid, OffsetDateTime)>> {
    let rows = all(db, sql::page(of, list, position)).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Takes away every edge of a person that is about to go, one by one in id order.
pub async fn delete_all_of(db: &impl GenericClient, person: Uuid) -> Result<()> {
    let mut edges: Vec<(Uuid, Uuid)> = all(db, sql::edges_of(person))
        .await?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    edges.sort_unstable();
    for (follower, followee) in edges {
        delete(db, follower, followee).await?;
    }
    execute(db, sql::forget_counts(person)).await.map(drop)
}

/// The statements.
pub mod sql {
    use super::{List, OffsetDateTime, Position, Uuid, slot};
    use crate::{
        domain::page::Start,
        storage::{
            deletions::sql::is_kept,
            schema::{FollowCounts, Follows, Schema, Users},
            users::sql as users,
        },
    };
    use sea_query::{
        Alias, CommonTableExpression, Cond, DeleteStatement, Expr, ExprTrait, Func,
        InsertStatement, OnConflict, Order, Query, SelectStatement, SubQueryStatement, UnionType,
        WithClause, WithQuery,
    };

    fn kept(person: Uuid) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(person))
            .and_where(is_kept())
            .take()
    }

    /// Makes an edge between two people that are there to be seen and counts it, both or neither.
    /// Gives the number of edges made.
    #[must_use]
    pub fn insert(follower: Uuid, followee: Uuid, now: OffsetDateTime) -> WithQuery {
        let edge = Query::insert()
            .into_table((Schema::Users, Follows::Table))
            .columns([Follows::FollowerId, Follows::FolloweeId, Follows::CreatedAt])
            .select_from(
                Query::select()
                    .expr(Expr::val(follower).cast_as("uuid"))
                    .column(Users::Id)
                    .expr(Expr::val(now).cast_as("timestamptz"))
                    .from((Schema::Users, Users::Table))
                    .and_where(Expr::col(Users::Id).eq(followee))
                    .and_where(is_kept())
                    .and_where(Expr::exists(kept(follower)))
                    .take(),
            )
            .map(InsertStatement::take)
            .unwrap_or_default()
            .on_conflict(
                OnConflict::columns([Follows::FollowerId, Follows::FolloweeId])
                    .do_nothing()
                    .to_owned(),
            )
            .returning_col(Follows::FollowerId)
            .take();
        counted(edge.into(), follower, followee, 1)
    }

    /// Takes an edge away and out of the counts. Gives the number of edges taken.
    #[must_use]
    pub fn delete(follower: Uuid, followee: Uuid) -> WithQuery {
        let edge = Query::delete()
            .from_table((Schema::Users, Follows::Table))
            .and_where(Expr::col(Follows::FollowerId).eq(follower))
            .and_where(Expr::col(Follows::FolloweeId).eq(followee))
            .and_where(Expr::exists(kept(followee)))
            .returning_col(Follows::FollowerId)
            .take();
        counted(edge.into(), follower, followee, -1)
    }

    /// `with edge as (…), counted as (upsert both counts when there is an edge) select count(*)`.
    /// The two counter rows are taken in id order: mutual follows can't deadlock.
    fn counted(edge: SubQueryStatement, follower: Uuid, followee: Uuid, by: i64) -> WithQuery {
        let edge_name = Alias::new("edge");
        let row = |user: Uuid, slot: i16, followers: i64, followees: i64| {
            Query::select()
                .expr(Expr::val(user).cast_as("uuid"))
                .expr(Expr::val(slot).cast_as("smallint"))
                .expr(Expr::val(followers).cast_as("bigint"))
                .expr(Expr::val(followees).cast_as("bigint"))
                .from(edge_name.clone())
                .take()
        };
        let follower_row = row(follower, 0, 0, by);
        let followee_row = row(followee, slot(follower), by, 0);
        let (mut first, second) = if follower < followee {
            (follower_row, followee_row)
        } else {
            (followee_row, follower_row)
        };
        let rows = first.union(UnionType::All, second).take();
        let add = |column: FollowCounts| {
            Expr::col((FollowCounts::Table, column))
                .add(Expr::col((Alias::new("excluded"), column)))
        };
        let upsert = Query::insert()
            .into_table((Schema::Users, FollowCounts::Table))
            .columns([
                FollowCounts::UserId,
                FollowCounts::Slot,
                FollowCounts::Followers,
                FollowCounts::Followees,
            ])
            .select_from(rows)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .on_conflict(
                OnConflict::columns([FollowCounts::UserId, FollowCounts::Slot])
                    .value(FollowCounts::Followers, add(FollowCounts::Followers))
                    .value(FollowCounts::Followees, add(FollowCounts::Followees))
                    .to_owned(),
            )
            .returning_col(FollowCounts::UserId)
            .take();
        let with = WithClause::new()
            .cte(
                CommonTableExpression::new()
                    .query(edge)
                    .table_name(edge_name.clone())
                    .to_owned(),
            )
            .cte(
                CommonTableExpression::new()
                    .query(upsert)
                    .table_name(Alias::new("counted"))
                    .to_owned(),
            )
            .to_owned();
        Query::select()
            .expr(Func::count(Expr::col(Follows::FollowerId)))
            .from(edge_name)
            .take()
            .with(with)
    }

    /// One page of a list, walked by its index alone, with one row more to know whether it ends.
    #[must_use]
    pub fn page(of: Uuid, list: List, position: &Position) -> SelectStatement {
        walk(of, list, position)
            // Asked once, not for each row: who is leaving has no list.
            .and_where(Expr::exists(users::exists(of)))
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
