//! W3C Trace Context: which `traceparent` is continued, and what is passed on.

use crate::{
    support::TestApp,
    timeline_posts::{Stub, answer},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The trace id that a request with these headers goes by.
async fn trace_id(app: &TestApp, headers: &[(&str, &str)]) -> String {
    let mut request = app.api().request("GET", "/livez");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = request.send().await;
    answer.header("x-trace-id").unwrap().to_owned()
}

#[tokio::test]
async fn a_valid_traceparent_is_continued_and_no_other() {
    let app = TestApp::start().await;
    let longest = format!("cc-{TRACE}-00f067aa0ba902b7-01-{}", "x".repeat(100));
    let too_long = format!("cc-{TRACE}-00f067aa0ba902b7-01-{}", "x".repeat(400));
    for (header, continued) in [
        (GOOD, true),
        (
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            true,
        ),
        (
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09",
            true,
        ),
        (&longest, true),
        (&too_long, false),
        (
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            false,
        ),
        (
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            false,
        ),
        (
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            false,
        ),
        (
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            false,
        ),
        (
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
            false,
        ),
        (
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            false,
        ),
        (
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            false,
        ),
        (
            "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            false,
        ),
        (
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            false,
        ),
        ("", false),
    ] {
        let id = trace_id(&app, &[("traceparent", header)]).await;
        assert_eq!(id == TRACE, continued, "{header}: {id}");
    }
    let twice = [("traceparent", GOOD), ("traceparent", GOOD)];
    let id = trace_id(&app, &twice).await;
    assert_ne!(id, TRACE, "two are none");
    let named = [("traceparent", GOOD), ("X-Trace-Id", "mine")];
    assert_eq!(trace_id(&app, &named).await, "mine");
}

#[tokio::test]
async fn a_tracestate_is_passed_on_with_its_traceparent_alone() {
    let stub = Stub::start(&[&answer("200 OK", r#"{"items":[]}"#)]).await;
    let app = TestApp::with(&[("POSTS_SERVICE_URL", &stub.url)]).await;
    let ana = app.person("ana").await;
    let session = app.signed_in(&ana).await;
    let session = format!("session={}", session.cookie("session").unwrap().value);
    let asked = async |parent: &str, state: &str| {
        let request = app.api().request("GET", "/timeline");
        let request = request
            .header("Cookie", &session)
            .header("traceparent", parent)
            .header("tracestate", state)
            .header("tracestate", "last=9");
        request.send().await.expect(200);
        stub.asked().pop().unwrap()
    };
    let head = asked(GOOD, "rojo=00f067aa, congo@x=t61").await;
    assert!(head.contains(&format!("traceparent: {GOOD}\r\n")), "{head}");
    let whole = "tracestate: rojo=00f067aa,congo@x=t61,last=9\r\n";
    assert!(head.contains(whole), "{head}");
    let head = asked(GOOD, "NOT=allowed").await;
    assert!(
        head.contains("traceparent") && !head.contains("tracestate"),
        "{head}"
    );
    let head = asked("garbage", "rojo=00f067aa").await;
    assert!(
        !head.contains("traceparent") && !head.contains("tracestate"),
        "{head}"
    );
}
