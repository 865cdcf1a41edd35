//! Everything about an account, read page by page, each newest first. What is secret is not in
//! it: no hash, no token.

use super::{GenericClient, all};
use crate::{Error, Result};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio_postgres::{Row, types::Type};
use uuid::Uuid;

/// How many rows a page has.
pub const PAGE: u64 = 1_000;

/// What there is about an account, under the name that its file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The account and the profile: one row.
    Account,
    /// Who follows the person.
    Followers,
    /// Whom the person follows.
    Following,
    /// The log-ins that are still known.
    Sessions,
    /// What happened to the account.
    SecurityHistory,
    /// The mails sent and owed.
    Mails,
    /// An address that has not proven itself yet.
    EmailChanges,
    /// Addresses before, that can still be restored.
    FormerEmails,
    /// Names before, that are still held.
    FormerUsernames,
}

impl Part {
    /// Every part, in the order of the document.
    pub const ALL: [Self; 9] = [
        Self::Account,
        Self::Followers,
        Self::Following,
        Self::Sessions,
        Self::SecurityHistory,
        Self::Mails,
        Self::EmailChanges,
        Self::FormerEmails,
        Self::FormerUsernames,
    ];

    /// The name of its key and of its file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Followers => "followers",
            Self::Following => "following",
            Self::Sessions => "sessions",
            Self::SecurityHistory => "security_history",
            Self::Mails => "mails",
            Self::EmailChanges => "email_changes",
            Self::FormerEmails => "former_emails",
            Self::FormerUsernames => "former_usernames",
        }
    }

    /// What a row says, in order.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Account => &[
                "created_at",
                "id",
                "username",
                "email",
                "email_verified",
                "display_name",
                "bio",
                "avatar_url",
                "roles",
                "updated_at",
                "delete_after",
            ],
            Self::Followers | Self::Following => &["followed_at", "id", "username", "display_name"],
            Self::Sessions => &[
                "created_at",
                "id",
                "last_seen_at",
                "authenticated_at",
                "ended_at",
                "end_reason",
                "address",
                "user_agent",
            ],
            Self::SecurityHistory => &[
                "created_at",
                "id",
                "event",
                "session_id",
                "address",
                "device",
                "detail",
                "trace_id",
            ],
            Self::Mails => &[
                "created_at",
                "id",
                "kind",
                "recipient",
                "sent_at",
                "given_up_at",
            ],
            Self::EmailChanges | Self::FormerEmails => {
                &["created_at", "account_id", "email", "expires_at"]
            }
            Self::FormerUsernames => &["held_until", "account_id", "username"],
        }
    }
}

/// Where a page ended: the first two columns of its last row.
pub type Cursor = (OffsetDateTime, Uuid);

/// A row of a part: its values in the order of [`Part::columns`].
pub type Values = Vec<Value>;

/// The next rows of a part, and where to go on; no rows at the end.
pub async fn page(
    db: &impl GenericClient,
    user_id: Uuid,
    part: Part,
    after: Option<Cursor>,
) -> Result<(Vec<Values>, Option<Cursor>)> {
    let rows = all(db, sql::page(user_id, part, after)).await?;
    let last = rows.last().map(|row| (row.get(0), row.get(1)));
    let values = rows.iter().map(values).collect::<Result<_>>()?;
    Ok((values, last))
}

fn values(row: &Row) -> Result<Values> {
    (0..row.len()).map(|at| value(row, at)).collect()
}

fn value(row: &Row, at: usize) -> Result<Value> {
    Ok(match *row.columns()[at].type_() {
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.into(),
        Type::UUID => row
            .try_get::<_, Option<Uuid>>(at)?
            .map(|id| id.to_string())
            .into(),
        Type::TIMESTAMPTZ => row
            .try_get::<_, Option<OffsetDateTime>>(at)?
            .map(|time| time.format(&Rfc3339))
            .transpose()
            .map_err(Error::internal)?
            .into(),
        Type::TEXT_ARRAY => row.try_get::<_, Vec<String>>(at)?.join(" ").into(),
        _ => row.try_get::<_, Option<String>>(at)?.into(),
    })
}

/// The statements.
pub mod sql {
    use super::{Cursor, PAGE, Part, Uuid};
    use crate::storage::{
        deletions::sql::is_kept,
        schema::{
            AuditLog, EmailChanges, EmailRestorations, Follows, HeldUsernames, Outbox, Schema,
            Sessions, Users,
        },
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

    /// The people at the other end of the account's edges, walked by the index of the list.
    fn people(
        user_id: Uuid,
        owner: Follows,
        other: Follows,
        after: Option<Cursor>,
    ) -> SelectStatement {
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
            .and_where(is_kept());
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
}
