//! Opening a session: a log-in.

use super::NewToken;
use crate::{
    Result,
    database::{GenericClient, execute},
    storage::rate_limits::Key,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// A session about to be opened.
pub struct Opened<'a> {
    /// Its id.
    pub session_id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The hash that the password was verified against.
    pub password_hash: &'a str,
    /// Its first token.
    pub token: &'a NewToken,
    /// Where it is opened, each until when that is known to the account.
    pub places: &'a [(Key, OffsetDateTime)],
    /// When.
    pub now: OffsetDateTime,
}

/// Opens a session with its first token, notes the log-in and where it came from, and ends those beyond
/// [`MOST_OPEN`](super::MOST_OPEN), in one statement. Says false, and opens none, when the password was
/// changed since it was verified, or the account is gone or to be deleted.
pub async fn open(db: &impl GenericClient, opened: &Opened<'_>) -> Result<bool> {
    execute(db, sql::open(opened)).await.map(|rows| rows > 0)
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Opened};
    use crate::{
        caller,
        database::cte::{cte, with},
        domain::{device, history, network},
        storage::{
            audit, known_devices,
            outbox::{self, Kind, NewMail},
            schema::{AuditLog, RefreshTokens, Schema, Sessions, Users},
            sessions::{TOKEN, surplus},
            users::sql::is_visible,
        },
    };
    use sea_query::{
        Alias, Asterisk, Condition, Expr, ExprTrait, InsertStatement, LockType, Query, WithQuery,
    };
    use sha2::{Digest, Sha256};

    /// A session, its first token, its places, the line in the log and the notice of a new device, and
    /// the end of what is too many, if the account still has this password. `account` holds that fast against a change until the commit.
    #[must_use]
    pub fn open(opened: &Opened<'_>) -> WithQuery {
        let (account, session) = (Alias::new("account"), Alias::new("session"));
        let same_password = Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(opened.user_id))
            .and_where(Expr::col(Users::PasswordHash).eq(opened.password_hash))
            .and_where(is_visible())
            .lock(LockType::Share)
            .take();
        let caller = caller::current();
        let row = Query::select()
            .expr(Expr::val(opened.session_id).cast_as("uuid"))
            .column(Users::Id)
            .expr(timestamp(opened.now))
            .expr(timestamp(opened.now))
            .expr(timestamp(opened.now))
            .expr(Expr::val(caller.address.map(network::coarse)).cast_as("text"))
            .expr(Expr::val(caller.user_agent).cast_as("text"))
            .from(account.clone())
            .take();
        let open = Query::insert()
            .into_table((Schema::Users, Sessions::Table))
            .columns([
                Sessions::Id,
                Sessions::UserId,
                Sessions::CreatedAt,
                Sessions::LastSeenAt,
                Sessions::AuthenticatedAt,
                Sessions::Address,
                Sessions::UserAgent,
            ])
            .select_from(row)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .returning(Query::returning().columns([Sessions::Id, Sessions::UserId]))
            .take();
        let entry = audit::Entry::new(
            opened.user_id,
            Some(opened.session_id),
            audit::Event::LoggedIn,
            None,
            opened.now,
        );
        let note = audit::sql::append_if(&entry, session.clone());
        let owe = outbox::sql::owe_if(&new_device(opened), session.clone(), is_new(opened, &entry));
        let known = known_devices::sql::remember_if(session.clone(), opened.places, opened.now);
        let first = Query::select()
            .expr(Expr::val(opened.token.hash.as_slice()).cast_as("bytea"))
            .column(Sessions::UserId)
            .column(Sessions::Id)
            .expr(timestamp(opened.token.expires_at))
            .expr(timestamp(opened.now))
            .expr(Expr::val(opened.token.generation).cast_as("integer"))
            .from(session)
            .take();
        let last = Query::insert()
            .into_table((Schema::Users, RefreshTokens::Table))
            .columns(TOKEN)
            .select_from(first)
            .map(InsertStatement::take)
            .unwrap_or_default();
        let parts = [
            cte("account", same_password),
            cte("session", open),
            cte("noted", note),
            cte("owed", owe),
            cte("known", known),
        ];
        with(parts.into_iter().chain(surplus::sql::end(opened)), last)
    }

    /// The notice of a new device. Its id is the same for log-ins from such a device on one day,
    /// so that several at once owe one mail.
    fn new_device(opened: &Opened<'_>) -> NewMail<'static> {
        let mut mail = NewMail::notice(opened.user_id, Kind::NewDevice, opened.now);
        let day = opened.now.to_julian_day().to_be_bytes();
        let device = device::in_words(caller::current().user_agent.as_deref());
        let digest = Sha256::new()
            .chain_update(b"new device")
            .chain_update(opened.user_id)
            .chain_update(day)
            .chain_update(device)
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        mail.id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        mail
    }

    /// Whether nobody logged in from such a device lately, or neither this browser nor this network is
    /// known, and it is not the account's first log-in. What this statement itself writes is not seen
    /// by it.
    fn is_new(opened: &Opened<'_>, entry: &audit::Entry<'_>) -> Condition {
        let earlier = Query::select()
            .column(Asterisk)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::UserId).eq(opened.user_id))
            .take();
        let seen = Query::select()
            .column(Asterisk)
            .from((Schema::Users, AuditLog::Table))
            .and_where(Expr::col(AuditLog::UserId).eq(opened.user_id))
            // Not bound: the index is one of these lines alone.
            .and_where(
                Expr::col(AuditLog::Event)
                    .eq(Expr::Constant(audit::Event::LoggedIn.as_str().into())),
            )
            .and_where(Expr::col(AuditLog::Device).eq(entry.device()))
            .and_where(Expr::col(AuditLog::CreatedAt).gt(opened.now - history::KEPT))
            .take();
        let known = known_devices::sql::known_among(opened.user_id, opened.places, opened.now);
        let is_strange = Condition::any()
            .add(Expr::exists(seen).not())
            .add(Expr::exists(known).not());
        Condition::all().add(Expr::exists(earlier)).add(is_strange)
    }

    fn timestamp(at: OffsetDateTime) -> Expr {
        Expr::val(at).cast_as("timestamptz")
    }
}

#[cfg(test)]
mod reviewed {
    use super::{Opened, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, B, HASH, NOW, TOKEN},
    };

    statements! {
        open(&Opened { session_id: B, user_id: A, password_hash: "hash", token: &TOKEN, places: &[(HASH, NOW)], now: NOW });
    }
}
