//! JSON lines that carry the trace of the work they were written in.

use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

/// The field, on lines and on the spans made by [`crate::trace::lines`].
const TRACE_ID: &str = "trace_id";

/// A format of one JSON object a line, with the trace id in front unless the line has its own.
pub(super) struct WithTrace<E>(pub(super) E);

impl<S, N, E> FormatEvent<S, N> for WithTrace<E>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    E: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        let has_one = event.metadata().fields().field(TRACE_ID).is_some();
        let around = context.event_scope().filter(|_| !has_one);
        let span = around.and_then(|mut spans| {
            spans.find(|span| span.metadata().fields().field(TRACE_ID).is_some())
        });
        if let Some(span) = span
            && let Some(fields) = span.extensions().get::<FormattedFields<N>>()
            // Its fields are an object too: the line becomes the rest of it.
            && let (Some(fields), Some(rest)) = (fields.strip_suffix('}'), line.strip_prefix('{'))
        {
            return write!(writer, "{fields},{rest}");
        }
        writer.write_str(&line)
    }
}
