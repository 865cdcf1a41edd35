//! The statements.

use super::{Cursor, PAGE, Part, Uuid};
use crate::storage::{
    schema::{
        AuditLog, EmailChanges, EmailRestorations, EmailVerifications, Follows, HeldUsernames,
        KnownDevices, Outbox, PasswordResets, Schema, Sessions, Users,
    },
    users::sql::is_visible,
};
use sea_query::{
    Expr, ExprTrait, Iden, IntoColumnRef, IntoTableRef, Order, Query, SelectStatement,
};

/// One page of a part.
#[must_use]
pub fn page(user_id: Uuid, part: Part, after: Option<Cursor>) -> SelectStatement {
    match part {
        Part::Account => own(
            Users::Table,
            Users::Id,
            user_id,
            (Users::CreatedAt, Users::Id),
            &[
                Users::Username,
                Users::Email,
                Users::EmailVerified,
                Users::DisplayName,
                Users::Bio,
                Users::AvatarUrl,
                Users::Roles,
                Users::UpdatedAt,
                Users::DeleteAfter,
            ],
            after,
        ),
        Part::Followers => people(user_id, Follows::FolloweeId, Follows::FollowerId, after),
        Part::Following => people(user_id, Follows::FollowerId, Follows::FolloweeId, after),
        Part::Sessions => own(
            Sessions::Table,
            Sessions::UserId,
            user_id,
            (Sessions::CreatedAt, Sessions::Id),
            &[
                Sessions::LastSeenAt,
                Sessions::AuthenticatedAt,
                Sessions::EndedAt,
                Sessions::EndReason,
                Sessions::Address,
                Sessions::UserAgent,
            ],
            after,
        ),
        Part::SecurityHistory => own(
            AuditLog::Table,
            AuditLog::UserId,
            user_id,
            (AuditLog::CreatedAt, AuditLog::Id),
            &[
                AuditLog::Event,
                AuditLog::SessionId,
                AuditLog::Address,
                AuditLog::Device,
                AuditLog::Detail,
                AuditLog::TraceId,
            ],
            after,
        ),
        Part::Mails => own(
            Outbox::Table,
            Outbox::UserId,
            user_id,
            (Outbox::CreatedAt, Outbox::Id),
            &[
                Outbox::Kind,
                Outbox::Recipient,
                Outbox::SentAt,
                Outbox::GivenUpAt,
            ],
            after,
        ),
        Part::EmailChanges => own(
            EmailChanges::Table,
            EmailChanges::UserId,
            user_id,
            (EmailChanges::CreatedAt, EmailChanges::UserId),
            &[EmailChanges::Email, EmailChanges::ExpiresAt],
            after,
        ),
        Part::FormerEmails => own(
            EmailRestorations::Table,
            EmailRestorations::UserId,
            user_id,
            (EmailRestorations::CreatedAt, EmailRestorations::UserId),
            &[EmailRestorations::Email, EmailRestorations::ExpiresAt],
            after,
        ),
        Part::FormerUsernames => own(
            HeldUsernames::Table,
            HeldUsernames::UserId,
            user_id,
            (HeldUsernames::HeldUntil, HeldUsernames::UserId),
            &[HeldUsernames::Username],
            after,
        ),
        Part::EmailVerifications => verifications(user_id, after),
        Part::PasswordResets => resets(user_id, after),
        Part::KnownDevices => devices(user_id, after),
    }
}

/// Rows of the account's own, after a cursor.
fn own<T: Iden + Copy + 'static>(
    table: T,
    owner: T,
    user_id: Uuid,
    cursor: (T, T),
    more: &[T],
    after: Option<Cursor>,
) -> SelectStatement {
    let mut select = Query::select();
    select
        .columns([cursor.0, cursor.1])
        .columns(more.iter().copied())
        .from((Schema::Users, table))
        .and_where(Expr::col(owner).eq(user_id));
    newest_first(select, cursor.0, cursor.1, after)
}

/// The links that were to prove an address.
fn verifications(user_id: Uuid, after: Option<Cursor>) -> SelectStatement {
    own(
        EmailVerifications::Table,
        EmailVerifications::UserId,
        user_id,
        (EmailVerifications::CreatedAt, EmailVerifications::UserId),
        &[
            EmailVerifications::Email,
            EmailVerifications::ExpiresAt,
            EmailVerifications::UsedAt,
        ],
        after,
    )
}

/// The links that were to set a new password.
fn resets(user_id: Uuid, after: Option<Cursor>) -> SelectStatement {
    own(
        PasswordResets::Table,
        PasswordResets::UserId,
        user_id,
        (PasswordResets::CreatedAt, PasswordResets::UserId),
        &[
            PasswordResets::Email,
            PasswordResets::ExpiresAt,
            PasswordResets::UsedAt,
        ],
        after,
    )
}

/// When the account was used on what is remembered. A log-in remembers a browser and a network at the
/// same moment: one row, so that a moment is a place to go on from.
fn devices(user_id: Uuid, after: Option<Cursor>) -> SelectStatement {
    let mut select = Query::select();
    select
        .columns([KnownDevices::SeenAt, KnownDevices::UserId])
        .expr(Expr::col(KnownDevices::ExpiresAt).max())
        .from((Schema::Users, KnownDevices::Table))
        .and_where(Expr::col(KnownDevices::UserId).eq(user_id))
        .group_by_columns([KnownDevices::SeenAt, KnownDevices::UserId]);
    newest_first(select, KnownDevices::SeenAt, KnownDevices::UserId, after)
}

/// The people at the other end of the account's edges, walked by the index of the list.
fn people(user_id: Uuid, owner: Follows, other: Follows, after: Option<Cursor>) -> SelectStatement {
    let mut select = Query::select();
    select
        .column((Follows::Table, Follows::CreatedAt))
        .column((Users::Table, Users::Id))
        .column((Users::Table, Users::Username))
        .column((Users::Table, Users::DisplayName))
        .from((Schema::Users, Follows::Table))
        .inner_join(
            (Schema::Users, Users::Table).into_table_ref(),
            Expr::col((Users::Table, Users::Id)).equals((Follows::Table, other)),
        )
        .and_where(Expr::col((Follows::Table, owner)).eq(user_id))
        .and_where(is_visible());
    newest_first(
        select,
        (Follows::Table, Follows::CreatedAt),
        (Follows::Table, other),
        after,
    )
}

fn newest_first(
    mut select: SelectStatement,
    at: impl IntoColumnRef + Clone,
    id: impl IntoColumnRef + Clone,
    after: Option<Cursor>,
) -> SelectStatement {
    if let Some((last_at, last_id)) = after {
        let here = Expr::tuple([Expr::col(at.clone()), Expr::col(id.clone())]);
        let there = Expr::tuple([Expr::val(last_at), Expr::val(last_id)]);
        select.and_where(here.lt(there));
    }
    select
        .order_by(at, Order::Desc)
        .order_by(id, Order::Desc)
        .limit(PAGE)
        .take()
}
