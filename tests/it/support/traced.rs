//! The program itself, exporting its spans.

use super::{Api, Database, KEY, PASSWORD, Program};
use serde_json::json;
use tempfile::TempDir;

/// The program, its database, and a folder for what it writes.
pub struct Traced {
    pub program: Program,
    pub api: Api,
    pub database: Database,
    pub data: TempDir,
}

impl Traced {
    /// One that exports to this address, and soon.
    pub async fn start(endpoint: &str, own: &[(&str, &str)]) -> Self {
        let database = Database::migrated().await;
        let data = tempfile::tempdir().expect("a folder");
        let mut settings = vec![
            ("DATABASE_URL", database.url()),
            ("JWT_PRIVATE_KEY", &KEY),
            ("DATA_DIR", data.path().to_str().expect("UTF-8")),
            ("LOG_FORMAT", "json"),
            ("REQUIRE_VERIFIED_EMAIL", "false"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ];
        settings.extend(own);
        let program = Program::start(&settings).await;
        Self {
            api: Api::new(&program.url),
            program,
            database,
            data,
        }
    }

    /// Registers ana, with these headers.
    pub async fn register_ana(&self, headers: &[(&str, &str)]) {
        let new = json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD });
        let mut request = self.api.request("POST", "/auth/register").json(&new);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send().await.expect(201);
    }
}
