//! How spans leave: which, where to, and what happens when they can't.

use crate::support::{Collector, Traced, eventually};
use tokio::net::TcpListener;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn the_share_decides_where_a_trace_begins_and_the_parent_where_it_goes_on() {
    let collector = Collector::start().await;
    let settings = [
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=se%20cret"),
        ("OTEL_SERVICE_NAME", "people"),
    ];
    let traced = Traced::start(&collector.url, &settings).await;
    traced.register_ana(&[]).await;
    let sampled = traced.api.request("GET", "/livez");
    sampled
        .header("traceparent", PARENT)
        .send()
        .await
        .expect(200);
    let span = collector.request(TRACE).await;
    assert_eq!(span.resource["service.name"], "people");
    let all = collector.spans();
    assert!(all.iter().all(|span| span.trace == TRACE), "{all:#?}");
    let head = collector.heads().pop().unwrap();
    assert!(
        head.starts_with("POST /base/v1/traces HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("api-key: se cret\r\n"), "{head}");
    assert!(!traced.program.output().contains("se cret"));
}

#[tokio::test]
async fn the_last_spans_leave_before_the_program_ends() {
    let collector = Collector::start().await;
    let never = [("OTEL_BSP_SCHEDULE_DELAY", "3600000")];
    let mut traced = Traced::start(&collector.url, &never).await;
    let request = traced.api.request("GET", "/livez");
    request.header("X-Trace-Id", TRACE).send().await.expect(200);
    traced.program.signal("TERM");
    assert!(traced.program.ended().await.success());
    collector.request(TRACE).await;
}

#[tokio::test]
async fn a_collector_that_is_away_is_missed_once_and_without_harm() {
    let mut traced = Traced::start("http://127.0.0.1:1", &[]).await;
    traced.register_ana(&[]).await;
    let told = || {
        let output = traced.program.output();
        output.matches("the collector takes no spans").count()
    };
    eventually("it is missed", || async {
        traced.api.get("/health").await.expect(200);
        (told() > 0).then_some(())
    })
    .await;
    for _ in 0..50 {
        traced.api.get("/health").await.expect(200);
    }
    assert_eq!(told(), 1);
    traced.program.signal("TERM");
    assert!(traced.program.ended().await.success());
}

#[tokio::test]
async fn a_collector_that_says_nothing_holds_up_nobody() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let mut traced = Traced::start(&endpoint, &[]).await;
    traced.register_ana(&[]).await;
    silent.accept().await.unwrap();
    traced.api.get("/health").await.expect(200);
    traced.program.signal("TERM");
    assert!(traced.program.ended().await.success());
}
