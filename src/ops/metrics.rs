//! `/metrics`: what Prometheus scrapes.

use super::{janitor, logs, request_series};
use crate::{
    App,
    services::{avatars, freshness, throttle},
    storage::{leases, outbox},
};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use poem::{Response, handler, http::header, web::Data};
use std::{sync::OnceLock, time::Duration};

/// Upper bounds of the histogram, in seconds (OpenTelemetry's for HTTP).
const BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// How often the gauges that need a look at the database are refreshed.
const REFRESH: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts collecting. Alerts are about failures of these endpoints: methods and paths. A second call does
/// nothing.
pub fn start(endpoints: impl Iterator<Item = (&'static str, &'static str)>) {
    HANDLE.get_or_init(|| {
        let duration = Matcher::Full("http_request_duration_seconds".to_owned());
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(duration, BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .inspect_err(|error| tracing::error!(%error, "no metrics"))
            .ok();
        describe();
        request_series::count_from_zero(endpoints);
        throttle::count_from_zero();
        avatars::count_from_zero();
        freshness::count_from_zero();
        handle
    });
}

fn describe() {
    describe_counter!("http_requests_total", "Requests answered.");
    describe_histogram!(
        "http_request_duration_seconds",
        Unit::Seconds,
        "How long requests took."
    );
    describe_gauge!(
        "db_pool_connections",
        "Connections to PostgreSQL that are open."
    );
    describe_gauge!("db_pool_available", "Open connections that nobody uses.");
    describe_gauge!("db_pool_waiting", "Requests that wait for a connection.");
    describe_gauge!(
        "db_replica_lag_seconds",
        Unit::Seconds,
        "How far a replica is behind, at most."
    );
    describe_counter!(
        "db_replica_fallbacks_total",
        "Reads that the primary served because no replica could."
    );
    describe_counter!(
        "read_cache_total",
        "Reads of people and profiles: kept (hit), known not to be there (absent), being loaded already (joined), loaded (miss)."
    );
    describe_gauge!(
        "read_cache_bytes",
        Unit::Bytes,
        "What the read cache holds, about."
    );
    describe_gauge!(
        "read_cache_listening",
        "Whether notices of changes by other replicas are heard: 1 or 0."
    );
    describe_counter!(
        "read_cache_notices_total",
        "Notices of changes that were heard."
    );
    describe_gauge!("mail_queue_length", "Mails owed.");
    describe_counter!(
        "mails_given_up_total",
        "Mails that were tried for 48 hours, or refused for good."
    );
    describe_gauge!(
        "mail_queue_oldest_seconds",
        Unit::Seconds,
        "How long the oldest mail has been owed."
    );
    describe_counter!("rate_limited_total", "Requests refused by a limit.");
    describe_counter!(
        "avatar_files_swept_total",
        "Files of pictures deleted because nobody had them."
    );
    describe_counter!(
        "log_lines_dropped_total",
        "Log lines lost because nobody read fast enough, or at all."
    );
    describe_gauge!(
        "password_hashes_in_flight",
        "Password hashes that wait or are made."
    );
    describe_gauge!(
        "janitor_round_age_seconds",
        Unit::Seconds,
        "How long ago everything that had run out was forgotten; the same at every replica."
    );
    gauge!("janitor_round_age_seconds").set(0.0);
    describe_gauge!(
        "signing_key_age_seconds",
        Unit::Seconds,
        "How old the signing key is, where it is in a file."
    );
}

/// Refreshes the gauges until the service ends.
pub async fn keep_fresh(app: App) {
    loop {
        refresh(&app).await;
        if let Some(Some(handle)) = HANDLE.get() {
            handle.run_upkeep();
        }
        tokio::time::sleep(REFRESH).await;
    }
}

/// Counts are far below what an `f64` holds exactly.
#[allow(clippy::cast_precision_loss)]
async fn refresh(app: &App) {
    let Ok(client) = app.db.get().await else {
        return;
    };
    if let Ok(pending) = outbox::pending(&client).await {
        let age = pending
            .oldest
            .map_or(0.0, |at| (app.clock.now() - at).as_seconds_f64());
        gauge!("mail_queue_length").set(pending.count as f64);
        gauge!("mail_queue_oldest_seconds").set(age.max(0.0));
    }
    if let Ok(Some(age)) = leases::since_done(&client, janitor::LEASE).await {
        gauge!("janitor_round_age_seconds").set(age);
    }
}

/// The scrape.
#[utoipa::path(
    get, path = "/metrics", tag = "operations", operation_id = "metrics",
    summary = "Metrics",
    responses((status = 200, description = "Prometheus text, version 0.0.4.", body = String, content_type = "text/plain")),
)]
#[handler]
#[allow(clippy::cast_precision_loss)]
pub fn scrape(app: Data<&App>) -> Response {
    let (open, available, waiting) = app.db.status();
    gauge!("db_pool_connections").set(open as f64);
    gauge!("db_pool_available").set(available as f64);
    gauge!("db_pool_waiting").set(waiting as f64);
    gauge!("password_hashes_in_flight").set(app.passwords.in_flight() as f64);
    let kept = [
        ("people", app.cache.people.bytes()),
        ("profiles", app.cache.profiles.bytes()),
        ("names", app.cache.names.bytes()),
    ];
    for (cache, bytes) in kept {
        gauge!("read_cache_bytes", "cache" => cache).set(bytes as f64);
    }
    if let Some(made_at) = app.keys.made_at() {
        let age = (app.clock.now() - made_at).as_seconds_f64();
        gauge!("signing_key_age_seconds").set(age.max(0.0));
    }
    counter!("log_lines_dropped_total").absolute(logs::dropped());
    let text = HANDLE
        .get()
        .and_then(Option::as_ref)
        .map(PrometheusHandle::render)
        .unwrap_or_default();
    Response::builder()
        .header(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )
        .header(header::CACHE_CONTROL, "no-store")
        .body(text)
}
