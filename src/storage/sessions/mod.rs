//! Log-ins and their refresh tokens: opening, rotating, ending a family.

mod ending;
pub(super) mod family;
mod looking;
mod opening;
mod rotation;
mod spent;
mod surplus;

pub use ending::{EndReason, end, end_all};
pub use looking::{authenticate, authenticated_at, hold, last_place, live, lock_live};
pub use opening::{Opened, open};
pub use rotation::{Rotation, rotate};
pub use spent::{StoredToken, is_outlived, token};
pub use surplus::MOST_OPEN;

use crate::{domain::token::TokenHash, storage::schema::RefreshTokens};
use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;
use uuid::Uuid;

/// How long a rotated token is still honoured: two tabs at once, or a lost answer.
pub const GRACE: Duration = Duration::seconds(10);

/// A token about to be stored.
pub struct NewToken {
    /// The hash of its text.
    pub hash: TokenHash,
    /// How many renewals led to it.
    pub generation: i32,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// Whose session a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The session.
    pub session_id: Uuid,
    /// The account.
    pub user_id: Uuid,
    /// Its address now.
    pub email: String,
    /// What it may do now.
    pub roles: Vec<String>,
}

impl Holder {
    fn from_row(row: &Row) -> Self {
        Self {
            session_id: row.get(0),
            user_id: row.get(1),
            email: row.get(2),
            roles: row.get(3),
        }
    }
}

const TOKEN: [RefreshTokens; 6] = [
    RefreshTokens::TokenHash,
    RefreshTokens::UserId,
    RefreshTokens::SessionId,
    RefreshTokens::ExpiresAt,
    RefreshTokens::CreatedAt,
    RefreshTokens::Generation,
];
