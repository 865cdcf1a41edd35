//! What the program itself says about its configuration.

use crate::support::{Database, KEY, free_port, run};

#[test]
fn the_program_refuses_a_bad_configuration_with_everything_that_is_wrong() {
    let bad = [
        ("APP_ENV", "production"),
        ("LISTEN_ADDR", "nowhere"),
        ("LOG_FORMAT", "xml"),
    ];
    for arguments in [&["serve"][..], &[]] {
        let output = run(arguments, &bad);
        assert!(!output.status.success());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        for name in ["DATABASE_URL", "LISTEN_ADDR", "LOG_FORMAT"] {
            assert!(told.contains(name), "{told}");
        }
        assert!(!told.contains("panicked"), "{told}");
    }
    for unknown in [
        &["sreve"][..],
        &["migrate", "--to", "x"],
        &["migrate", "--to", "0"],
        &["--nothing"],
    ] {
        let output = run(unknown, &[]);
        assert!(
            !output.status.success() && !output.stderr.is_empty(),
            "{unknown:?}"
        );
    }
}

#[tokio::test]
async fn in_production_a_schema_behind_the_code_is_a_clear_error() {
    let database = Database::empty().await;
    let address = format!("127.0.0.1:{}", free_port());
    let settings = [
        ("APP_ENV", "production"),
        ("LISTEN_ADDR", address.as_str()),
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("EMAIL_URL", "smtp://127.0.0.1:1"),
        ("EMAIL_FROM", "no-reply@example.org"),
        ("PUBLIC_URL", "http://localhost"),
    ];
    let output = run(&["serve"], &settings);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(told.contains("migrate"), "{told}");
}

#[tokio::test]
async fn an_address_in_use_and_a_database_that_is_not_there_are_clear_errors() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let database = Database::migrated().await;
    let output = run(
        &["serve"],
        &[("LISTEN_ADDR", &address), ("DATABASE_URL", database.url())],
    );
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && told.contains("LISTEN_ADDR"),
        "{told}"
    );
    let output = run(
        &["migrate"],
        &[("DATABASE_URL", "postgres://ana:hunter22@127.0.0.1:1/users")],
    );
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && !told.contains("hunter22"),
        "{told}"
    );
    assert!(!told.contains("panicked"), "{told}");
    let output = run(&["migrate"], &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && told.contains("DATABASE_URL"),
        "{told}"
    );
}
