//! JSON lines that carry the trace of the work they were written in.

use std::fmt;
use tracing::{Event, Metadata, Subscriber};
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
        let has_id = |about: &Metadata<'_>| about.fields().field(TRACE_ID).is_some();
        let around = context.event_scope().into_iter().flatten();
        let mut named = around.filter(|span| has_id(span.metadata()));
        let Some(span) = named.next().filter(|_| !has_id(event.metadata())) else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        let extensions = span.extensions();
        let fields = extensions.get::<FormattedFields<N>>();
        // The span's fields are an object too: the line becomes the rest of it.
        match (
            fields.and_then(|f| f.strip_suffix('}')),
            line.strip_prefix('{'),
        ) {
            (Some(fields), Some(rest)) => write!(writer, "{fields},{rest}"),
            _ => writer.write_str(&line),
        }
    }
}
