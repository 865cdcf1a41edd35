//! The database's time in SQL: what replicas go by where they must agree, since their own clocks may
//! be wrong.

use sea_query::{Expr, ExprTrait};

/// The database's now, so many seconds later.
#[must_use]
pub fn in_seconds(seconds: f64) -> Expr {
    let interval = Expr::cust_with_values("make_interval(secs => $1)", [seconds]);
    Expr::current_timestamp().add(interval)
}
