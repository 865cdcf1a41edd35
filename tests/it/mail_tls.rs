//! Mails to a server are encrypted where they must be, and where they can be.

use crate::support::{
    Api, Certificate, Database, KEY, Mode, PASSWORD, Program, Sink, TestApp, eventually,
};
use serde_json::json;
use tempfile::TempDir;

const ANA: &str = "ana@example.org";

/// The program, which trusts one certificate, and has a mail for Ana.
struct Trusting {
    database: Database,
    _program: Program,
    _data: TempDir,
}

impl Trusting {
    async fn start(certificate: &Certificate, email_url: &str) -> Self {
        let database = Database::migrated().await;
        let data = tempfile::tempdir().unwrap();
        let trusted = certificate.path();
        let settings = [
            ("DATABASE_URL", database.url()),
            ("JWT_PRIVATE_KEY", &*KEY),
            ("EMAIL_URL", email_url),
            ("DATA_DIR", data.path().to_str().unwrap()),
            ("SSL_CERT_FILE", trusted.to_str().unwrap()),
        ];
        let program = Program::start(&settings).await;
        let body = json!({ "email": ANA, "username": "ana", "password": PASSWORD });
        let api = Api::new(&program.url);
        api.post("/auth/register", body).await.expect(201);
        Self {
            database,
            _program: program,
            _data: data,
        }
    }

    /// Why the mail did not leave, once it was tried twice.
    async fn failure(&self) -> String {
        let db = self.database.connect().await;
        eventually("a second try", || async {
            let error = "select last_error from users.outbox where attempts >= 2";
            let row = db.query_opt(error, &[]).await.unwrap()?;
            Some(row.get(0))
        })
        .await
    }
}

#[tokio::test]
async fn a_server_that_offers_tls_gets_mails_encrypted_whoever_signed_its_certificate() {
    let sink = Sink::offering_tls(&Certificate::new()).await;
    let app = TestApp::with(&[("EMAIL_URL", &sink.url)]).await;
    app.register("ana").await;
    assert!(sink.mail_to(ANA).await.encrypted);
}

#[tokio::test]
async fn a_server_that_offers_tls_gets_mails_encrypted_whatever_name_its_certificate_has() {
    let sink = Sink::offering_tls(&Certificate::new()).await;
    let url = sink.url.replace("localhost", "127.0.0.1");
    let app = TestApp::with(&[("EMAIL_URL", &url)]).await;
    app.register("ana").await;
    assert!(sink.mail_to(ANA).await.encrypted);
}

#[tokio::test]
async fn who_asks_for_no_tls_gets_none() {
    let sink = Sink::offering_tls(&Certificate::new()).await;
    let app = TestApp::with(&[("EMAIL_URL", &format!("{}?tls=none", sink.url))]).await;
    app.register("ana").await;
    assert!(!sink.mail_to(ANA).await.encrypted);
}

#[tokio::test]
async fn where_tls_is_required_a_server_with_a_certificate_that_is_trusted_gets_mails_encrypted() {
    let certificate = Certificate::new();
    let sink = Sink::offering_tls(&certificate).await;
    let url = format!("{}?tls=required", sink.url);
    let _service = Trusting::start(&certificate, &url).await;
    assert!(sink.mail_to(ANA).await.encrypted);
}

#[tokio::test]
async fn smtps_is_encrypted_from_the_first_byte() {
    let certificate = Certificate::new();
    let sink = Sink::over_tls(&certificate).await;
    let _service = Trusting::start(&certificate, &sink.url).await;
    assert!(sink.mail_to(ANA).await.encrypted);
}

#[tokio::test]
async fn where_tls_is_required_a_server_with_a_certificate_that_nobody_trusts_gets_no_mail() {
    let other = Certificate::new();
    let offering = Sink::offering_tls(&Certificate::new()).await;
    let encrypted = Sink::over_tls(&Certificate::new()).await;
    let required = format!("{}?tls=required", offering.url);
    for (sink, url) in [(&offering, &required), (&encrypted, &encrypted.url)] {
        let error = Trusting::start(&other, url).await.failure().await;
        assert!(error.contains("invalid peer certificate"), "{url}: {error}");
        assert!(sink.mails().is_empty(), "{url}");
    }
}

#[tokio::test]
async fn where_tls_is_required_a_server_with_a_certificate_for_another_name_gets_no_mail() {
    let certificate = Certificate::new();
    let sink = Sink::offering_tls(&certificate).await;
    let url = sink.url.replace("localhost", "127.0.0.1");
    let service = Trusting::start(&certificate, &format!("{url}?tls=required")).await;
    let error = service.failure().await;
    assert!(error.contains("not valid for name"), "{error}");
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn where_tls_is_required_a_server_that_does_not_offer_it_gets_no_mail() {
    let sink = Sink::start().await;
    let url = sink.url.replace("tls=none", "tls=required");
    let service = Trusting::start(&Certificate::new(), &url).await;
    let error = service.failure().await;
    assert!(error.contains("STARTTLS"), "{error}");
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn an_answer_that_somebody_added_before_tls_is_not_taken_for_one_over_tls() {
    let certificate = Certificate::new();
    let sink = Sink::offering_tls(&certificate).await;
    sink.set(Mode::IsTamperedWith);
    let url = format!("{}?tls=required", sink.url);
    let service = Trusting::start(&certificate, &url).await;
    assert!(!service.failure().await.is_empty());
    assert!(sink.mails().is_empty());
    sink.set(Mode::Up);
    assert!(sink.mail_to(ANA).await.encrypted);
}
