//! The follow graph. An edge and its counts change in one statement, so they can't drift.

use super::{GenericClient, all, execute, one, schema::Follows};
use crate::{Result, domain::page::Position};
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

/// What became of an edge that was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It is new.
    New,
    /// It was there already.
    Already,
    /// It is not there: the one who was to be followed is not.
    NoFollowee,
    /// It is not there: who was to follow is not.
    NoFollower,
}

/// Makes the edge and counts it, in one statement that says all there is to say.
pub async fn insert(
    db: &impl GenericClient,
    follower: Uuid,
    followee: Uuid,
    now: OffsetDateTime,
) -> Result<Made> {
    let row = one(db, sql::insert(follower, followee, now)).await?;
    Ok(match (row.get(0), row.get(1), row.get(2)) {
        (true, ..) => Made::New,
        (_, false, _) => Made::NoFollowee,
        (.., false) => Made::NoFollower,
        _ => Made::Already,
    })
}

/// Takes the edge away; says whether it was there. `None`: the one who was followed is not.
pub async fn delete(
    db: &impl GenericClient,
    follower: Uuid,
    followee: Uuid,
) -> Result<Option<bool>> {
    let row = one(db, sql::delete(follower, followee)).await?;
    Ok(row.get::<_, bool>(1).then(|| row.get(0)))
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
    use super::{List, OffsetDateTime, Position, Uuid};
    use crate::{
        domain::{
            follow::{SLOTS, SPARE_SLOTS, slot},
            page::Start,
        },
        storage::{
            schema::{FollowCounts, Follows, Schema, Users},
            users::sql as users,
            with::{cte, with},
        },
    };
    use sea_query::{
        Alias, CommonTableExpression, Cond, DeleteStatement, Expr, ExprTrait, Func, Iden,
        InsertStatement, LockBehavior, LockType, OnConflict, Order, Query, SelectStatement,
        SubQueryStatement, UnionType, WithQuery,
    };

    /// The parts of a statement that changes an edge.
    #[derive(Iden, Clone, Copy)]
    enum Part {
        Follower,
        Followee,
        Edge,
        Free,
        Counted,
    }

    /// Makes an edge between two people that are there to be seen and counts it, both or neither.
    /// Says whether it made one, and whether the followee and the follower are there.
    #[must_use]
    pub fn insert(follower: Uuid, followee: Uuid, now: OffsetDateTime) -> WithQuery {
        let edge = Query::insert()
            .into_table((Schema::Users, Follows::Table))
            .columns([Follows::FollowerId, Follows::FolloweeId, Follows::CreatedAt])
            .select_from(
                Query::select()
                    .column((Part::Follower, Users::Id))
                    .column((Part::Followee, Users::Id))
                    .expr(Expr::val(now).cast_as("timestamptz"))
                    .from(Part::Follower)
                    .from(Part::Followee)
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
        let people = [
            cte(Part::Followee, users::exists(followee)),
            cte(Part::Follower, users::exists(follower)),
        ];
        let counting = count(edge.into(), (follower, followee), 1);
        let last = said(&[Part::Followee, Part::Follower]);
        with(people.into_iter().chain(counting), last)
    }

    /// Deletes an edge to a person that is there to be seen and counts it out, both or neither.
    /// Says whether it deleted one, and whether the followee is there.
    #[must_use]
    pub fn delete(follower: Uuid, followee: Uuid) -> WithQuery {
        let there = Query::select()
            .column(Users::Id)
            .from(Part::Followee)
            .take();
        let edge = Query::delete()
            .from_table((Schema::Users, Follows::Table))
            .and_where(Expr::col(Follows::FollowerId).eq(follower))
            .and_where(Expr::col(Follows::FolloweeId).eq(followee))
            .and_where(Expr::exists(there))
            .returning_col(Follows::FollowerId)
            .take();
        let followee_there = [cte(Part::Followee, users::exists(followee))];
        let counting = count(edge.into(), (follower, followee), -1);
        let last = said(&[Part::Followee]);
        with(followee_there.into_iter().chain(counting), last)
    }

    /// Whether there was an edge, and whether these people are there.
    fn said(people: &[Part]) -> SelectStatement {
        let edge = Query::select()
            .column(Follows::FollowerId)
            .from(Part::Edge)
            .take();
        let mut said = Query::select().expr(Expr::exists(edge)).take();
        for person in people {
            let there = Query::select().column(Users::Id).from(*person).take();
            said.expr(Expr::exists(there));
        }
        said
    }

    /// `edge`, and `counted`, which changes both counts when there is one. The two counter rows are
    /// taken in id order: mutual follows can't deadlock.
    fn count(
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
