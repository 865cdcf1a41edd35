//! Making an edge, and taking it away.

use crate::{
    Result,
    database::{GenericClient, one},
};
use time::OffsetDateTime;
use uuid::Uuid;

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

/// Takes the edge away; says whether it was there. `None`: neither it nor the one who was followed is.
pub async fn delete(
    db: &impl GenericClient,
    follower: Uuid,
    followee: Uuid,
) -> Result<Option<bool>> {
    let row = one(db, sql::delete(follower, followee)).await?;
    let (was_there, is_followee_there): (bool, bool) = (row.get(0), row.get(1));
    Ok((was_there || is_followee_there).then_some(was_there))
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid};
    use crate::{
        database::cte::{cte, with},
        storage::{
            follows::counting::{Part, count},
            schema::{Follows, Schema, Users},
            users::sql as users,
        },
    };
    use sea_query::{
        Expr, ExprTrait, InsertStatement, OnConflict, Query, SelectStatement, WithQuery,
    };

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

    /// Deletes an edge and counts it out, both or neither; to a person that nobody sees, too: whoever
    /// follows one that is leaving may stop. Says whether it deleted one, and whether the followee is there
    /// to be seen.
    #[must_use]
    pub fn delete(follower: Uuid, followee: Uuid) -> WithQuery {
        let edge = Query::delete()
            .from_table((Schema::Users, Follows::Table))
            .and_where(Expr::col(Follows::FollowerId).eq(follower))
            .and_where(Expr::col(Follows::FolloweeId).eq(followee))
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
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, B, NOW},
    };

    statements! {
        insert(A, B, NOW);
        delete(A, B);
    }
}
