//! What a program chooses for its database.

use std::path::Path;

/// What a program chooses for its database.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Gets the cluster, its log and its lock; made when it is missing.
    pub data_dir: &'a Path,
    /// Begins the names of directories outside `data_dir`: a short name of the program.
    pub program: &'a str,
    /// The database that is made in the cluster: a plain name in small letters.
    pub database: &'a str,
    /// Extra settings of the server, name and value, such as `("fsync", "off")` in tests.
    pub settings: &'a [(&'a str, &'a str)],
}
