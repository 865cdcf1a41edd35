//! Accounts: making them, finding them, proving their address, letting them go.

mod addresses;
mod names;
mod passwords;
mod public;
mod registering;

pub use addresses::{
    Linked, by_link, correct_email, is_email_of_another, mark_verified, set_email, unverified,
};
pub use names::{Named, named, set_username};
pub use passwords::{
    Credentials, credentials, credentials_of, replace_password_hash, reset_password,
};
pub(super) use public::to_person;
pub use public::{is_visible, people, person, person_by_username};
pub use registering::{NewUser, delete_unverified, email_exists, insert, lock_lapsed};

use crate::{Error, storage::schema::Users};
use sea_query::{Expr, ExprTrait};

/// The statements.
pub mod sql {
    pub use super::{
        addresses::sql::*, names::sql::*, passwords::sql::*, public::sql::*, registering::sql::*,
    };
}

// Names and addresses are ASCII, and the same whatever their case. They are folded and compared by
// bytes, never by the database's locale: under a Turkish one `INFO` and `info` are two words.

/// A name or an address that is stored as it was typed, folded.
pub(super) fn folded(typed: impl Into<Expr>) -> Expr {
    Expr::cust_with_expr(r#"lower($1 collate "C")"#, typed)
}

/// That a column of an account is this name or address.
pub(super) fn is<'a>(column: Users, text: impl Into<Option<&'a str>>) -> Expr {
    let text = text.into().map(str::to_ascii_lowercase);
    folded(Expr::col((Users::Table, column))).eq(text)
}

/// `EmailTaken` or `UsernameTaken` when another account has it, else the error itself.
fn taken(error: Error) -> Error {
    // The indexes by the database's locale are those of the release before.
    error
        .on_constraint("users_email_bytes_key", Error::EmailTaken)
        .on_constraint("users_email_key", Error::EmailTaken)
        .on_constraint("users_username_bytes_key", Error::UsernameTaken)
        .on_constraint("users_username_key", Error::UsernameTaken)
}
