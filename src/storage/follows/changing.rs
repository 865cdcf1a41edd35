//! Making an edge, and taking it away.

use crate::{
    Error, Result,
    database::{GenericClient, one},
    domain::{Other, follow::Followed},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Makes the edge and counts it, in one statement that says all there is to say.
///
/// # Errors
/// `UserNotFound` when the followee is gone, `Unauthenticated` when the follower is.
pub async fn insert(
    db: &impl GenericClient,
    follower: Uuid,
    followee: Other,
    now: OffsetDateTime,
) -> Result<Followed> {
    let made = one(db, sql::insert(follower, followee, now)).await;
    // Somebody was deleted between the look and the write.
    let row = made.map_err(|error| {
        error
            .on_constraint("follows_followee_id_fkey", Error::UserNotFound)
            .on_constraint("follows_follower_id_fkey", Error::Unauthenticated)
            .on_constraint("follow_counts_user_id_fkey", Error::UserNotFound)
    })?;
    let (is_new, has_followee, has_follower) = (row.get(0), row.get(1), row.get(2));
    match (is_new, has_followee, has_follower) {
        (true, ..) => Ok(Followed::Created),
        (_, false, _) => Err(Error::UserNotFound),
        (.., false) => Err(Error::Unauthenticated),
        _ => Ok(Followed::Already),
    }
}

/// Takes the edge away; says whether it was there.
///
/// # Errors
/// `UserNotFound` when there is neither the edge nor the followee.
pub async fn delete(db: &impl GenericClient, follower: Uuid, followee: Other) -> Result<bool> {
    let row = one(db, sql::delete(follower, followee)).await?;
    match (row.get(0), row.get(1)) {
        (false, false) => Err(Error::UserNotFound),
        (was_there, _) => Ok(was_there),
    }
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Other, Uuid};
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
    pub fn insert(follower: Uuid, followee: Other, now: OffsetDateTime) -> WithQuery {
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
            cte(Part::Followee, users::visible(followee)),
            cte(Part::Follower, users::visible(follower.into())),
        ];
        let counting = count(edge.into(), (follower, followee.id_without_a_look()), 1);
        let last = said(&[Part::Followee, Part::Follower]);
        with(people.into_iter().chain(counting), last)
    }

    /// Deletes an edge and counts it out, both or neither; to a person that nobody sees, too: whoever
    /// follows one that is leaving may stop. Says whether it deleted one, and whether the followee is there
    /// to be seen.
    #[must_use]
    pub fn delete(follower: Uuid, followee: Other) -> WithQuery {
        let id = followee.id_without_a_look();
        let edge = Query::delete()
            .from_table((Schema::Users, Follows::Table))
            .and_where(Expr::col(Follows::FollowerId).eq(follower))
            .and_where(Expr::col(Follows::FolloweeId).eq(id))
            .returning_col(Follows::FollowerId)
            .take();
        let followee_there = [cte(Part::Followee, users::visible(followee))];
        let counting = count(edge.into(), (follower, id), -1);
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
        insert(A, B.into(), NOW);
        delete(A, B.into());
    }
}
