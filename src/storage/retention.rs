//! Forgetting what has run out, a batch at a time. Rows that another is forgetting right now are
//! passed over: a replica that lost its lease may still be about one batch.

use crate::{
    Result,
    database::{GenericClient, execute},
};
use sea_query::WithQuery;
use time::OffsetDateTime;

/// How many rows go at once: few enough for a short transaction.
pub const BATCH: u64 = 1_000;

/// Forgets one batch; says how many rows went. Fewer than [`BATCH`] means that none is left.
pub async fn forget(db: &impl GenericClient, class: Class, until: OffsetDateTime) -> Result<u64> {
    execute(db, sql::forget(class, until)).await
}

/// What is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Browser sessions that ran out by then.
    WebSessions,
    /// Links to prove an address that is proven by now, that lapsed by then.
    EmailVerifications,
    /// Refresh tokens that ran out by then.
    RefreshTokens,
    /// Refresh tokens of sessions that ended by then.
    TokensOfEndedSessions,
    /// Sessions that ended by then and have no token left.
    EndedSessions,
    /// Sessions that were last seen by then and have no token left.
    IdleSessions,
    /// Mails that came to be owed by then, and were sent or given up.
    Mails,
    /// Lines of the audit log written by then.
    AuditLog,
    /// Pieces of copies that ran out by then.
    PiecesOfExports,
    /// Copies of everything about an account that ran out by then and have no piece left.
    Exports,
    /// Changes of an address that were not confirmed by then.
    EmailChanges,
    /// Links to restore an address that lapsed by then.
    EmailRestorations,
    /// Holds of names that ended by then.
    HeldUsernames,
    /// Links to set a new password that lapsed by then.
    PasswordResets,
    /// Browsers and networks that an account is known on until then.
    KnownDevices,
    /// Mailboxes whose quiet ended by then.
    QuietMailboxes,
}

/// The statements.
pub mod sql {
    use super::{BATCH, Class, OffsetDateTime, WithQuery};
    use crate::{
        database::cte::{cte_once, with},
        storage::schema::{
            AuditLog, EmailChanges, EmailRestorations, EmailVerifications, ExportParts, Exports,
            HeldUsernames, KnownDevices, Outbox, PasswordResets, QuietMailboxes, RefreshTokens,
            Schema, Sessions, Users, WebSessions,
        },
    };
    use sea_query::{
        Alias, Asterisk, Cond, Condition, Expr, ExprTrait, Iden, LockBehavior, LockType, Query,
        SelectStatement,
    };
    use uuid::Uuid;

    /// One batch of a class.
    #[must_use]
    #[allow(clippy::too_many_lines)] // One arm a class, on purpose.
    pub fn forget(class: Class, until: OffsetDateTime) -> WithQuery {
        match class {
            Class::WebSessions => batch(
                WebSessions::Table,
                &[WebSessions::UserId, WebSessions::IdHash],
                Expr::col(WebSessions::ExpiresAt).lte(until).into(),
            ),
            Class::EmailVerifications => batch(
                EmailVerifications::Table,
                &[EmailVerifications::UserId, EmailVerifications::TokenHash],
                // An unproven account is known to have lapsed by the links that it was sent.
                Cond::all()
                    .add(Expr::col(EmailVerifications::ExpiresAt).lte(until))
                    .add(Expr::col(EmailVerifications::UserId).in_subquery(proven())),
            ),
            Class::RefreshTokens => batch(
                RefreshTokens::Table,
                &[RefreshTokens::UserId, RefreshTokens::TokenHash],
                Expr::col(RefreshTokens::ExpiresAt).lte(until).into(),
            ),
            Class::TokensOfEndedSessions => batch(
                RefreshTokens::Table,
                &[RefreshTokens::UserId, RefreshTokens::TokenHash],
                Expr::col(RefreshTokens::SessionId)
                    .in_subquery(ended(until))
                    .into(),
            ),
            Class::EndedSessions => batch(
                Sessions::Table,
                &[Sessions::Id],
                Cond::all()
                    .add(Expr::col(Sessions::EndedAt).lte(until))
                    .add(Expr::exists(tokens_of_session()).not()),
            ),
            Class::IdleSessions => batch(
                Sessions::Table,
                &[Sessions::Id],
                Cond::all()
                    .add(Expr::col(Sessions::EndedAt).is_null())
                    .add(Expr::col(Sessions::LastSeenAt).lte(until))
                    .add(Expr::exists(tokens_of_session()).not()),
            ),
            Class::Mails => batch(
                Outbox::Table,
                &[Outbox::UserId, Outbox::Id],
                Cond::all()
                    .add(Expr::col(Outbox::CreatedAt).lte(until))
                    .add(
                        Cond::any()
                            .add(Expr::col(Outbox::SentAt).is_not_null())
                            .add(Expr::col(Outbox::GivenUpAt).is_not_null()),
                    ),
            ),
            Class::AuditLog => batch(
                AuditLog::Table,
                &[AuditLog::UserId, AuditLog::Id],
                Expr::col(AuditLog::CreatedAt).lte(until).into(),
            ),
            Class::PiecesOfExports => batch(
                ExportParts::Table,
                &PIECE,
                Expr::col(ExportParts::UserId)
                    .in_subquery(run_out(until))
                    .into(),
            ),
            Class::Exports => batch(
                Exports::Table,
                &[Exports::UserId],
                Cond::all()
                    .add(Expr::col(Exports::ExpiresAt).lte(until))
                    .add(Expr::exists(pieces_of_export()).not()),
            ),
            Class::EmailChanges => batch(
                EmailChanges::Table,
                &[EmailChanges::UserId],
                Expr::col(EmailChanges::ExpiresAt).lte(until).into(),
            ),
            Class::EmailRestorations => batch(
                EmailRestorations::Table,
                &[EmailRestorations::UserId, EmailRestorations::TokenHash],
                Expr::col(EmailRestorations::ExpiresAt).lte(until).into(),
            ),
            Class::HeldUsernames => batch(
                HeldUsernames::Table,
                &[HeldUsernames::Username],
                Expr::col(HeldUsernames::HeldUntil).lte(until).into(),
            ),
            Class::PasswordResets => batch(
                PasswordResets::Table,
                &[PasswordResets::UserId, PasswordResets::TokenHash],
                Expr::col(PasswordResets::ExpiresAt).lte(until).into(),
            ),
            Class::KnownDevices => batch(
                KnownDevices::Table,
                &[KnownDevices::UserId, KnownDevices::Key],
                Expr::col(KnownDevices::ExpiresAt).lte(until).into(),
            ),
            Class::QuietMailboxes => batch(
                QuietMailboxes::Table,
                &[QuietMailboxes::Key],
                Expr::col(QuietMailboxes::Until).lte(until).into(),
            ),
        }
    }

    /// The rows of an account in the tables where there may be many, one batch of each.
    #[must_use]
    pub fn all_of(user_id: Uuid) -> [WithQuery; 8] {
        [
            batch(
                RefreshTokens::Table,
                &[RefreshTokens::UserId, RefreshTokens::TokenHash],
                Expr::col(RefreshTokens::UserId).eq(user_id).into(),
            ),
            batch(
                EmailVerifications::Table,
                &[EmailVerifications::UserId, EmailVerifications::TokenHash],
                Expr::col(EmailVerifications::UserId).eq(user_id).into(),
            ),
            batch(
                Outbox::Table,
                &[Outbox::UserId, Outbox::Id],
                Expr::col(Outbox::UserId).eq(user_id).into(),
            ),
            batch(
                ExportParts::Table,
                &PIECE,
                Expr::col(ExportParts::UserId).eq(user_id).into(),
            ),
            batch(
                WebSessions::Table,
                &[WebSessions::UserId, WebSessions::IdHash],
                Expr::col(WebSessions::UserId).eq(user_id).into(),
            ),
            batch(
                Sessions::Table,
                &[Sessions::Id],
                Expr::col(Sessions::UserId).eq(user_id).into(),
            ),
            batch(
                KnownDevices::Table,
                &[KnownDevices::UserId, KnownDevices::Key],
                Expr::col(KnownDevices::UserId).eq(user_id).into(),
            ),
            batch(
                PasswordResets::Table,
                &[PasswordResets::UserId, PasswordResets::TokenHash],
                Expr::col(PasswordResets::UserId).eq(user_id).into(),
            ),
        ]
    }

    const PIECE: [ExportParts; 3] = [
        ExportParts::UserId,
        ExportParts::Attempt,
        ExportParts::Number,
    ];

    /// Deletes at most [`BATCH`] rows, locked first in one place: as a subquery of the condition
    /// that might be done more than once.
    fn batch<T: Iden + Copy + 'static>(table: T, key: &[T], which: Condition) -> WithQuery {
        let due = Query::select()
            .columns(key.iter().copied())
            .from((Schema::Users, table))
            .cond_where(which)
            .limit(BATCH)
            .lock_with_tables_behavior(LockType::Update, [table], LockBehavior::SkipLocked)
            .take();
        let chosen = Query::select()
            .columns(key.iter().copied())
            .from(Alias::new("due"))
            .take();
        let due = cte_once("due", due);
        let key = Expr::tuple(key.iter().map(|column| Expr::col(*column)));
        let last = Query::delete()
            .from_table((Schema::Users, table))
            .and_where(key.in_subquery(chosen))
            .take();
        with([due], last)
    }

    fn proven() -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::EmailVerified))
            .take()
    }

    fn ended(until: OffsetDateTime) -> SelectStatement {
        Query::select()
            .column(Sessions::Id)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::EndedAt).lte(until))
            .take()
    }

    fn run_out(until: OffsetDateTime) -> SelectStatement {
        Query::select()
            .column(Exports::UserId)
            .from((Schema::Users, Exports::Table))
            .and_where(Expr::col(Exports::ExpiresAt).lte(until))
            .take()
    }

    fn pieces_of_export() -> SelectStatement {
        Query::select()
            .column(Asterisk)
            .from((Schema::Users, ExportParts::Table))
            .and_where(
                Expr::col((ExportParts::Table, ExportParts::UserId))
                    .equals((Exports::Table, Exports::UserId)),
            )
            .take()
    }

    fn tokens_of_session() -> SelectStatement {
        Query::select()
            .column(Asterisk)
            .from((Schema::Users, RefreshTokens::Table))
            .and_where(
                Expr::col((RefreshTokens::Table, RefreshTokens::SessionId))
                    .equals((Sessions::Table, Sessions::Id)),
            )
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::{Class, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, NOW},
    };

    statements! {
        forget(Class::WebSessions, NOW), "web sessions";
        forget(Class::EmailVerifications, NOW), "links";
        forget(Class::RefreshTokens, NOW), "tokens";
        forget(Class::TokensOfEndedSessions, NOW), "tokens of ended sessions";
        forget(Class::EndedSessions, NOW), "ended sessions";
        forget(Class::IdleSessions, NOW), "idle sessions";
        forget(Class::Mails, NOW), "mails";
        forget(Class::AuditLog, NOW), "audit log";
        forget(Class::PiecesOfExports, NOW), "pieces of exports";
        forget(Class::Exports, NOW), "exports";
        forget(Class::EmailChanges, NOW), "changes of addresses";
        forget(Class::EmailRestorations, NOW), "restorations of addresses";
        forget(Class::HeldUsernames, NOW), "held names";
        forget(Class::PasswordResets, NOW), "resets";
        forget(Class::KnownDevices, NOW), "known devices";
        forget(Class::QuietMailboxes, NOW), "quiet mailboxes";
        all_of(A)[0], "tokens";
        all_of(A)[1], "links";
        all_of(A)[2], "mails";
        all_of(A)[3], "pieces of exports";
        all_of(A)[4], "web sessions";
        all_of(A)[5], "sessions";
        all_of(A)[6], "known devices";
        all_of(A)[7], "resets";
    }
}
