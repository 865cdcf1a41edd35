//! Prepared statements that the database takes no longer are prepared anew: nobody sees an error.

use crate::support::{Person, TestApp, Visitor};
use futures_util::future::join_all;
use serde_json::json;
use users_service::database::GenericClient;

/// Asks for what people ask for on all connections at once, and insists on answers.
async fn all_is_well(app: &TestApp, people: &[Person], browsers: &[Visitor]) {
    let asks = (0..30).map(|n| async move {
        let (one, other) = (&people[n % 3], &people[(n + 1) % 3]);
        let name = json!({ "display_name": format!("Name {n}") });
        let api = app.api().of(one);
        match n % 3 {
            0 => api.patch("/users/me", name).await.expect(200),
            1 => api.get(&other.api("/followers")).await.expect(200),
            _ => api.get("/users/me").await.expect(200),
        };
        let mut visitor = app.visitor();
        visitor.jar = browsers[n % 3].jar.clone();
        assert_eq!(visitor.open(&other.page()).await.status, 200);
        assert_eq!(visitor.open("/settings/devices").await.status, 200);
    });
    join_all(asks).await;
    app.signed_in(&people[0]).await;
}

async fn signed_in(app: &TestApp, people: &[Person]) -> Vec<Visitor> {
    let mut browsers = Vec::new();
    for person in people {
        browsers.push(app.signed_in(person).await);
    }
    browsers
}

#[tokio::test]
async fn a_change_of_the_schema_beside_a_running_service_costs_nobody_an_answer() {
    let app = TestApp::start().await;
    let people = app.people(["ana", "ben", "cyd"]).await;
    let browsers = signed_in(&app, &people).await;
    app.follow(&people[0], &people[1]).await;
    all_is_well(&app, &people, &browsers).await;
    for change in [
        "alter table users.users alter column display_name type text",
        "alter table users.users add column later text default 'x'",
        "alter table users.users alter column bio type varchar(400)",
        "alter table users.sessions alter column user_agent type varchar(2000)",
    ] {
        app.db().await.batch_execute(change).await.unwrap();
        all_is_well(&app, &people, &browsers).await;
    }
}

#[tokio::test]
async fn a_connection_that_forgot_its_statements_prepares_them_anew() {
    let app = TestApp::start().await;
    let people = app.people(["ana", "ben", "cyd"]).await;
    let browsers = signed_in(&app, &people).await;
    all_is_well(&app, &people, &browsers).await;
    for forget in ["deallocate all", "discard all"] {
        let connections = (0..5).map(|_| app.app.db.get());
        for connection in join_all(connections).await {
            let connection = connection.unwrap();
            tokio_postgres::GenericClient::batch_execute(connection.driver(), forget)
                .await
                .unwrap();
        }
        all_is_well(&app, &people, &browsers).await;
    }
}
