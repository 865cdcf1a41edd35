//! The follow graph. An edge and its counts change in one statement, so they can't drift.

mod changing;
mod clearing;
mod counting;
mod listing;
pub(super) mod relationship;

pub use changing::{delete, insert};
pub use clearing::{BATCH, delete_some_of};
pub use listing::page;

use super::schema::Follows;

/// The statements.
pub mod sql {
    pub use super::{changing::sql::*, clearing::sql::*, listing::sql::*};
}

/// Which list of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Who follows the person.
    Followers,
    /// Whom the person follows.
    Followees,
}

impl List {
    /// The end of its edges that the list belongs to, and the end of those who are in it.
    pub(in crate::storage) fn ends(self) -> (Follows, Follows) {
        match self {
            Self::Followers => (Follows::FolloweeId, Follows::FollowerId),
            Self::Followees => (Follows::FollowerId, Follows::FolloweeId),
        }
    }
}
