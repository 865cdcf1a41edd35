//! Running it: start and stop, the server, health, metrics, notices, logs, spans, the doctor.

pub mod doctor;
pub mod exporter;
pub mod health;
pub mod janitor;
pub mod listener;
pub mod logs;
pub mod metrics;
pub mod notices;
pub mod observe;
pub mod open_files;
pub mod replication;
mod request_series;
mod request_span;
pub mod server;
pub mod service;
pub mod signals;
pub mod slow_reader;
mod spans;
