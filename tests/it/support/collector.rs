//! An OpenTelemetry collector that keeps what it gets.

use super::eventually;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span as Sent, span::SpanKind, status::StatusCode},
};
use prost::Message;
use std::{
    collections::BTreeMap,
    fmt::Write,
    ops::Range,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A span as it arrived, with ids in hexadecimal and values as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    pub name: String,
    pub kind: SpanKind,
    pub trace: String,
    pub id: String,
    /// Empty when it has no parent.
    pub parent: String,
    /// When it began and ended, in nanoseconds since 1970.
    pub time: Range<u64>,
    pub attributes: BTreeMap<String, String>,
    /// Whether it says that it failed.
    pub failed: bool,
    /// The attributes of what made it.
    pub resource: BTreeMap<String, String>,
}

impl Span {
    /// An attribute's value; empty without one.
    pub fn says(&self, key: &str) -> &str {
        self.attributes.get(key).map_or("", String::as_str)
    }

    fn of(sent: Sent, resource: &BTreeMap<String, String>) -> Self {
        assert!(sent.events.is_empty(), "{:?}", sent.events);
        Self {
            kind: sent.kind(),
            trace: hex(&sent.trace_id),
            id: hex(&sent.span_id),
            parent: hex(&sent.parent_span_id),
            attributes: texts(sent.attributes),
            time: sent.start_time_unix_nano..sent.end_time_unix_nano,
            failed: sent.status.is_some_and(|s| s.code() == StatusCode::Error),
            name: sent.name,
            resource: resource.clone(),
        }
    }
}

/// The collector.
pub struct Collector {
    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be.
    pub url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    /// One that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/base/", listener.local_addr().expect("bound"));
        let collector = Self {
            url,
            spans: Arc::default(),
            heads: Arc::default(),
        };
        let (spans, heads) = (Arc::clone(&collector.spans), Arc::clone(&collector.heads));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (head, new) = take(stream).await;
                heads.lock().unwrap().push(head);
                spans.lock().unwrap().extend(new);
            }
        });
        collector
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }

    /// The heads of the requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Waits for a span that fits.
    pub async fn span(&self, what: &str, fits: impl Fn(&Span) -> bool) -> Span {
        eventually(what, || async {
            self.spans().into_iter().find(|span| fits(span))
        })
        .await
    }

    /// Waits for the span of a request.
    pub async fn request(&self, trace: &str) -> Span {
        self.span("the span of a request", |span| {
            span.trace == trace && span.kind == SpanKind::Server
        })
        .await
    }

    /// The spans right below this one.
    pub fn below(&self, parent: &Span) -> Vec<Span> {
        let mut spans = self.spans();
        spans.retain(|span| span.parent == parent.id && span.trace == parent.trace);
        spans
    }
}

/// The head of one request, and its spans.
async fn take(mut stream: TcpStream) -> (String, Vec<Span>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.expect("a length").parse().unwrap()];
    stream.read_exact(&mut body).await.expect("a body");
    stream.write_all(OK.as_bytes()).await.ok();
    let sent = ExportTraceServiceRequest::decode(body.as_slice()).expect("protobuf");
    let mut spans = Vec::new();
    for one in sent.resource_spans {
        let resource = texts(one.resource.expect("a resource").attributes);
        let sent = one.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(sent.map(|sent| Span::of(sent, &resource)));
    }
    (head, spans)
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let pairs = attributes.into_iter();
    pairs.map(|pair| (pair.key, text(pair.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
