//! What others choose the number of is forgotten in pieces, and no kind of work keeps another waiting.

use crate::support::TestApp;
use time::Duration;
use users_service::services::{leases::Lease, retention};

#[tokio::test]
async fn more_full_limits_than_one_statement_can_take_away_go_all_the_same() {
    let app = TestApp::start().await;
    // Each row takes so long that all at once would exceed the time of a statement.
    let slow = "insert into users.rate_limits (key, full_at)
            select sha256(int4send(n)), now() - interval '1 day' * (n % 2 * 2 - 1) from generate_series(1, 3600) as n;
        create function public.wait() returns trigger language plpgsql as
            $$ begin perform pg_sleep(0.003); return old; end $$;
        create trigger wait before delete on users.rate_limits for each row execute function public.wait()";
    app.db().await.batch_execute(slow).await.unwrap();
    app.sweep().await;
    assert_eq!(app.count("rate_limits where full_at <= now()").await, 0);
    assert_eq!(app.count("rate_limits").await, 1_800, "those in use stay");
}

#[tokio::test]
async fn a_table_that_cannot_be_swept_keeps_no_other_from_being_swept() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let rows = format!(
        "insert into users.rate_limits (key, full_at) values ('key', now() - interval '1 hour');
         insert into users.known_devices (user_id, key, seen_at, expires_at)
            values ('{id}', 'key', now(), now() - interval '1 hour');
         insert into users.password_resets (user_id, token_hash, email, password_digest, expires_at)
            values ('{id}', 'hash', 'a@example.org', 'x', now() - interval '4 days');
         create function public.fail() returns trigger language plpgsql as
            $$ begin raise exception 'no'; end $$",
        id = ana.id
    );
    app.db().await.batch_execute(&rows).await.unwrap();
    let tables = ["rate_limits", "known_devices", "password_resets"];
    for broken in tables {
        let fail = format!(
            "create trigger fail before delete on users.{broken} execute function public.fail()"
        );
        app.execute(&fail).await;
    }
    for mended in tables {
        app.execute(&format!("drop trigger fail on users.{mended}"))
            .await;
        app.sweep().await;
        assert_eq!(app.count(mended).await, 0, "{mended}");
    }
}

#[tokio::test]
async fn the_deletion_of_an_account_that_many_follow_leaves_a_round_to_others() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.has_fans(ana.id, 50_600).await;
    let leaves = format!(
        "update users.users set delete_after = now() - interval '1 hour' where id = '{}'",
        ana.id
    );
    app.execute(&leaves).await;
    let name = "of this test";
    let mut rounds = 0;
    loop {
        let lease = Lease::take(&app.app, name).await.unwrap().unwrap();
        let round = retention::sweep(&app.app, &lease).await.unwrap();
        lease
            .give_back(&app.app, std::time::Duration::ZERO)
            .await
            .unwrap();
        assert!(round.went_well);
        rounds += 1;
        if round.is_finished {
            break;
        }
        app.clock.advance(Duration::seconds(1));
    }
    assert_eq!(rounds, 2, "it went on where it had stopped");
    assert_eq!(app.count("follows").await, 0);
    app.counts_are_exact().await;
}
