//! Spans for an OpenTelemetry collector: which are made, and how they leave.

mod collector;

use crate::{config::Spans, error::Cause, trace};
use collector::Collector;
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanId, SpanKind, TraceContextExt, TraceId, TraceState, TracerProvider},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{
        IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, SamplingResult,
        SdkTracerProvider, ShouldSample,
    },
};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, registry::LookupSpan};
use uuid::Uuid;

/// What makes spans and exports them: 2,048 may wait, more are dropped; a batch leaves every 5 s
/// or with 512 of them (the SDK's defaults, and its `OTEL_BSP_*` variables change them).
pub(super) fn provider(wanted: &Spans) -> Result<SdkTracerProvider, Cause> {
    let mut endpoint = wanted.endpoint.clone();
    endpoint.set_path(&format!(
        "{}/v1/traces",
        endpoint.path().trim_end_matches('/')
    ));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new()?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_headers(wanted.headers.0.clone())
        .with_timeout(collector::TIME)
        .build()?;
    let resource = Resource::builder()
        .with_service_name(wanted.service_name.clone())
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", Uuid::new_v4().to_string()),
        ])
        .build();
    let share = Sampler::TraceIdRatioBased(wanted.share);
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_id_generator(Ids::default())
        .with_sampler(Sampling(Sampler::ParentBased(Box::new(share))))
        .with_batch_exporter(exporter)
        .build())
}

/// The layer that turns the program's spans into exported ones, with the attributes that they
/// were given and no others.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    OpenTelemetryLayer::new(provider.tracer(env!("CARGO_PKG_NAME")))
        .with_context_activation(false)
        .with_location(false)
        .with_target(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
}

/// Random ids, but a trace is called as its log lines are where that is possible.
#[derive(Debug, Default)]
struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        trace::wanted().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

/// No trace of its own for a statement that nobody's request or mail asked for: the worker looks
/// for work twice a second.
#[derive(Debug, Clone)]
struct Sampling(Sampler);

impl ShouldSample for Sampling {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let is_child = parent.is_some_and(|parent| parent.span().span_context().is_valid());
        if *kind == SpanKind::Client && !is_child {
            return SamplingResult {
                decision: SamplingDecision::Drop,
                attributes: Vec::new(),
                trace_state: TraceState::default(),
            };
        }
        self.0
            .should_sample(parent, trace_id, name, kind, attributes, links)
    }
}
