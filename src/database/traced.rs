//! The span of a statement, in OpenTelemetry's words for databases.

use crate::{Error, Result, trace::SPANS};
use futures_util::TryFutureExt;
use tokio_postgres::error::SqlState;
use tracing::{Instrument, field::Empty, info_span};

/// Runs a statement under its span, which has the text with `$1` in the places of values, and no
/// value.
pub(super) fn traced<T>(
    sql: &str,
    work: impl Future<Output = Result<T>>,
) -> impl Future<Output = Result<T>> {
    let operation = sql.split(' ').next();
    let span = info_span!(
        target: SPANS,
        "SQL",
        otel.name = operation,
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "postgresql",
        db.operation.name = operation,
        db.query.text = sql,
        "error.type" = Empty,
    );
    let noting = span.clone();
    let work = work.inspect_err(move |error| {
        noting.record("otel.status_code", "error");
        noting.record("error.type", kind(error));
    });
    work.instrument(span)
}

/// The SQLSTATE, where the database said one.
fn kind(error: &Error) -> &str {
    let (Error::Internal(cause) | Error::Unavailable(cause)) = error else {
        return "_OTHER";
    };
    match cause.downcast_ref::<tokio_postgres::Error>() {
        Some(error) => error.code().map_or("connection", SqlState::code),
        None => "timeout",
    }
}
