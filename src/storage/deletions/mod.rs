//! Accounts that are to be deleted: asking for it, keeping the account after all, letting unproven
//! ones go, and taking an account away for good in batches, so that no transaction is long whoever
//! leaves.

mod asking;
mod claiming;
mod emptying;
mod letting_go;

pub use asking::{keep, request};
pub use claiming::{Leaving, claim, postpone};
pub use emptying::{delete, delete_rows};
pub use letting_go::{AT_ONCE, let_go, let_go_unproven};

use super::schema::{Schema, Users};
use sea_query::{Expr, ExprTrait, Query, UpdateStatement};
use uuid::Uuid;

fn account(user_id: Uuid) -> UpdateStatement {
    Query::update()
        .table((Schema::Users, Users::Table))
        .and_where(Expr::col((Users::Table, Users::Id)).eq(user_id))
        .take()
}
