//! Statements as they were reviewed: a page of SQL beside each file that builds some, `leases.sql` beside
//! `leases.rs`.

use super::snapshot;
use sqlformat::{Dialect, FormatOptions, QueryParams};

/// A test that holds the statements of a file's `sql` module against the page beside the file. Each line is a
/// statement: the function, its values and, where one function makes several, what tells this one apart.
macro_rules! statements {
    ($($function:ident $values:tt $([$index:literal])? $(, $case:literal)?;)+) => {
        #[test]
        fn statements_are_as_reviewed() {
            let statements = [$((
                concat!(stringify!($function) $(, ", ", $case)?),
                sql::$function $values $([$index])?
                    .build(sea_query::PostgresQueryBuilder)
                    .0,
            )),+];
            $crate::database::reviewed::compare(module_path!(), &statements);
        }
    };
}
pub(crate) use statements;

/// Holds the statements of the module `users_service::storage::leases::reviewed` against
/// `src/storage/leases.sql`, where they are named `leases::take` and so on.
pub fn compare(module: &str, statements: &[(&str, String)]) {
    let folders: Vec<_> = module.split("::").collect();
    let file = format!("src/{}.sql", folders[1..folders.len() - 1].join("/"));
    let table = folders[2];
    let page: Vec<_> = statements
        .iter()
        .map(|(name, sql)| format!("-- {table}::{name}\n{};\n", pretty(sql)))
        .collect();
    snapshot::assert_reviewed(&file, &page.join("\n"));
}

/// The statement, a clause on each line.
fn pretty(sql: &str) -> String {
    let options = FormatOptions {
        dialect: Dialect::PostgreSql,
        joins_as_top_level: true,
        max_inline_block: 80,
        max_inline_arguments: Some(80),
        max_inline_top_level: Some(80),
        ..FormatOptions::default()
    };
    let pretty = sqlformat::format(sql, &QueryParams::None, &options);
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(letters(&pretty), letters(sql), "not the same statement");
    pretty
}
