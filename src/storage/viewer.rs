//! Who is looking, for statements that are sent before the answer to that is there.

use super::web_sessions::sql::owner;
use sea_query::{Expr, ExprTrait};
use time::OffsetDateTime;
use uuid::Uuid;

/// Who is looking. Statements take it in the place of an account's id.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    /// The account with this id.
    Account(Uuid),
    /// Whoever the browser session with this hash belongs to if it is live at this time, else nobody.
    Session([u8; 32], OffsetDateTime),
    /// Nobody.
    Nobody,
}

impl From<Who> for Expr {
    fn from(who: Who) -> Self {
        match who {
            // In a select list nothing else says what it is.
            Who::Account(id) => Expr::val(id).cast_as("uuid"),
            Who::Session(id_hash, now) => {
                Expr::SubQuery(None, Box::new(owner(&id_hash, now).into()))
            }
            Who::Nobody => Expr::val(None::<Uuid>).cast_as("uuid"),
        }
    }
}
