//! One replica at a time forgets what has run out, and another goes on where it stopped.

use crate::support::{TestApp, eventually, pass};
use std::time::Duration;
use users_service::{
    ops::janitor,
    services::{leases::Lease, retention},
};

impl TestApp {
    async fn takes_the_lease(&self) -> Option<Lease> {
        Lease::take(&self.app, janitor::LEASE).await.unwrap()
    }

    async fn lease_changes(&self, what: &str) {
        let change = format!("update users.leases set {what} where name = 'janitor'");
        assert_eq!(self.db().await.execute(&change, &[]).await.unwrap(), 1);
    }

    async fn rounds_done(&self) -> i64 {
        self.count("leases where until > now() + interval '9 minutes'")
            .await
    }
}

#[tokio::test]
async fn of_two_replicas_one_has_the_lease_until_it_gives_it_back() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let lease = app.takes_the_lease().await.expect("nobody has it");
    for other in [&app, &replica] {
        assert!(other.takes_the_lease().await.is_none());
    }
    lease.renew(&app.app).await.unwrap();
    lease.give_back(&app.app, Duration::ZERO).await.unwrap();
    assert!(replica.takes_the_lease().await.is_some());
}

#[tokio::test]
async fn of_many_at_once_one_gets_it() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    for _ in 0..5 {
        let all = (0..10).map(|turn| if turn % 2 == 0 { &app } else { &replica });
        let taken = futures_util::future::join_all(all.map(TestApp::takes_the_lease)).await;
        assert_eq!(taken.iter().flatten().count(), 1);
        app.lease_changes("until = now()").await;
    }
}

#[tokio::test]
async fn what_a_dead_holder_left_is_taken_over_when_it_lapses() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let dead = app.takes_the_lease().await.unwrap();
    assert!(replica.takes_the_lease().await.is_none());
    app.lease_changes("until = until - interval '59 seconds'")
        .await;
    assert!(replica.takes_the_lease().await.is_none(), "not yet");
    app.lease_changes("until = until - interval '1 second'")
        .await;
    let taken = replica.takes_the_lease().await.expect("it has lapsed");
    dead.renew(&app.app).await.expect_err("not dead, only slow");
    taken.renew(&replica.app).await.expect("its own");
}

#[tokio::test]
async fn a_holder_that_lost_the_lease_stops_before_the_next_batch() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.has_old_lines(&ana, 1).await;
    let lease = app.takes_the_lease().await.unwrap();
    app.lease_changes("holder = gen_random_uuid()").await;
    retention::sweep(&app.app, &lease).await.expect_err("lost");
    assert_eq!(app.count("audit_log").await, 1);
    lease.done(&app.app).await.unwrap();
    lease.give_back(&app.app, Duration::ZERO).await.unwrap_err();
    assert!(app.takes_the_lease().await.is_none(), "the other has it");
}

#[tokio::test]
async fn the_clocks_of_replicas_do_not_matter() {
    let app = TestApp::start().await;
    let lease = app.takes_the_lease().await.unwrap();
    for days in [400, -800] {
        app.clock.advance(time::Duration::days(days));
        assert!(app.takes_the_lease().await.is_none());
        lease.renew(&app.app).await.unwrap();
    }
    let ends = "until between now() and now() + interval '1 minute'";
    assert_eq!(app.count(&format!("leases where {ends}")).await, 1);
}

#[tokio::test]
async fn a_round_comes_after_ten_minutes_and_the_next_ten_minutes_later_from_whichever_replica() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    app.has_old_lines(&ana, 1_500).await;
    pass(601).await;
    eventually("a whole round", || async {
        (app.rounds_done().await == 1).then_some(())
    })
    .await;
    assert_eq!(app.count("audit_log").await, 0);
    for other in [&app, &replica] {
        assert!(other.takes_the_lease().await.is_none(), "nothing is due");
    }
}

#[tokio::test]
async fn a_replica_that_stops_gives_the_lease_back_and_another_goes_on() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.has_old_lines(&ana, 1).await;
    // So that the round lasts: each of these waits for its lock for four seconds.
    let mut db = app.db().await;
    let lock = db.transaction().await.unwrap();
    let several = "lock table users.web_sessions, users.email_verifications, users.refresh_tokens,
        users.sessions in access exclusive mode";
    lock.batch_execute(several).await.unwrap();
    pass(601).await;
    eventually("the beginning of a round", || async {
        (app.count("leases where until > now()").await == 1).then_some(())
    })
    .await;
    let replica = app.replica().await;
    app.stop().await;
    let given_back = replica.count("leases where until <= now()").await;
    assert_eq!(given_back, 1, "not left to lapse");
    lock.rollback().await.unwrap();
    pass(601).await;
    eventually("a whole round of the other", || async {
        (replica.rounds_done().await == 1).then_some(())
    })
    .await;
    assert_eq!(replica.count("audit_log").await, 0);
}
