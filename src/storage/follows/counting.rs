//! Counting an edge within the statement that changes it.

use crate::{
    database::cte::cte,
    domain::follow::{SLOTS, SPARE_SLOTS, slot},
    storage::schema::{FollowCounts, Schema},
};
use sea_query::{
    Alias, CommonTableExpression, Expr, ExprTrait, Func, Iden, InsertStatement, LockBehavior,
    LockType, OnConflict, Query, SelectStatement, SubQueryStatement, UnionType,
};
use uuid::Uuid;

/// The parts of a statement that changes an edge.
#[derive(Iden, Clone, Copy)]
pub(super) enum Part {
    Follower,
    Followee,
    Edge,
    Free,
    Counted,
}

/// `edge`, and `counted`, which changes both counts when there is one. The two counter rows are
/// taken in id order: mutual follows can't deadlock.
pub(super) fn count(
    edge: SubQueryStatement,
    (follower, followee): (Uuid, Uuid),
    by: i64,
) -> [CommonTableExpression; 3] {
    let row = |user: Uuid, slot: Expr, followers: i64, followees: i64| {
        Query::select()
            .expr(Expr::val(user).cast_as("uuid"))
            .expr(slot.cast_as("smallint"))
            .expr(Expr::val(followers).cast_as("bigint"))
            .expr(Expr::val(followees).cast_as("bigint"))
            .from(Part::Edge)
            .take()
    };
    let own = slot_row(followee, slot(follower));
    let free = own
        .clone()
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .take();
    let follower_row = row(follower, Expr::val(0_i16), 0, by);
    let followee_row = row(followee, free_slot(own, slot(follower)), by, 0);
    let (mut first, second) = if follower < followee {
        (follower_row, followee_row)
    } else {
        (followee_row, follower_row)
    };
    let rows = first.union(UnionType::All, second).take();
    let add = |column: FollowCounts| {
        Expr::col((FollowCounts::Table, column)).add(Expr::col((Alias::new("excluded"), column)))
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
    [
        cte(Part::Edge, edge),
        cte(Part::Free, free),
        cte(Part::Counted, upsert),
    ]
}

fn slot_row(person: Uuid, slot: i16) -> SelectStatement {
    Query::select()
        .column(FollowCounts::Slot)
        .from((Schema::Users, FollowCounts::Table))
        .and_where(Expr::col(FollowCounts::UserId).eq(person))
        .and_where(Expr::col(FollowCounts::Slot).eq(slot))
        .take()
}

/// The follower's slot when nobody holds its row; when somebody does, until the disk has their
/// commit, a spare one, different for each connection. Rows are not made before they are needed.
fn free_slot(own_row: SelectStatement, own: i16) -> Expr {
    let free = Query::select()
        .column(FollowCounts::Slot)
        .from(Part::Free)
        .take();
    let connection = Expr::from(Func::cust(Alias::new("pg_backend_pid")));
    let spare = connection
        .modulo(i32::from(SPARE_SLOTS))
        .add(i32::from(SLOTS));
    let instead = own_row.clone().clear_selects().expr(spare).take();
    Func::coalesce([subquery(free), subquery(instead), Expr::val(i32::from(own))]).into()
}

fn subquery(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}
