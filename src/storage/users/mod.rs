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
pub use public::{exists, people, person, person_by_username};
pub use registering::{NewUser, delete_unverified, email_exists, insert, lock_lapsed};

use crate::storage::schema::Users;
use sea_query::{Expr, Func};

/// The statements.
pub mod sql {
    pub use super::{
        addresses::sql::*, names::sql::*, passwords::sql::*, public::sql::*, registering::sql::*,
    };
}

// What is told apart by its letters alone, whatever their case.

fn lower(column: Users) -> Expr {
    Func::lower(Expr::col((Users::Table, column))).into()
}

fn lowered(text: &str) -> Expr {
    Func::lower(Expr::val(text)).into()
}
