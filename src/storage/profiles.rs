//! Profiles: a person with counts, and changes to what people say about themselves.

use super::{Who, follows::relationship::to_relationship};
use crate::{
    Result,
    database::{GenericClient, all, execute, optional},
    domain::{Profile, Relationship, profile::ProfileChange},
};
use sea_query::Expr;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

/// A whole profile, and whether others see it.
pub struct Account {
    /// As only its owner sees it.
    pub profile: Profile,
    /// False once it is to be deleted.
    pub is_visible: bool,
}

/// The whole profile of an account: an id, or [`Who`].
pub async fn by_id(db: &impl GenericClient, id: impl Into<Expr>) -> Result<Option<Profile>> {
    Ok(optional(db, sql::by_id(id))
        .await?
        .map(|row| to_account(&row).profile))
}

/// These accounts, in no order; unknown ids are absent.
pub async fn accounts(db: &impl GenericClient, ids: &[Uuid]) -> Result<Vec<Account>> {
    let rows = all(db, sql::by_ids(ids)).await?;
    Ok(rows.iter().map(to_account).collect())
}

/// The account with this username, whatever its case, unless it is to be deleted.
pub async fn account_by_username(db: &impl GenericClient, name: &str) -> Result<Option<Account>> {
    Ok(optional(db, sql::by_username(name))
        .await?
        .map(|row| to_account(&row)))
}

/// The same, and how a viewer and the person stand to each other.
pub async fn seen_by(
    db: &impl GenericClient,
    viewer: Who,
    name: &str,
) -> Result<Option<(Profile, Relationship)>> {
    let row = optional(db, sql::seen_by(viewer, name)).await?;
    Ok(row.map(|row| (to_account(&row).profile, to_relationship(&row))))
}

/// Changes the supplied fields and nothing else; says whether the account exists.
pub async fn update(
    db: &impl GenericClient,
    id: Uuid,
    change: &ProfileChange,
    now: OffsetDateTime,
) -> Result<bool> {
    Ok(execute(db, sql::update(id, change, now)).await? > 0)
}

fn to_account(row: &Row) -> Account {
    Account {
        profile: Profile {
            id: row.get(0),
            username: row.get(1),
            email: row.get(2),
            display_name: row.get(3),
            bio: row.get(4),
            avatar_url: row.get(5),
            created_at: row.get(6),
            follower_count: row.get(7),
            followee_count: row.get(8),
        },
        is_visible: row.get(9),
    }
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, ProfileChange, Uuid, Who};
    use crate::storage::{
        follows::relationship::sql::relationship,
        schema::{FollowCounts, Schema, Users},
        users::{is, sql::is_visible},
    };
    use sea_query::{
        Expr, ExprTrait, Func, Query, SelectStatement, UpdateStatement, extension::postgres::PgExpr,
    };

    fn profile() -> SelectStatement {
        Query::select()
            .columns(
                [
                    Users::Id,
                    Users::Username,
                    Users::Email,
                    Users::DisplayName,
                    Users::Bio,
                    Users::AvatarUrl,
                    Users::CreatedAt,
                ]
                .map(|column| (Users::Table, column)),
            )
            .expr(count(FollowCounts::Followers))
            .expr(count(FollowCounts::Followees))
            .expr(is_visible())
            .from((Schema::Users, Users::Table))
            .take()
    }

    /// The sum over a person's slots: at most 64 rows, whatever the count.
    fn count(column: FollowCounts) -> Expr {
        let sum = Expr::col(column).sum().cast_as("bigint");
        let select = Query::select()
            .expr(Func::coalesce([sum, Expr::val(0_i64)]))
            .from((Schema::Users, FollowCounts::Table))
            .and_where(
                Expr::col((FollowCounts::Table, FollowCounts::UserId))
                    .equals((Users::Table, Users::Id)),
            )
            .take();
        Expr::SubQuery(None, Box::new(select.into()))
    }

    /// Profiles by their ids.
    #[must_use]
    pub fn by_ids(ids: &[Uuid]) -> SelectStatement {
        profile()
            .and_where(Expr::col((Users::Table, Users::Id)).eq_any(ids.to_vec()))
            .take()
    }

    /// A profile by its id: one, or [`Who`].
    #[must_use]
    pub fn by_id(id: impl Into<Expr>) -> SelectStatement {
        profile()
            .and_where(Expr::col((Users::Table, Users::Id)).eq(id))
            .take()
    }

    /// A profile by handle.
    #[must_use]
    pub fn by_username(name: &str) -> SelectStatement {
        profile()
            .and_where(is(Users::Username, name))
            .and_where(is_visible())
            .take()
    }

    /// A profile by handle, and the two edges between its person and the viewer.
    #[must_use]
    pub fn seen_by(viewer: Who, name: &str) -> SelectStatement {
        let mut profile = by_username(name);
        for (name, is_edge) in relationship(viewer) {
            profile.expr_as(is_edge, name);
        }
        profile
    }

    /// Sets the supplied columns of a profile.
    #[must_use]
    pub fn update(id: Uuid, change: &ProfileChange, now: OffsetDateTime) -> UpdateStatement {
        let mut update = Query::update();
        update
            .table((Schema::Users, Users::Table))
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .and_where(is_visible());
        let fields = [
            (Users::DisplayName, &change.display_name),
            (Users::Bio, &change.bio),
            (Users::AvatarUrl, &change.avatar_url),
        ];
        for (column, value) in fields {
            if let Some(value) = value {
                update.value(column, value.clone());
            }
        }
        update
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        domain::profile::ProfileChange,
        storage::samples::{A, ACCOUNT, B, NOW, SESSION},
    };

    const EVERYTHING: ProfileChange = ProfileChange {
        display_name: Some(None),
        bio: Some(None),
        avatar_url: Some(None),
    };

    statements! {
        by_ids(&[A, B]);
        by_id(A);
        by_id(SESSION), "a session";
        by_username("ana");
        seen_by(SESSION, "ana"), "a session";
        seen_by(ACCOUNT, "ana"), "an account";
        update(A, &EVERYTHING, NOW);
    }
}
