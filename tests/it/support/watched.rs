//! The program as a process of its own, whose metrics nobody else moves, and its database.

use super::{Api, Database, KEY, Program};
use tempfile::TempDir;

/// The program with metrics of its own.
pub struct Watched {
    pub program: Program,
    pub api: Api,
    pub database: Database,
    _data: TempDir,
}

impl Watched {
    /// One that was just started, on a new database.
    pub async fn start() -> Self {
        let database = Database::migrated().await;
        let data = tempfile::tempdir().expect("a folder");
        let settings = [
            ("DATABASE_URL", database.url()),
            ("JWT_PRIVATE_KEY", &*KEY),
            ("DATA_DIR", data.path().to_str().expect("UTF-8")),
        ];
        let program = Program::start(&settings).await;
        Self {
            api: Api::new(&program.url),
            program,
            database,
            _data: data,
        }
    }
}
