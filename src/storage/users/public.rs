//! Accounts as others see them. Who is leaving is not there.

use crate::{
    Result,
    database::{GenericClient, all, optional},
    domain::{Other, Person},
};
use tokio_postgres::Row;
use uuid::Uuid;

/// Whether others see this account.
pub async fn is_visible(db: &impl GenericClient, other: Other) -> Result<bool> {
    Ok(optional(db, sql::visible(other)).await?.is_some())
}

/// The public side of one person.
pub async fn person(db: &impl GenericClient, id: Uuid) -> Result<Option<Person>> {
    Ok(optional(db, sql::people_by_ids(&[id]))
        .await?
        .map(|row| to_person(&row)))
}

/// The public side of the person with this username, whatever its case.
pub async fn person_by_username(db: &impl GenericClient, name: &str) -> Result<Option<Person>> {
    Ok(optional(db, sql::person_by_username(name))
        .await?
        .map(|row| to_person(&row)))
}

/// The public sides of these people, in no order; unknown ids are absent.
pub async fn people(db: &impl GenericClient, ids: &[Uuid]) -> Result<Vec<Person>> {
    let rows = all(db, sql::people_by_ids(ids)).await?;
    Ok(rows.iter().map(to_person).collect())
}

pub(in crate::storage) fn to_person(row: &Row) -> Person {
    Person {
        id: row.get(0),
        username: row.get(1),
        display_name: row.get(2),
        avatar_url: row.get(3),
    }
}

/// The statements.
pub mod sql {
    use super::{Other, Uuid};
    use crate::storage::{
        schema::{Schema, Users},
        users::is,
    };
    use sea_query::{Expr, ExprTrait, Query, SelectStatement, extension::postgres::PgExpr};

    pub(in crate::storage) const PERSON: [Users; 4] = [
        Users::Id,
        Users::Username,
        Users::DisplayName,
        Users::AvatarUrl,
    ];

    /// The id of another person, if that account is there and others see it: THE way for statements to name
    /// somebody else.
    #[must_use]
    pub fn visible(other: Other) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(other.id_without_a_look()))
            .and_where(is_visible())
            .take()
    }

    /// People by their ids.
    #[must_use]
    pub fn people_by_ids(ids: &[Uuid]) -> SelectStatement {
        Query::select()
            .columns(PERSON)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq_any(ids.to_vec()))
            .and_where(is_visible())
            .take()
    }

    /// The person with this handle.
    #[must_use]
    pub fn person_by_username(name: &str) -> SelectStatement {
        Query::select()
            .columns(PERSON)
            .from((Schema::Users, Users::Table))
            .and_where(is(Users::Username, name))
            .and_where(is_visible())
            .take()
    }

    /// The id of the person with this handle.
    pub(in crate::storage) fn id_by_username(name: &str) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(is(Users::Username, name))
            .and_where(is_visible())
            .take()
    }

    /// That others see an account: it is not to be deleted.
    pub(in crate::storage) fn is_visible() -> Expr {
        Expr::col((Users::Table, Users::DeleteAfter)).is_null()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, B},
    };

    statements! {
        visible(A.into());
        people_by_ids(&[A, B]);
        person_by_username("ana");
    }
}
