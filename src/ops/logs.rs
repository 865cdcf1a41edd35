//! Log lines: text for people, or one JSON object a line.

use crate::config::LogFormat;
use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info,object_store=warn,refinery_core=warn,tokio_postgres=warn";

/// Starts logging to standard output. A second call does nothing.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| DEFAULT_FILTER.into());
    let lines = tracing_subscriber::fmt().with_env_filter(filter);
    // A logger that is there already is kept: several services may run in one process.
    match format {
        LogFormat::Text => lines.compact().try_init().ok(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init()
            .ok(),
    };
}
