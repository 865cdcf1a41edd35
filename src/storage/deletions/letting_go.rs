//! Unproven accounts that are to go: their name and address are free at once, and the rest goes in
//! batches like that of everybody who leaves.

use crate::{
    Result,
    database::{GenericClient, all, execute},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// How many go at once: no more than are deleted in a round, so that nobody waits behind many of them.
pub const AT_ONCE: u64 = 100;

/// Frees the name and the address of an unproven account, and has the rest deleted from now on.
pub async fn let_go(db: &impl GenericClient, user_id: Uuid, now: OffsetDateTime) -> Result<()> {
    execute(db, sql::let_go(user_id, now)).await.map(drop)
}

/// The same with a batch of the unproven accounts that nobody is known to have used and whose last link
/// lapsed by `lapsed_by`; gives which. Fewer than [`AT_ONCE`] means that none is left.
pub async fn let_go_unproven(
    db: &impl GenericClient,
    lapsed_by: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>> {
    let rows = all(db, sql::let_go_unproven(lapsed_by, now)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The statements.
pub mod sql {
    use super::{AT_ONCE, OffsetDateTime, Uuid};
    use crate::{
        database::cte::{cte_once, with},
        storage::{
            audit::Event,
            deletions::account,
            schema::{AuditLog, EmailVerifications, Outbox, Schema, Sessions, Users},
            users::sql::is_visible,
        },
    };
    use sea_query::{
        Alias, Asterisk, Expr, ExprTrait, IntoColumnRef, LockBehavior, LockType, Query,
        SelectStatement, UpdateStatement, WithQuery,
    };

    /// One account, while its address is unproven.
    #[must_use]
    pub fn let_go(user_id: Uuid, now: OffsetDateTime) -> UpdateStatement {
        gone(account(user_id), now)
    }

    /// A batch of those that lapsed. Older links than that are there of unproven accounts alone,
    /// once retention has run, so few rows are looked at in vain.
    #[must_use]
    pub fn let_go_unproven(lapsed_by: OffsetDateTime, now: OffsetDateTime) -> WithQuery {
        let link = |column| Expr::col((EmailVerifications::Table, column));
        let later = of_account(EmailVerifications::Table, EmailVerifications::UserId)
            .and_where(link(EmailVerifications::ExpiresAt).gt(lapsed_by))
            .take();
        let owed = of_account(Outbox::Table, Outbox::UserId)
            .and_where(Expr::col((Outbox::Table, Outbox::SentAt)).is_null())
            .and_where(Expr::col((Outbox::Table, Outbox::GivenUpAt)).is_null())
            .take();
        // Where unproven accounts may log in some are in use.
        let log_ins = of_account(AuditLog::Table, AuditLog::UserId)
            .and_where(Expr::col((AuditLog::Table, AuditLog::Event)).eq(Event::LoggedIn.as_str()))
            .take();
        let used = [of_account(Sessions::Table, Sessions::UserId), log_ins];
        let mut due = Query::select()
            .column((Users::Table, Users::Id))
            .from((Schema::Users, EmailVerifications::Table))
            .inner_join(
                (Schema::Users, Users::Table),
                link(EmailVerifications::UserId).equals((Users::Table, Users::Id)),
            )
            .and_where(link(EmailVerifications::ExpiresAt).lte(lapsed_by))
            .and_where(Expr::col((Users::Table, Users::EmailVerified)).not())
            .and_where(is_visible())
            .limit(AT_ONCE)
            .lock_with_tables_behavior(LockType::Update, [Users::Table], LockBehavior::SkipLocked)
            .take();
        for row in used.into_iter().chain([later, owed]) {
            due.and_where(Expr::exists(row).not());
        }
        let update = Query::update()
            .table((Schema::Users, Users::Table))
            .from(Alias::new("due"))
            .and_where(Expr::col((Users::Table, Users::Id)).equals(("due", Users::Id)))
            .returning_col((Users::Table, Users::Id))
            .take();
        with([cte_once("due", due)], gone(update, now))
    }

    /// In place of the name and the address the id: too long for a name, and behind a space, which is
    /// never looked for.
    fn gone(mut update: UpdateStatement, now: OffsetDateTime) -> UpdateStatement {
        let id = || Expr::col((Users::Table, Users::Id)).cast_as("text");
        update
            .value(Users::Username, id())
            .value(Users::Email, Expr::cust_with_expr("' ' || $1", id()))
            .value(Users::DeleteAfter, now)
            .value(Users::DeletionStartedAt, now)
            .and_where(Expr::col((Users::Table, Users::EmailVerified)).not())
            .take()
    }

    /// The rows that an account has in a table.
    fn of_account<T: sea_query::Iden + Copy + 'static>(table: T, owner: T) -> SelectStatement {
        let owner = Expr::col((table, owner).into_column_ref());
        Query::select()
            .column(Asterisk)
            .from((Schema::Users, table))
            .and_where(owner.equals((Users::Table, Users::Id)))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, NOW},
    };

    statements! {
        let_go(A, NOW);
        let_go_unproven(NOW, NOW);
    }
}
