//! Mails owed: `users.outbox`.
//!
//! A row is committed with its cause. Whoever sends the mail claims the row by moving
//! `next_attempt_at` ahead: when that time comes and nobody moved it on, the claim has lapsed. That
//! time is the database's, so that the clocks of replicas don't matter.

mod claiming;
mod kind;
mod owing;
mod settling;

pub use claiming::{CLAIM, Owed, Pending, claim, pending};
pub use kind::Kind;
pub use owing::{NewMail, owe};
pub use settling::{Next, failed, renew, sent};

use crate::storage::schema::Outbox;
use sea_query::{Condition, Expr, ExprTrait};

/// The statements.
pub mod sql {
    pub use super::{claiming::sql::*, owing::sql::*, settling::sql::*};
}

fn unfinished() -> Condition {
    Condition::all()
        .add(Expr::col(Outbox::SentAt).is_null())
        .add(Expr::col(Outbox::GivenUpAt).is_null())
}
