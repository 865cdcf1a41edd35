//! Where spans go and which, from OpenTelemetry's own variables.

use super::{Secret, reader::Reader, values::base_url};
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use std::collections::HashMap;

const DEFAULT_NAME: &str = "users-service";

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
    let endpoint = read.parsed("OTEL_EXPORTER_OTLP_ENDPOINT", base_url);
    let headers = read.parsed("OTEL_EXPORTER_OTLP_HEADERS", headers);
    let service_name = read.text("OTEL_SERVICE_NAME").unwrap_or(DEFAULT_NAME);
    let service_name = service_name.to_owned();
    let share = read.parsed("OTEL_TRACES_SAMPLER_ARG", share);
    Some(Spans {
        endpoint: endpoint?,
        headers: Secret(headers.unwrap_or_default()),
        service_name,
        share: share.unwrap_or(1.0),
    })
}

/// `name=value` pairs, separated by commas, values percent-encoded.
fn headers(text: &str) -> Result<HashMap<String, String>, String> {
    let pairs = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    // Never repeated: the values are keys.
    pairs.map(header).collect::<Option<_>>().ok_or_else(|| {
        "must be pairs such as api-key=secret, separated by commas, with values percent-encoded"
            .to_owned()
    })
}

fn header(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    let name: HeaderName = name.trim().parse().ok()?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    HeaderValue::from_str(&value).ok()?;
    Some((name.to_string(), value.into_owned()))
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok();
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "must be a share from 0 to 1, such as 0.1".to_owned())
}
