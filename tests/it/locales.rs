//! Names and addresses are the same whatever their case, also where the database's locale has other
//! ideas about that.

use crate::support::{Database, PASSWORD, TestApp};
use serde_json::json;
use users_service::database::migrate;

/// Here `I` is no `i` in capitals.
const TURKISH: &str =
    "encoding 'UTF8' locale_provider icu icu_locale 'tr-TR' lc_collate 'C' lc_ctype 'C'";

async fn on_a_turkish_database() -> TestApp {
    let database = Database::made_with(TURKISH).await;
    migrate::run(database.url(), None).await.unwrap();
    TestApp::on(database, &[]).await
}

#[tokio::test]
async fn in_a_turkish_database_one_name_and_one_address_are_taken_in_every_spelling() {
    let app = on_a_turkish_database().await;
    let registers = async |username: &str, email: &str| {
        let typed = json!({ "email": email, "username": username, "password": PASSWORD });
        app.api().post("/auth/register", typed).await
    };
    registers("INFOI1", "INFOI1@EXAMPLE.org").await.expect(201);
    for (username, email, code) in [
        ("infoi1", "infoi1@example.org", "EMAIL_ALREADY_EXISTS"),
        ("other", "infoi1@example.org", "EMAIL_ALREADY_EXISTS"),
        ("infoi1", "other@example.org", "USERNAME_ALREADY_EXISTS"),
    ] {
        registers(username, email).await.error(409, code);
    }
}

#[tokio::test]
async fn in_a_turkish_database_everybody_is_found_by_any_spelling() {
    let app = on_a_turkish_database().await;
    let mut person = app.person("INFOI1").await;
    person.email = person.email.to_lowercase();
    for spelling in ["INFOI1", "infoi1", "InfoI1"] {
        let found = app.api().get(&format!("/users?username={spelling}")).await;
        let items = found.expect(200).json()["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), 1, "{spelling}");
        assert_eq!(
            app.visitor().open(&format!("/@{spelling}")).await.status,
            200
        );
        let typed = json!({ "email": format!("{spelling}@EXAMPLE.org"), "password": PASSWORD });
        app.api().post("/auth/login", typed).await.expect(200);
    }
    let asked = json!({ "email": "infoi1@example.ORG" });
    app.api()
        .post("/auth/password/forgot", asked)
        .await
        .expect(202);
    app.sink.nth_mail_to("INFOI1@example.org", 2).await;
}

#[tokio::test]
async fn in_a_turkish_database_a_name_that_was_given_up_is_held_in_every_spelling() {
    let app = on_a_turkish_database().await;
    let person = app.person("INFOI1").await;
    let mut visitor = app.signed_in(&person).await;
    visitor.open("/settings/username").await;
    visitor
        .send("Change username", &[("Username", "other")])
        .await;
    let typed = json!({ "email": "new@example.org", "username": "infoi1", "password": PASSWORD });
    let taken = app.api().post("/auth/register", typed).await;
    taken.error(409, "USERNAME_ALREADY_EXISTS");
}

#[tokio::test]
async fn accounts_that_such_a_locale_let_pass_are_named_by_the_migration() {
    let database = Database::made_with(TURKISH).await;
    migrate::run(database.url(), Some(21)).await.unwrap();
    let db = database.connect().await;
    let accounts = "insert into users.users (id, username, email, password_hash) values
        ('00000000-0000-0000-0000-000000000001', 'INFOI1', 'a@example.org', 'x'),
        ('00000000-0000-0000-0000-000000000002', 'infoi1', 'b@example.org', 'x'),
        ('00000000-0000-0000-0000-000000000003', 'other', 'c@example.org', 'x')";
    db.batch_execute(accounts).await.unwrap();
    let refused = migrate::run(database.url(), None).await.unwrap_err();
    let said = users_service::error::causes(&*refused);
    assert!(said.contains("one username or e-mail address"), "{said}");
    assert!(said.contains("-000000000001, ") && said.contains("-000000000002"));
    assert!(!said.contains("-000000000003"), "{said}");
    let rename = "update users.users set username = 'infoi2' where email like 'b@%'";
    db.batch_execute(rename).await.unwrap();
    migrate::run(database.url(), None).await.unwrap();
}
