//! The pages of leaving in a real browser, examined in every state and look.

use crate::support::{PASSWORD, TestApp, Tour, eventually};
use time::Duration;

#[tokio::test]
async fn pages_of_leaving_are_accessible_in_every_state_and_look() {
    let app = TestApp::with(&[("RATE_LIMITS", "off")]).await;
    let ana = app.person("ana").await;
    let mut tour = Tour::start(&app).await;
    tour.browser.go("/login").await;
    let fields = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    tour.fill(&fields, "Log in").await;
    tour.browser.arrives_at("/timeline").await;
    tour.visit(&[
        ("/settings", "Your data"),
        ("/settings/export", "Request a copy"),
    ])
    .await;
    // As the page looks while the copy is made: nobody makes this one.
    let making = "insert into users.exports (user_id, requested_at, next_attempt_at, expires_at)
        select id, now(), 'infinity', now() + interval '7 days' from users.users";
    app.db().await.execute(making, &[]).await.unwrap();
    tour.visit(&[("/settings/export", "Your copy is being made")])
        .await;
    let due = "update users.exports set next_attempt_at = now()";
    app.db().await.execute(due, &[]).await.unwrap();
    app.app.export_owed.notify_one();
    eventually("the copy is ready", || async {
        let ready = app.count("exports where ready_at is not null").await;
        (ready == 1).then_some(())
    })
    .await;
    tour.visit(&[("/settings/export", "Your copy is ready")])
        .await;
    app.clock.advance(Duration::hours(25));
    tour.visit(&[("/settings/export", "A new copy takes the place of this one")])
        .await;
    tour.browser.go("/settings/delete").await;
    tour.fill(&[("Password", PASSWORD)], "Continue").await;
    tour.see("delete account", "This is what happens").await;
    tour.browser.click("Delete my account").await;
    tour.see("deleted", "In 14 days it is deleted for good")
        .await;
    tour.browser.click("Log in").await;
    tour.fill(&fields, "Log in").await;
    tour.see("kept", "Your account is kept").await;
    tour.end();
}
