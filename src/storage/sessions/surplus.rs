//! Ending the open sessions that are too many when another one is opened.

/// How many sessions of an account are open at most. Whoever logs in again and again, and never out,
/// ends those used longest ago. Several log-ins at once may go beyond it; the next one makes up for that.
pub const MOST_OPEN: u64 = 100;

/// The parts of a log-in's statement that do it.
pub(super) mod sql {
    use super::MOST_OPEN;
    use crate::{
        database::cte::{cte, cte_once},
        storage::{
            audit,
            schema::{RefreshTokens, Schema, Sessions, WebSessions},
            sessions::{EndReason, Opened, family::sql::newest},
        },
    };
    use sea_query::{
        Alias, Asterisk, CommonTableExpression, Expr, ExprTrait, JoinType, LockBehavior, LockType,
        Order, Query,
    };

    /// How many one log-in ends at most, for accounts from before there was a bound.
    const AT_ONCE: u64 = 20;
    /// What the owner reads in the history.
    const DETAIL: &str = "used longest ago, since more than 100 were open";

    /// Ends what is too many beside `session`, the one that is opened.
    pub(in crate::storage::sessions) fn end(opened: &Opened<'_>) -> [CommonTableExpression; 7] {
        let ids = |of: &'static str| {
            Query::select()
                .column(Sessions::Id)
                .from(Alias::new(of))
                .take()
        };
        let too_many = Query::select()
            .column(Sessions::Id)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::UserId).eq(opened.user_id))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .order_by(Sessions::LastSeenAt, Order::Desc)
            .order_by(Sessions::Id, Order::Desc)
            // The one that is opened is not among them yet.
            .offset(MOST_OPEN - 1)
            .limit(AT_ONCE)
            .take();
        // One that is being renewed or ended right now is passed over: nothing waits here.
        let surplus = Query::select()
            .column(Sessions::Id)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::Id).in_subquery(ids("too_many")))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .and_where(Expr::exists(
                Query::select()
                    .column(Asterisk)
                    .from(Alias::new("session"))
                    .take(),
            ))
            .lock_with_tables_behavior(
                LockType::Update,
                [Sessions::Table],
                LockBehavior::SkipLocked,
            )
            .take();
        let end = Query::update()
            .table((Schema::Users, Sessions::Table))
            .value(Sessions::EndedAt, opened.now)
            .value(Sessions::EndReason, EndReason::TooMany.as_str())
            .and_where(Expr::col(Sessions::Id).in_subquery(ids("surplus")))
            .returning_col(Sessions::Id)
            .take();
        let current = Query::select()
            .column((Alias::new("token"), RefreshTokens::TokenHash))
            .from(Alias::new("ended"))
            .join_lateral(
                JoinType::InnerJoin,
                newest(Expr::col((Alias::new("ended"), Sessions::Id))),
                Alias::new("token"),
                Expr::col((Alias::new("token"), RefreshTokens::Revoked)).not(),
            )
            .take();
        let revoke = Query::update()
            .table((Schema::Users, RefreshTokens::Table))
            .value(RefreshTokens::Revoked, true)
            .and_where(Expr::col(RefreshTokens::TokenHash).in_subquery(current))
            .take();
        let leave = Query::delete()
            .from_table((Schema::Users, WebSessions::Table))
            .and_where(Expr::col(WebSessions::SessionId).in_subquery(ids("ended")))
            .take();
        // One line, however many ended.
        let any = ids("ended").limit(1).take();
        let line = audit::Entry::new(
            opened.user_id,
            Some(opened.session_id),
            audit::Event::SessionEnded,
            Some(DETAIL),
            opened.now,
        );
        [
            cte_once("too_many", too_many),
            cte_once("surplus", surplus),
            cte("ended", end),
            cte("revoked", revoke),
            cte("left", leave),
            cte("any_ended", any),
            cte(
                "noted_end",
                audit::sql::append_if(&line, Alias::new("any_ended")),
            ),
        ]
    }
}
