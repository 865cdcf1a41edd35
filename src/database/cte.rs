//! Statements of several parts: `WITH part AS (…), … SELECT …`.

use sea_query::{CommonTableExpression, IntoIden, SubQueryStatement, WithQuery};

/// A part by its name.
pub fn cte(name: impl IntoIden, query: impl Into<SubQueryStatement>) -> CommonTableExpression {
    let mut part = CommonTableExpression::new();
    part.table_name(name).query(query);
    part
}

/// A part that is run exactly once: as a subquery of a condition it might be run more often, and lock
/// more rows than its limit.
pub fn cte_once(name: impl IntoIden, query: impl Into<SubQueryStatement>) -> CommonTableExpression {
    let mut part = cte(name, query);
    part.materialized(true);
    part
}

/// The statement of these parts and a last one. The library's own way there copies all of them twice.
pub fn with(
    parts: impl IntoIterator<Item = CommonTableExpression>,
    last: impl Into<SubQueryStatement>,
) -> WithQuery {
    let mut statement = WithQuery::new();
    for part in parts {
        statement.cte(part);
    }
    statement.query(last);
    statement
}
