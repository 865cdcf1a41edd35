//! A database that takes long for every statement: a request ends within 10 s, however many it has.

use crate::support::{PASSWORD, TestApp};
use serde_json::json;
use std::time::{Duration, Instant};

/// Has every row of these tables take 4 s to write, below what one statement may take.
const SLOW: &str = "
    create function public.dawdle() returns trigger language plpgsql as
        $$ begin perform pg_sleep(4); return new; end $$;
    create trigger dawdle before insert or update on users.rate_limits
        for each row execute function public.dawdle();
    create trigger dawdle before insert on users.users
        for each row execute function public.dawdle();
    create trigger dawdle before insert on users.outbox
        for each row execute function public.dawdle();
    create constraint trigger dawdle_at_the_end after insert on users.users
        deferrable initially deferred for each row execute function public.dawdle();";
const FAST: &str = "drop function public.dawdle cascade";

#[tokio::test]
async fn many_slow_statements_are_given_up_before_they_take_too_long() {
    let app = TestApp::start().await;
    let db = app.db().await;
    db.batch_execute(SLOW).await.unwrap();
    let typed = json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD });
    let started = Instant::now();
    let answer = app.api().post("/auth/register", typed.clone()).await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    answer.clone().error(503, "SERVICE_UNAVAILABLE");
    assert!(answer.header("retry-after").is_some());
    db.batch_execute(FAST).await.unwrap();
    // What was given up before its commit never happens.
    app.api().post("/auth/register", typed).await.expect(201);
    app.sink.mail_to("ana@example.org").await;
    app.mails_are_out().await;
    assert_eq!(app.sink.mails_to("ana@example.org").len(), 1);
}
