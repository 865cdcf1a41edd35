//! Log lines: text for people, or one JSON object a line, and the spans that go to a collector.

mod line;
mod output;

pub use line::Json;
pub use output::dropped;

use super::spans;
use crate::{
    Config,
    config::LogFormat,
    error::{Cause, about},
    trace::SPANS,
};
use line::Text;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::{
    io::{self, IsTerminal},
    panic, thread,
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info,object_store=warn,refinery_core=warn,tokio_postgres=warn";
/// How long the last spans may take to reach the collector.
const LAST_SPANS: Duration = Duration::from_secs(2);
/// How long the end of the program waits for spans and lines together.
pub const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// Lines and spans on their way out.
pub struct Logs {
    lines: WorkerGuard,
    spans: Option<SdkTracerProvider>,
}

/// Starts logging to standard output, and exporting spans if they are wanted.
pub fn start(config: &Config) -> Result<Logs, Cause> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| DEFAULT_FILTER.into());
    // Lines know nothing of spans, ours or the libraries'.
    let filter = filter.and(filter_fn(|about| !about.is_span()));
    let (output, lines) = output::open().map_err(about("standard output"))?;
    let all = fmt::layer()
        .with_writer(output)
        .with_ansi(io::stdout().is_terminal());
    let all = match config.log_format {
        LogFormat::Text => all.compact().fmt_fields(Text).with_filter(filter).boxed(),
        LogFormat::Json => all.event_format(Json).with_filter(filter).boxed(),
    };
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![all];
    let spans = config.spans.as_ref().map(spans::provider).transpose();
    let spans = spans.map_err(about("OTEL_EXPORTER_OTLP_ENDPOINT"))?;
    if let Some(provider) = &spans {
        let only = filter_fn(|about| about.is_span() && about.target() == SPANS);
        layers.push(spans::layer(provider).with_filter(only).boxed());
    }
    tracing_subscriber::registry().with(layers).try_init()?;
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, panic = panic.payload_as_str(), "a thread panicked");
    }));
    Ok(Logs { lines, spans })
}

impl Logs {
    /// Sends off what is left, for 3 s at most: neither a collector nor a reader of the log that
    /// stands still holds up the end of the program.
    pub async fn finish(self) {
        let (done, finished) = oneshot::channel();
        // A thread of its own, which the end of the program does not wait for.
        thread::spawn(move || {
            if let Some(spans) = self.spans
                && let Err(error) = spans.shutdown_with_timeout(LAST_SPANS)
            {
                tracing::warn!(%error, "the last spans did not reach the collector");
            }
            drop(self.lines);
            done.send(()).ok();
        });
        timeout(ENDS_WITHIN, finished).await.ok();
    }
}
