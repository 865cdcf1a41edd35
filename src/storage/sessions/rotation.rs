//! Refresh tokens: spending one for its successor.

use super::{Holder, NewToken};
use crate::{
    Result,
    database::{GenericClient, optional},
    domain::token::TokenHash,
};
use time::OffsetDateTime;

/// A token about to be spent for its successor.
pub struct Rotation<'a> {
    /// The hash of the one that is spent.
    pub old: &'a TokenHash,
    /// The successor, sealed under the token that is spent.
    pub sealed_successor: &'a [u8],
    /// The successor.
    pub new: &'a NewToken,
    /// Sessions opened earlier are not renewed.
    pub opened_after: OffsetDateTime,
    /// When.
    pub now: OffsetDateTime,
}

/// Spends a token for its successor, in one statement; `None` when it is not to be spent, or its
/// session is too old. Of several at once exactly one wins.
pub async fn rotate(db: &impl GenericClient, rotation: &Rotation<'_>) -> Result<Option<Holder>> {
    let row = optional(db, sql::rotate(rotation)).await?;
    Ok(row.map(|row| Holder::from_row(&row)))
}

/// The statements.
pub mod sql {
    use super::Rotation;
    use crate::{
        caller,
        database::cte::{cte, with},
        domain::network,
        storage::{
            schema::{RefreshTokens, Schema, Sessions, Users},
            sessions::{TOKEN, spent::sql::forget},
        },
    };
    use sea_query::{Alias, Expr, ExprTrait, InsertStatement, LockType, Query, WithQuery};

    /// At every so many renewals a family forgets older spent tokens.
    const FORGETS_EVERY: i32 = 16;

    /// The whole rotation. `live` holds the session against its end while `spent` compares and
    /// swaps the old token, `fresh` stores the new one and `seen` notes where the session is used.
    /// `live` takes the lock that `seen` needs at once: two that shared a weaker one would wait
    /// for each other. Who comes when the token is spent already takes none. Every so often the
    /// family forgets spent tokens on the way, in the same commit.
    #[must_use]
    pub fn rotate(rotation: &Rotation<'_>) -> WithQuery {
        let &Rotation {
            old,
            sealed_successor,
            new,
            opened_after,
            now,
        } = rotation;
        let (live, spent, fresh) = (Alias::new("live"), Alias::new("spent"), Alias::new("fresh"));
        let live_session = Query::select()
            .column((Sessions::Table, Sessions::Id))
            .from((Schema::Users, Sessions::Table))
            .inner_join(
                (Schema::Users, RefreshTokens::Table),
                Expr::col((RefreshTokens::Table, RefreshTokens::SessionId))
                    .equals((Sessions::Table, Sessions::Id)),
            )
            .and_where(
                Expr::col((RefreshTokens::Table, RefreshTokens::TokenHash)).eq(old.as_slice()),
            )
            .and_where(Expr::col((RefreshTokens::Table, RefreshTokens::Revoked)).not())
            .and_where(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .and_where(Expr::col((Sessions::Table, Sessions::CreatedAt)).gt(opened_after))
            .lock_with_tables(LockType::NoKeyUpdate, [Sessions::Table])
            .take();
        let spend = Query::update()
            .table((Schema::Users, RefreshTokens::Table))
            .from(live.clone())
            .value(RefreshTokens::Revoked, true)
            .value(RefreshTokens::RotatedAt, now)
            .value(RefreshTokens::SealedSuccessor, sealed_successor)
            .and_where(
                Expr::col((RefreshTokens::Table, RefreshTokens::SessionId))
                    .equals((live.clone(), Sessions::Id)),
            )
            .and_where(
                Expr::col((RefreshTokens::Table, RefreshTokens::TokenHash)).eq(old.as_slice()),
            )
            .and_where(Expr::col((RefreshTokens::Table, RefreshTokens::Revoked)).not())
            .and_where(Expr::col((RefreshTokens::Table, RefreshTokens::ExpiresAt)).gt(now))
            .returning(Query::returning().columns([
                (RefreshTokens::Table, RefreshTokens::UserId),
                (RefreshTokens::Table, RefreshTokens::SessionId),
            ]))
            .take();
        let successor = Query::select()
            .expr(Expr::val(new.hash.as_slice()).cast_as("bytea"))
            .column(RefreshTokens::UserId)
            .column(RefreshTokens::SessionId)
            .expr(Expr::val(new.expires_at).cast_as("timestamptz"))
            .expr(Expr::val(now).cast_as("timestamptz"))
            .expr(Expr::val(new.generation).cast_as("integer"))
            .from(spent.clone())
            .take();
        let store = Query::insert()
            .into_table((Schema::Users, RefreshTokens::Table))
            .columns(TOKEN)
            .select_from(successor)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .returning(
                Query::returning().columns([RefreshTokens::UserId, RefreshTokens::SessionId]),
            )
            .take();
        let caller = caller::current();
        let see = Query::update()
            .table((Schema::Users, Sessions::Table))
            .from(spent.clone())
            .value(Sessions::LastSeenAt, now)
            .value(Sessions::Address, caller.address.map(network::coarse))
            .value(Sessions::UserAgent, caller.user_agent)
            .and_where(
                Expr::col((Sessions::Table, Sessions::Id))
                    .equals((spent, RefreshTokens::SessionId)),
            )
            .take();
        let last = Query::select()
            .column((fresh.clone(), RefreshTokens::SessionId))
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Email))
            .column((Users::Table, Users::Roles))
            .from(fresh.clone())
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::col((Users::Table, Users::Id)).equals((fresh, RefreshTokens::UserId)),
            )
            .take();
        let parts = [
            cte("live", live_session),
            cte("spent", spend),
            cte("fresh", store),
            cte("seen", see),
        ];
        let forgets = new.generation % FORGETS_EVERY == 0;
        let forgotten = forgets.then(|| forget(now)).into_iter().flatten();
        with(parts.into_iter().chain(forgotten), last)
    }
}

#[cfg(test)]
mod reviewed {
    use super::{NewToken, Rotation, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{HASH, NOW, TOKEN},
    };

    fn renewing(new: &NewToken) -> Rotation<'_> {
        Rotation {
            old: &HASH,
            sealed_successor: b"sealed",
            new,
            opened_after: NOW,
            now: NOW,
        }
    }

    statements! {
        rotate(&renewing(&TOKEN));
        rotate(&renewing(&NewToken { generation: 16, ..TOKEN })), "forgetting";
    }
}
