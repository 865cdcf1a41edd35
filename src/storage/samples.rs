//! Values to build statements with, for their review.

use super::{Who, outbox, rate_limits::Bucket, sessions::NewToken};
use crate::domain::{
    Email, Position, Username,
    limit::{Limits, Rule},
    page::{Cursor, Start},
};
use std::time::Duration;
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

pub const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
pub const MINUTE: Duration = Duration::from_mins(1);
pub const A: Uuid = Uuid::from_u128(1);
pub const B: Uuid = Uuid::from_u128(2);
pub const HASH: [u8; 32] = [7; 32];
pub const ACCOUNT: Who = Who::Account(A);
pub const SESSION: Who = Who::Session(HASH, NOW);
pub const TOKEN: NewToken = NewToken {
    hash: HASH,
    generation: 1,
    expires_at: NOW,
};
/// A page by cursor.
pub const AFTER: Position = Position {
    start: Start::After(Cursor {
        created_at: NOW,
        id: A,
    }),
    size: 20,
};

#[allow(clippy::unwrap_used)]
pub fn email() -> Email {
    Email::parse("ana@example.org").unwrap()
}

#[allow(clippy::unwrap_used)]
pub fn username() -> Username {
    Username::parse("ana").unwrap()
}

pub fn bucket() -> Bucket {
    Bucket {
        key: HASH,
        limit: Limits::default().of(Rule::LogInAccount),
    }
}

pub fn owed() -> outbox::Owed {
    outbox::Owed {
        id: B,
        user_id: A,
        kind: outbox::Kind::VerifyEmail,
        recipient: None,
        data: None,
        trace_id: None,
        created_at: NOW,
        attempts: 3,
        username: String::new(),
        email: String::new(),
        email_verified: false,
    }
}
