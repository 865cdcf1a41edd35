//! Log-ins and their refresh tokens: opening, rotating, ending a family.

mod ending;
mod looking;
mod opening;
mod rotation;

pub use ending::{EndReason, end, end_all};
pub use looking::{authenticate, authenticated_at, live, lock_live};
pub use opening::{Opened, open};
pub use rotation::{StoredToken, rotate, token};

use crate::{domain::token::TokenHash, storage::schema::RefreshTokens};
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

/// A token about to be stored.
pub struct NewToken {
    /// The hash of its text.
    pub hash: TokenHash,
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

/// The statements.
pub mod sql {
    pub use super::{ending::sql::*, looking::sql::*, opening::sql::*, rotation::sql::*};
}

const TOKEN: [RefreshTokens; 5] = [
    RefreshTokens::TokenHash,
    RefreshTokens::UserId,
    RefreshTokens::SessionId,
    RefreshTokens::ExpiresAt,
    RefreshTokens::CreatedAt,
];
