//! `/dev/mail` is for the developer at the machine itself, and a development set-up says that it is
//! one.

use crate::support::{Database, KEY, Program, TestApp, eventually, run};

#[tokio::test]
async fn it_is_there_for_a_browser_on_this_machine_alone() {
    let app = TestApp::with(&[("PUBLIC_URL", "http://users.localhost:8080")]).await;
    let asked = async |headers: &[(&str, &str)]| {
        let call = app.api().request("GET", "/dev/mail");
        let call = headers
            .iter()
            .fold(call, |call, (name, value)| call.header(name, value));
        call.send().await.status
    };
    for host in [
        "localhost",
        "localhost:8080",
        "LocalHost",
        "127.0.0.1:80",
        "[::1]",
        "users.localhost:8080",
    ] {
        assert_eq!(asked(&[("Host", host)]).await, 200, "{host}");
    }
    // DNS rebinding: the name of another site leads to this machine.
    for host in [
        "rebind.evil.example",
        "localhost.evil.example",
        "203.0.113.7",
        "x",
    ] {
        assert_eq!(asked(&[("Host", host)]).await, 404, "{host}");
    }
    // A proxy on this machine passes on what came from anywhere, whatever it says of it.
    for forwarded in ["203.0.113.7", "127.0.0.1", "unknown"] {
        let status = asked(&[("Host", "localhost"), ("X-Forwarded-For", forwarded)]).await;
        assert_eq!(status, 404, "{forwarded}");
    }
    let status = asked(&[("Host", "localhost"), ("Forwarded", "for=127.0.0.1")]).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn nobody_becomes_local_by_a_proxy_that_is_trusted() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let call = app.api().request("GET", "/dev/mail/x.eml");
    let call = call
        .header("Host", "localhost")
        .header("X-Forwarded-For", "::1");
    call.send().await.expect(404);
}

/// The address of this machine that other machines know it by; none where it has no network.
fn outward_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Sends nothing: it only chooses the way.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[tokio::test]
async fn the_three_variables_of_the_image_start_no_open_set_up_and_say_what_is_missing() {
    let database = Database::empty().await;
    let data = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("EMAIL_API_KEY", "SG.test"),
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("AUTO_MIGRATE", "true"),
    ];
    let address = format!("0.0.0.0:{}", crate::support::free_port());
    let program = Program::start_at(&address, &settings).await;
    eventually("it says what production wants", || async {
        let told = program.output();
        let line = told
            .lines()
            .find(|line| line.contains("development set-up"))?
            .to_owned();
        assert!(line.contains(r#""level":"WARN""#), "{line}");
        assert!(
            line.contains("set APP_ENV=production, EMAIL_FROM, PUBLIC_URL\""),
            "{line}"
        );
        Some(())
    })
    .await;
    let port = program.addr().port();
    let client = crate::support::bare_client().build().unwrap();
    let asked = async |host: &str, path: &str| {
        let answer = client
            .get(format!("http://{host}:{port}{path}"))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(asked("127.0.0.1", "/dev/mail").await.0, 200);
    let (_, page) = asked("127.0.0.1", "/register").await;
    assert!(!page.contains("/dev/mail"), "no page leads there");
    if let Some(outward) = outward_address() {
        assert_eq!(
            asked(&outward.to_string(), "/dev/mail").await.0,
            404,
            "{outward}"
        );
        assert_eq!(asked(&outward.to_string(), "/livez").await.0, 200);
    }
    let doctor = run(&["doctor"], &settings);
    let told = String::from_utf8(doctor.stdout).unwrap();
    assert!(
        told.contains("warn   configuration: every variable can be read: a development set-up -> for anything but trying things out set APP_ENV=production, EMAIL_FROM, PUBLIC_URL\n"),
        "{told}"
    );
}

#[test]
fn with_the_providers_key_production_asks_for_no_transport() {
    let database = "postgres://users@127.0.0.1:1/users";
    let mut settings = vec![
        ("APP_ENV", "production"),
        ("DATABASE_URL", database),
        ("JWT_PRIVATE_KEY", KEY.as_str()),
        ("EMAIL_FROM", "no-reply@example.org"),
        ("PUBLIC_URL", "https://social.example.org"),
    ];
    let config = |settings: &[(&str, &str)]| {
        let settings = settings
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        users_service::Config::from_map(&settings.collect())
    };
    let refused = config(&settings).unwrap_err().to_string();
    assert!(
        refused.contains("EMAIL_URL must be set in production"),
        "{refused}"
    );
    settings.push(("EMAIL_API_KEY", "SG.test"));
    let config = config(&settings).unwrap();
    let transport = format!("{:?}", config.email_url);
    assert!(transport.starts_with("Http"), "{transport}");
    assert_eq!(config.what_production_wants(), None);
}
