//! Running it: start and stop, the server, health, metrics, logs, the embedded database.

pub mod embedded_postgres;
pub mod exporter;
pub mod health;
pub mod janitor;
pub mod logs;
pub mod metrics;
pub mod observe;
pub mod replication;
pub mod server;
pub mod service;
