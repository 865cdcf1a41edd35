//! Spans as a collector gets them, from the program itself.

use crate::{
    support::{Collector, PASSWORD, Span, Traced, Visitor, connect},
    timeline_posts::{Stub, answer},
};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[track_caller]
fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
}

#[tokio::test]
async fn a_request_its_statements_its_hash_and_its_mail_are_one_trace() {
    let collector = Collector::start().await;
    let traced = Traced::start(&collector.url, &[]).await;
    traced.register_ana(&[("traceparent", PARENT)]).await;

    let request = collector.request(TRACE).await;
    assert_eq!(request.name, "POST /auth/register");
    assert_eq!(request.parent, "00f067aa0ba902b7");
    assert!(!request.failed);
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/auth/register"),
        ("http.response.status_code", "201"),
        ("url.path", "/auth/register"),
        ("url.scheme", "http"),
        ("users_service.trace_id", TRACE),
    ] {
        assert_eq!(request.says(key), value, "{key}");
    }
    assert_eq!(request.resource["service.name"], "users-service");

    let below = collector.below(&request);
    let hash = named(&below, "hash a password");
    let ms = |key: &str| hash.says(key).parse::<f64>().unwrap();
    assert!(ms("users_service.waited_ms") >= 0.0 && ms("users_service.hashed_ms") > 0.0);
    let insert = below
        .iter()
        .find(|span| span.says("db.query.text").contains(r#""users"."users""#))
        .expect("the account's statement");
    assert_eq!(insert.kind, SpanKind::Client);
    assert_eq!(insert.says("db.system.name"), "postgresql");
    assert_eq!(insert.says("db.operation.name"), insert.name);
    assert!(insert.says("db.query.text").contains("$1"), "{insert:?}");
    named(&below, "BEGIN");
    named(&below, "COMMIT");

    let mail = collector
        .span("the span of a mail", |span| span.name == "send a mail")
        .await;
    assert_eq!((mail.trace.as_str(), mail.parent.as_str()), (TRACE, ""));
    assert_eq!(mail.says("users_service.mail.kind"), "verify_email");
    assert_eq!(mail.says("users_service.mail.attempt"), "1");
    assert!(!collector.below(&mail).is_empty(), "its statements");
}

#[tokio::test]
async fn work_that_no_request_asked_for_is_a_trace_of_its_own() {
    let collector = Collector::start().await;
    let traced = Traced::start(&collector.url, &[]).await;
    traced.register_ana(&[]).await;
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    let login = traced.api.post("/auth/login", typed).await.expect(200);
    let api = traced.api.bearer(&login.access_token());
    api.act("/users/me/export").await.expect(202);
    let work = collector
        .span("the making of a copy", |span| {
            span.name == "make a copy of an account"
        })
        .await;
    assert_eq!((work.parent.as_str(), work.failed), ("", false));
    let below = collector.below(&work);
    named(&below, "COMMIT");
    // Its log lines call the trace the same.
    let line = format!(r#""trace_id":"{}""#, work.trace);
    let output = traced.program.output();
    let mut lines = output.lines().filter(|line| line.contains("made a copy"));
    assert!(lines.any(|made| made.contains(&line)), "{output}");
}

#[tokio::test]
async fn no_secret_no_address_and_no_value_is_in_any_span() {
    let collector = Collector::start().await;
    let traced = Traced::start(&collector.url, &[]).await;
    traced.register_ana(&[]).await;
    let mail = collector
        .span("the span of a mail", |span| span.name == "send a mail")
        .await;
    let folder = traced.data.path().join("mail");
    let mut letters = std::fs::read_dir(folder).unwrap();
    let letter = std::fs::read_to_string(letters.next().unwrap().unwrap().path()).unwrap();
    let link = letter.split("/verify?token=").nth(1).unwrap()[..43].to_owned();
    traced.api.get(&format!("/verify?token={link}")).await;
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    let login = traced.api.post("/auth/login", typed).await.expect(200);
    let me = traced.api.bearer(&login.access_token());
    let bio = json!({ "bio": "Likes secret maps." });
    me.patch("/users/me", bio).await.expect(200);
    let last = me.request("GET", "/users/me?password=in-the-query");
    last.header("X-Trace-Id", TRACE).send().await.expect(200);
    collector.request(TRACE).await;

    let all = format!("{:?}", collector.spans());
    assert!(all.contains(&mail.id) && all.contains("PATCH /users/me"));
    for secret in [
        "ana@example.org",
        PASSWORD,
        "secret maps",
        "in-the-query",
        "argon2id",
        &link,
        &login.access_token(),
        &login.refresh_token(),
    ] {
        assert!(!all.contains(secret), "{secret} is in a span");
    }
}

#[tokio::test]
async fn a_failure_is_an_error_and_a_refusal_is_none() {
    let collector = Collector::start().await;
    let traced = Traced::start(&collector.url, &[]).await;
    let db = connect(traced.database.url()).await;
    let hide = "alter table users.users rename to hidden";
    db.batch_execute(hide).await.unwrap();
    let ask = async |path: &str, trace: &str, status: u16| {
        let request = traced.api.request("GET", path).header("X-Trace-Id", trace);
        request.send().await.expect(status);
        collector.request(trace).await
    };
    let failed = ask("/users?username=ana", TRACE, 500).await;
    assert_eq!(failed.name, "GET /users");
    assert!(failed.failed);
    assert_eq!(failed.says("error.type"), "500");
    let below = collector.below(&failed);
    let statement = below.iter().find(|span| span.failed).expect("a statement");
    assert_eq!(statement.says("error.type"), "42P01");

    let other = TRACE.replace('4', "5");
    let refused = ask("/nowhere/at/all", &other, 404).await;
    assert_eq!(refused.name, "GET");
    assert!(!refused.failed && !refused.attributes.contains_key("http.route"));
    assert_eq!(refused.says("url.path"), "/nowhere/at/all");
}

#[tokio::test]
async fn a_trace_is_called_as_the_log_lines_are_where_that_can_be() {
    let collector = Collector::start().await;
    let traced = Traced::start(&collector.url, &[]).await;
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = traced.api.request("GET", "/livez");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let id = request
            .send()
            .await
            .header("x-trace-id")
            .unwrap()
            .to_owned();
        let span = collector
            .span("a request", |span| {
                span.says("users_service.trace_id") == id
            })
            .await;
        (id, span)
    };
    let (id, span) = ask(&[]).await;
    assert_eq!((span.trace, span.parent.as_str()), (id, ""));
    let (_, span) = ask(&[("X-Trace-Id", TRACE)]).await;
    assert_eq!((span.trace.as_str(), span.parent.as_str()), (TRACE, ""));
    let (id, span) = ask(&[("X-Trace-Id", "odd-one")]).await;
    assert_eq!(id, "odd-one");
    assert_eq!(span.trace.len(), 32);
    let (id, span) = ask(&[("X-Trace-Id", "both"), ("traceparent", PARENT)]).await;
    assert_eq!((id.as_str(), span.trace.as_str()), ("both", TRACE));
    assert_eq!(span.parent, "00f067aa0ba902b7");
}

#[tokio::test]
async fn what_other_services_are_asked_is_part_of_the_trace() {
    let collector = Collector::start().await;
    let stub = Stub::start(&[&answer("200 OK", r#"{"items":[]}"#)]).await;
    let traced = Traced::start(&collector.url, &[("POSTS_SERVICE_URL", &stub.url)]).await;
    traced.register_ana(&[]).await;
    let public = traced.program.url.replace("127.0.0.1", "localhost");
    let mut visitor = Visitor::new(&traced.program.url, &public);
    visitor.open("/login").await;
    let typed = [("Email", "ana@example.org"), ("Password", PASSWORD)];
    visitor.send("Log in", &typed).await;
    let session = visitor.cookie("session").unwrap().value.clone();
    let request = traced.api.request("GET", "/timeline");
    let request = request
        .header("Cookie", &format!("session={session}"))
        .header("traceparent", PARENT)
        .header("tracestate", "rojo=1");
    request.send().await.expect(200);

    let call = collector
        .span("the call", |span| {
            span.trace == TRACE && span.attributes.contains_key("url.full")
        })
        .await;
    assert_eq!((call.name.as_str(), call.kind), ("GET", SpanKind::Client));
    assert_eq!(call.parent, collector.request(TRACE).await.id);
    assert_eq!(call.says("server.address"), "127.0.0.1");
    assert_eq!(call.says("http.response.status_code"), "200");
    let head = stub.asked().pop().unwrap();
    let parent = format!("traceparent: 00-{TRACE}-{}-01\r\n", call.id);
    assert!(head.contains(&parent), "{head}");
    assert!(head.contains("tracestate: rojo=1\r\n"), "{head}");
    assert!(head.contains(&format!("x-trace-id: {TRACE}\r\n")), "{head}");
}

#[tokio::test]
async fn every_attempt_to_send_a_mail_is_a_span_and_a_failed_one_an_error() {
    let collector = Collector::start().await;
    let nowhere = [("EMAIL_URL", "smtp://127.0.0.1:1?tls=none")];
    let traced = Traced::start(&collector.url, &nowhere).await;
    traced.register_ana(&[("X-Trace-Id", TRACE)]).await;
    for attempt in ["1", "2"] {
        let span = collector
            .span("an attempt", |span| {
                span.says("users_service.mail.attempt") == attempt
            })
            .await;
        assert_eq!((span.trace.as_str(), span.failed), (TRACE, true));
    }
}
