//! Deleting the rows that an account has, batch by batch, and the account itself at last.

use crate::{
    Result,
    database::{GenericClient, execute},
    storage::{follows, retention},
};
use uuid::Uuid;

/// Deletes a batch of an account's rows in each table where there may be many, and takes what
/// tells of the person out of a batch of the audit log; says how many rows it found.
pub async fn delete_rows(db: &impl GenericClient, user_id: Uuid) -> Result<u64> {
    let mut found = 0;
    for statement in retention::sql::all_of(user_id) {
        found += execute(db, statement).await?;
    }
    Ok(found + execute(db, sql::anonymise(user_id)).await?)
}

/// Deletes the account itself, with the few rows that are left.
pub async fn delete(db: &impl GenericClient, user_id: Uuid) -> Result<()> {
    execute(db, follows::sql::forget_counts(user_id)).await?;
    execute(db, sql::delete(user_id)).await.map(drop)
}

/// The statements.
pub mod sql {
    use super::Uuid;
    use crate::storage::{
        retention,
        schema::{AuditLog, Schema, Users},
    };
    use sea_query::{Cond, DeleteStatement, Expr, ExprTrait, Query, UpdateStatement};

    /// Takes what tells of the person out of a batch of the lines of an account.
    #[must_use]
    pub fn anonymise(user_id: Uuid) -> UpdateStatement {
        let nothing = || Expr::val(None::<String>);
        let telling = Query::select()
            .column(AuditLog::Id)
            .from((Schema::Users, AuditLog::Table))
            .and_where(Expr::col(AuditLog::UserId).eq(user_id))
            .cond_where(
                Cond::any()
                    .add(Expr::col(AuditLog::Address).is_not_null())
                    .add(Expr::col(AuditLog::Device).is_not_null())
                    .add(Expr::col(AuditLog::Detail).is_not_null()),
            )
            .limit(retention::BATCH)
            .take();
        Query::update()
            .table((Schema::Users, AuditLog::Table))
            .value(AuditLog::Address, nothing())
            .value(AuditLog::Device, nothing())
            .value(AuditLog::Detail, nothing())
            .and_where(Expr::col(AuditLog::UserId).eq(user_id))
            .and_where(Expr::col(AuditLog::Id).in_subquery(telling))
            .take()
    }

    /// The account itself, once its deletion began.
    #[must_use]
    pub fn delete(user_id: Uuid) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(user_id))
            .and_where(Expr::col(Users::DeletionStartedAt).is_not_null())
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{database::reviewed::statements, storage::samples::A};

    statements! {
        anonymise(A);
        delete(A);
    }
}
