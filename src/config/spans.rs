//! Where spans go and which, from OpenTelemetry's own variables.

use super::{Secret, reader::Reader, variables as var};
use reqwest::Url;
use std::collections::HashMap;

/// Where spans go, and which of them.
#[derive(Debug, Clone)]
pub struct Spans {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`; the signal's own path is added to it.
    pub endpoint: Url,
    /// `OTEL_EXPORTER_OTLP_HEADERS`, sent along with every export.
    pub headers: Secret<HashMap<String, String>>,
    /// `OTEL_SERVICE_NAME`
    pub service_name: String,
    /// `OTEL_TRACES_SAMPLER_ARG`: the share of the traces beginning here that is exported, 0 to 1.
    pub share: f64,
}

/// Reads the variables; none when no endpoint is set.
pub(super) fn read(read: &mut Reader) -> Option<Spans> {
    let endpoint = read.optional(&var::OTEL_EXPORTER_OTLP_ENDPOINT);
    let headers = read.optional(&var::OTEL_EXPORTER_OTLP_HEADERS);
    let service_name = read.or_default(&var::OTEL_SERVICE_NAME);
    let share = read.or_default(&var::OTEL_TRACES_SAMPLER_ARG);
    Some(Spans {
        endpoint: endpoint?,
        headers: Secret(headers.unwrap_or_default()),
        service_name: service_name?,
        share: share?,
    })
}
