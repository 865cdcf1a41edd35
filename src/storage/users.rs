//! Accounts: making them, finding them, proving their address, letting them go.

use super::{GenericClient, all, execute, optional};
use crate::{
    Result,
    domain::{Email, Person, Username, token::TokenHash},
};
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

/// An account about to be made.
pub struct NewUser<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its handle.
    pub username: &'a Username,
    /// Its address.
    pub email: &'a Email,
    /// The hash of its password.
    pub password_hash: &'a str,
}

/// What checking a password needs to know of an account.
pub struct Credentials {
    /// The account.
    pub id: Uuid,
    /// Its handle.
    pub username: String,
    /// Its address as stored.
    pub email: String,
    /// The hash of its password.
    pub password_hash: String,
    /// Whether its address is proven.
    pub email_verified: bool,
    /// What it may do.
    pub roles: Vec<String>,
    /// When it is to be deleted, if it is.
    pub delete_after: Option<OffsetDateTime>,
}

/// Makes an account. Named constraints say no when its e-mail or username is taken.
pub async fn insert(
    db: &impl GenericClient,
    user: &NewUser<'_>,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::insert(user, now)).await.map(drop)
}

/// The credentials of the account with this address, whatever its case.
pub async fn credentials(db: &impl GenericClient, email: &str) -> Result<Option<Credentials>> {
    let row = optional(db, sql::credentials(email)).await?;
    Ok(row.map(|row| to_credentials(&row)))
}

/// The same of the account with this id.
pub async fn credentials_of(db: &impl GenericClient, id: Uuid) -> Result<Option<Credentials>> {
    let row = optional(db, sql::credentials_of(id)).await?;
    Ok(row.map(|row| to_credentials(&row)))
}

/// Replaces a password hash, unless somebody else replaced it meanwhile.
pub async fn replace_password_hash(
    db: &impl GenericClient,
    id: Uuid,
    old: &str,
    new: &str,
    now: OffsetDateTime,
) -> Result<bool> {
    execute(db, sql::replace_password_hash(id, old, new, now))
        .await
        .map(|rows| rows > 0)
}

/// Gives an account a new password, set with a link that proves its address too. Its row must be
/// locked.
pub async fn reset_password(
    db: &impl GenericClient,
    id: Uuid,
    password_hash: &str,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::reset_password(id, password_hash, now))
        .await
        .map(drop)
}

/// Corrects the address of an account, unless it is proven already. A named constraint says no
/// when another account has it.
pub async fn correct_email(
    db: &impl GenericClient,
    id: Uuid,
    email: &Email,
    now: OffsetDateTime,
) -> Result<bool> {
    Ok(execute(db, sql::correct_email(id, email, now)).await? > 0)
}

/// Gives an account an address that is proven. A named constraint says no when it is taken.
pub async fn set_email(
    db: &impl GenericClient,
    id: Uuid,
    email: &str,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::set_email(id, email, now)).await.map(drop)
}

/// Whether another account than this one has proven that this address is its own.
pub async fn is_email_of_another(db: &impl GenericClient, id: Uuid, email: &str) -> Result<bool> {
    let row = optional(db, sql::email_of_another(id, email)).await?;
    Ok(row.is_some())
}

/// The handle of an account, and when it was last changed.
pub struct Named {
    /// The handle.
    pub username: String,
    /// When it was changed, if ever.
    pub changed_at: Option<OffsetDateTime>,
}

/// The handle of an account; `lock` keeps the row until the transaction ends.
pub async fn named(db: &impl GenericClient, id: Uuid, lock: bool) -> Result<Option<Named>> {
    let row = optional(db, sql::named(id, lock)).await?;
    Ok(row.map(|row| Named {
        username: row.get(0),
        changed_at: row.get(1),
    }))
}

/// Gives an account a handle. A named constraint says no when it is taken.
pub async fn set_username(
    db: &impl GenericClient,
    id: Uuid,
    username: &str,
    changed_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::set_username(id, username, changed_at, now))
        .await
        .map(drop)
}

/// Marks the address of an account as proven.
pub async fn mark_verified(db: &impl GenericClient, id: Uuid, now: OffsetDateTime) -> Result<()> {
    execute(db, sql::mark_verified(id, now)).await.map(drop)
}

/// The account with this address, if its address is not proven yet.
pub async fn unverified(db: &impl GenericClient, email: &str) -> Result<Option<Uuid>> {
    let row = optional(db, sql::unverified(email)).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Locks and names the unproven accounts that hold this address or username although their last
/// link has lapsed and no mail is owed to them any more; in id order, so that nobody deadlocks.
pub async fn lock_lapsed(
    db: &impl GenericClient,
    email: Option<&str>,
    username: Option<&str>,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>> {
    let rows = all(db, sql::lock_lapsed(email, username, now)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Deletes an account whose address is not proven, and what hangs on it. Its edges must be gone.
pub async fn delete_unverified(db: &impl GenericClient, id: Uuid) -> Result<bool> {
    Ok(execute(db, sql::delete_unverified(id)).await? > 0)
}

/// Whether an account with this address exists.
pub async fn email_exists(db: &impl GenericClient, email: &Email) -> Result<bool> {
    Ok(optional(db, sql::email_exists(email.as_str()))
        .await?
        .is_some())
}

/// Whether an account with this id exists, and is not to be deleted.
pub async fn exists(db: &impl GenericClient, id: Uuid) -> Result<bool> {
    Ok(optional(db, sql::exists(id)).await?.is_some())
}

/// The username and whether the address is proven, of the account that a link belongs to.
pub struct Linked {
    /// The account.
    pub user_id: Uuid,
    /// Its handle.
    pub username: String,
    /// Whether its address is proven.
    pub email_verified: bool,
    /// When the link lapses.
    pub expires_at: OffsetDateTime,
    /// Whether the link was used before.
    pub used: bool,
}

/// The account of a verification link; `lock` keeps both rows until the transaction ends.
pub async fn by_link(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    lock: bool,
) -> Result<Option<Linked>> {
    let row = optional(db, sql::by_link(token_hash, lock)).await?;
    Ok(row.map(|row| Linked {
        user_id: row.get(0),
        username: row.get(1),
        email_verified: row.get(2),
        expires_at: row.get(3),
        used: row.get::<_, Option<OffsetDateTime>>(4).is_some(),
    }))
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

/// The newest people with a proven address that `viewer` does not follow yet.
pub async fn newest_unfollowed(
    db: &impl GenericClient,
    viewer: Uuid,
    limit: u64,
) -> Result<Vec<Person>> {
    let rows = all(db, sql::newest_unfollowed(viewer, limit)).await?;
    Ok(rows.iter().map(to_person).collect())
}

fn to_credentials(row: &Row) -> Credentials {
    Credentials {
        id: row.get(0),
        username: row.get(1),
        email: row.get(2),
        password_hash: row.get(3),
        email_verified: row.get(4),
        roles: row.get(5),
        delete_after: row.get(6),
    }
}

pub(super) fn to_person(row: &Row) -> Person {
    Person {
        id: row.get(0),
        username: row.get(1),
        display_name: row.get(2),
        avatar_url: row.get(3),
    }
}

/// The statements.
pub mod sql {
    use super::{NewUser, OffsetDateTime, TokenHash, Uuid};
    use crate::{
        domain::Email,
        storage::{
            deletions::sql::is_kept,
            schema::{EmailVerifications, Follows, Outbox, Schema, Users},
        },
    };
    use sea_query::{
        Asterisk, Cond, DeleteStatement, Expr, ExprTrait, Func, InsertStatement, LockType, Order,
        Query, SelectStatement, UpdateStatement, extension::postgres::PgExpr,
    };

    const PERSON: [Users; 4] = [
        Users::Id,
        Users::Username,
        Users::DisplayName,
        Users::AvatarUrl,
    ];

    const CREDENTIALS: [Users; 7] = [
        Users::Id,
        Users::Username,
        Users::Email,
        Users::PasswordHash,
        Users::EmailVerified,
        Users::Roles,
        Users::DeleteAfter,
    ];

    fn lower(column: Users) -> Expr {
        Func::lower(Expr::col((Users::Table, column))).into()
    }

    fn lowered(text: &str) -> Expr {
        Func::lower(Expr::val(text)).into()
    }

    /// Makes an account.
    #[must_use]
    pub fn insert(user: &NewUser<'_>, now: OffsetDateTime) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, Users::Table))
            .columns([
                Users::Id,
                Users::Username,
                Users::Email,
                Users::PasswordHash,
                Users::CreatedAt,
                Users::UpdatedAt,
            ])
            .values_panic([
                user.id.into(),
                user.username.as_str().into(),
                user.email.as_str().into(),
                user.password_hash.into(),
                now.into(),
                now.into(),
            ])
            .take()
    }

    /// What a log-in needs of the account with this address.
    #[must_use]
    pub fn credentials(email: &str) -> SelectStatement {
        Query::select()
            .columns(CREDENTIALS)
            .from((Schema::Users, Users::Table))
            .and_where(lower(Users::Email).eq(lowered(email)))
            .take()
    }

    /// The same of the account with this id.
    #[must_use]
    pub fn credentials_of(id: Uuid) -> SelectStatement {
        Query::select()
            .columns(CREDENTIALS)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }

    /// Swaps a password hash for a new one, comparing the old.
    #[must_use]
    pub fn replace_password_hash(
        id: Uuid,
        old: &str,
        new: &str,
        now: OffsetDateTime,
    ) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::PasswordHash, new)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .and_where(Expr::col(Users::PasswordHash).eq(old))
            .take()
    }

    /// A new password, and the proof of the address that came with it.
    #[must_use]
    pub fn reset_password(id: Uuid, password_hash: &str, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::PasswordHash, password_hash)
            .value(Users::EmailVerified, true)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }

    /// Puts a proven address in place of the one that an account has.
    #[must_use]
    pub fn set_email(id: Uuid, email: &str, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::Email, email)
            .value(Users::EmailVerified, true)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }

    /// Another address, while it is unproven.
    #[must_use]
    pub fn correct_email(id: Uuid, email: &Email, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::Email, email.as_str())
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .and_where(Expr::col(Users::EmailVerified).not())
            .take()
    }

    /// Another account whose proven address this is.
    #[must_use]
    pub fn email_of_another(id: Uuid, email: &str) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(lower(Users::Email).eq(lowered(email)))
            .and_where(Expr::col(Users::Id).ne(id))
            .and_where(Expr::col(Users::EmailVerified))
            .take()
    }

    /// The handle of an account, and when it was last changed.
    #[must_use]
    pub fn named(id: Uuid, lock: bool) -> SelectStatement {
        let mut select = Query::select();
        select
            .columns([Users::Username, Users::UsernameChangedAt])
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(id));
        if lock {
            select.lock(LockType::Update);
        }
        select
    }

    /// Puts a handle in place of the one that an account has.
    #[must_use]
    pub fn set_username(
        id: Uuid,
        username: &str,
        changed_at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::Username, username)
            .value(Users::UsernameChangedAt, changed_at)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }

    /// Marks an address as proven.
    #[must_use]
    pub fn mark_verified(id: Uuid, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::EmailVerified, true)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }

    /// The account with this address, if unproven.
    #[must_use]
    pub fn unverified(email: &str) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(lower(Users::Email).eq(lowered(email)))
            .and_where(Expr::col(Users::EmailVerified).not())
            .take()
    }

    /// Unproven accounts in the way of a registration: every link lapsed, at least one was made,
    /// and no mail with a new one is on its way.
    #[must_use]
    pub fn lock_lapsed(
        email: Option<&str>,
        username: Option<&str>,
        now: OffsetDateTime,
    ) -> SelectStatement {
        // Compared with null nothing is equal.
        let same = |column: Users, text: Option<&str>| {
            lower(column).eq(Func::lower(Expr::val(text).cast_as("text")))
        };
        let links = || {
            Query::select()
                .column(Asterisk)
                .from((Schema::Users, EmailVerifications::Table))
                .and_where(
                    Expr::col((EmailVerifications::Table, EmailVerifications::UserId))
                        .equals((Users::Table, Users::Id)),
                )
                .take()
        };
        let live_links = links()
            .and_where(
                Expr::col((EmailVerifications::Table, EmailVerifications::ExpiresAt)).gt(now),
            )
            .take();
        let owed = Query::select()
            .column(Asterisk)
            .from((Schema::Users, Outbox::Table))
            .and_where(Expr::col((Outbox::Table, Outbox::UserId)).equals((Users::Table, Users::Id)))
            .and_where(Expr::col((Outbox::Table, Outbox::SentAt)).is_null())
            .and_where(Expr::col((Outbox::Table, Outbox::GivenUpAt)).is_null())
            .take();
        Query::select()
            .column((Users::Table, Users::Id))
            .from((Schema::Users, Users::Table))
            .cond_where(
                Cond::any()
                    .add(same(Users::Email, email))
                    .add(same(Users::Username, username)),
            )
            .and_where(Expr::col((Users::Table, Users::EmailVerified)).not())
            .and_where(Expr::exists(links()))
            .and_where(Expr::exists(live_links).not())
            .and_where(Expr::exists(owed).not())
            .order_by((Users::Table, Users::Id), Order::Asc)
            .lock_with_tables(LockType::Update, [Users::Table])
            .take()
    }

    /// Deletes an account while its address is unproven.
    #[must_use]
    pub fn delete_unverified(id: Uuid) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(id))
            .and_where(Expr::col(Users::EmailVerified).not())
            .take()
    }

    /// Whether an address is taken.
    #[must_use]
    pub fn email_exists(email: &str) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(lower(Users::Email).eq(lowered(email)))
            .take()
    }

    /// Whether an id is an account that others see.
    #[must_use]
    pub fn exists(id: Uuid) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(id))
            .and_where(is_kept())
            .take()
    }

    /// A verification link with its account: one that was used, or that was sent to the address
    /// which the account has.
    #[must_use]
    pub fn by_link(token_hash: &TokenHash, lock: bool) -> SelectStatement {
        let link = |column| Expr::col((EmailVerifications::Table, column));
        let mut select = Query::select();
        select
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Username))
            .column((Users::Table, Users::EmailVerified))
            .column((EmailVerifications::Table, EmailVerifications::ExpiresAt))
            .column((EmailVerifications::Table, EmailVerifications::UsedAt))
            .from((Schema::Users, Users::Table))
            .inner_join(
                (Schema::Users, EmailVerifications::Table),
                Expr::col((EmailVerifications::Table, EmailVerifications::UserId))
                    .equals((Users::Table, Users::Id)),
            )
            .and_where(
                Expr::col((EmailVerifications::Table, EmailVerifications::TokenHash))
                    .eq(token_hash.as_slice()),
            )
            .cond_where(
                Cond::any()
                    .add(link(EmailVerifications::UsedAt).is_not_null())
                    .add(link(EmailVerifications::Email).is_null())
                    .add(link(EmailVerifications::Email).equals((Users::Table, Users::Email))),
            );
        if lock {
            select.lock(LockType::Update);
        }
        select
    }

    /// People by their ids.
    #[must_use]
    pub fn people_by_ids(ids: &[Uuid]) -> SelectStatement {
        Query::select()
            .columns(PERSON)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq_any(ids.to_vec()))
            .and_where(is_kept())
            .take()
    }

    /// The person with this handle.
    #[must_use]
    pub fn person_by_username(name: &str) -> SelectStatement {
        Query::select()
            .columns(PERSON)
            .from((Schema::Users, Users::Table))
            .and_where(lower(Users::Username).eq(lowered(name)))
            .and_where(is_kept())
            .take()
    }

    /// Newcomers that the viewer does not follow.
    #[must_use]
    pub fn newest_unfollowed(viewer: Uuid, limit: u64) -> SelectStatement {
        unfollowed(viewer)
            // Ids are made in the order of time (UUID version 7), so the primary key is walked.
            .order_by((Users::Table, Users::Id), Order::Desc)
            .limit(limit)
            .take()
    }

    /// Others with a proven address that the viewer does not follow.
    pub(in crate::storage) fn unfollowed(viewer: Uuid) -> SelectStatement {
        let followed = Query::select()
            .column(Asterisk)
            .from((Schema::Users, Follows::Table))
            .and_where(Expr::col((Follows::Table, Follows::FollowerId)).eq(viewer))
            .and_where(
                Expr::col((Follows::Table, Follows::FolloweeId)).equals((Users::Table, Users::Id)),
            )
            .take();
        Query::select()
            .columns(PERSON.map(|column| (Users::Table, column)))
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col((Users::Table, Users::Id)).ne(viewer))
            .and_where(Expr::col((Users::Table, Users::EmailVerified)))
            .and_where(is_kept())
            .and_where(Expr::exists(followed).not())
            .take()
    }
}
