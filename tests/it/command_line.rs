//! The command line in pipes and closed terminals, and what it explains.

use crate::support::{Database, KEY, PROGRAM, Program, bare, eventually, run};
use std::{fs, process::Output, process::Stdio};
use users_service::config::VARIABLES;

/// Runs a line of a shell; `users` is the program. Its status is that of the program.
fn shell(line: &str, settings: &[(&str, &str)]) -> Output {
    let mut command = bare("bash", settings);
    let line = format!("users() {{ \"{PROGRAM}\" \"$@\"; }}; {line}; exit ${{PIPESTATUS[0]}}");
    command.args(["-c", &line]).output().unwrap()
}

#[track_caller]
fn is_fine(output: &Output, status: i32) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(output.status.code(), Some(status), "{said}");
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    // Larger than a pipe holds: the rest is written when nobody reads any more.
    for line in [
        "users openapi | head -1",
        "users openapi | true",
        "users help variables | head -1",
        "users --help | true",
        "users --help --long | true",
    ] {
        is_fine(&shell(line, &[]), 0);
    }
    let first = shell("users openapi | head -1", &[]);
    assert_eq!(String::from_utf8_lossy(&first.stdout), "{\n");
    is_fine(
        &shell("users doctor --json | true", &[("LISTEN_ADDR", "x")]),
        1,
    );
    is_fine(
        &shell("users keys secret | true", &[("JWT_PRIVATE_KEY", &KEY)]),
        0,
    );
}

#[test]
fn a_full_disk_is_an_error_and_a_closed_terminal_is_none() {
    let full = shell("users openapi >/dev/full", &[]);
    is_fine(&full, 1);
    let said = String::from_utf8_lossy(&full.stderr).into_owned();
    assert!(said.contains("standard output: No space left"), "{said}");
    for line in [
        "users openapi >&-",
        "users openapi >&- 2>&-",
        "users --help >&-",
    ] {
        is_fine(&shell(line, &[]), 0);
    }
    for line in [
        "users serve 2>&- >&-",
        "users serve 2>/dev/full",
        "users migrate 2>&-",
    ] {
        is_fine(&shell(line, &[("LISTEN_ADDR", "x")]), 1);
    }
    is_fine(&shell("users keys nothing 2>&-", &[]), 2);
}

#[tokio::test]
async fn the_service_serves_with_nobody_to_talk_to() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    for closed in [">&- 2>&-", ">/dev/full 2>/dev/full"] {
        let settings = [
            ("DATABASE_URL", database.url()),
            ("JWT_PRIVATE_KEY", &KEY),
            ("DATA_DIR", data.path().to_str().unwrap()),
        ];
        let mut command = bare("sh", &settings);
        command.args(["-c", &format!("exec \"$0\" serve {closed}"), PROGRAM]);
        command.stdin(Stdio::null());
        let address = format!("127.0.0.1:{}", crate::support::free_port());
        let mut program = Program::serve(command, &address).await;
        program.signal("TERM");
        assert!(program.ended().await.success(), "{closed}");
    }
}

#[test]
fn help_explains_every_command_on_one_screen_and_names_every_variable() {
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        let help = run(arguments, &[]);
        assert!(help.status.success());
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(text.lines().count() <= 40, "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        for command in [
            "serve",
            "migrate [--to N]",
            "keys rotate",
            "keys secret",
            "doctor [--json]",
            "openapi",
            "healthcheck",
            "help variables",
        ] {
            assert!(text.contains(command), "{command}: {text}");
        }
        for variable in VARIABLES {
            assert!(text.contains(variable.name), "{}: {text}", variable.name);
        }
    }
}

#[test]
fn every_variable_is_explained_when_asked_for() {
    for arguments in [
        &["help", "variables"][..],
        &["--help", "--long"],
        &["--long", "--help"],
        &["variables"],
    ] {
        let help = run(arguments, &[]);
        assert!(help.status.success(), "{arguments:?}");
        let text = String::from_utf8(help.stdout).unwrap();
        for variable in VARIABLES {
            assert!(
                text.contains(variable.meaning),
                "{arguments:?}: {}",
                variable.name
            );
        }
    }
    let keys = String::from_utf8(run(&["help", "keys", "rotate"], &[]).stdout).unwrap();
    assert!(keys.contains("JWT_PRIVATE_KEY"), "{keys}");
}

#[test]
fn rotating_too_early_is_an_ordinary_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("jwt.pem");
    let rotate = || {
        run(
            &["keys", "rotate"],
            &[("JWT_PRIVATE_KEY", key.to_str().unwrap())],
        )
    };
    let said = |output: Output| {
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let none = said(rotate());
    let place = key.display();
    assert_eq!(
        none,
        format!("users-service: there is no key to rotate at {place}\n")
    );
    fs::write(&key, KEY.as_str()).unwrap();
    assert!(rotate().status.success());
    assert_eq!(
        said(rotate()),
        "users-service: the next key is too young to sign: other services may not know it yet; try again in 10 minutes\n"
    );
}

#[tokio::test]
async fn a_closed_terminal_stops_the_service_in_order() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
    ];
    let mut program = Program::start(&settings).await;
    let mut running = crate::support::Connection::open(program.addr()).await;
    let head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    running.send(head).await;
    running.until("\r\n\r\n").await;
    program.signal("HUP");
    eventually("it stops", || async {
        program.output().contains("stopping").then_some(())
    })
    .await;
    running.send("{}").await;
    let answer = running.rest().await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(program.ended().await.success());
}

#[tokio::test]
async fn under_nohup_a_closed_terminal_means_nothing() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
    ];
    let mut command = bare("sh", &settings);
    command.args(["-c", "trap '' HUP; exec \"$0\" serve", PROGRAM]);
    let address = format!("127.0.0.1:{}", crate::support::free_port());
    let mut program = Program::serve(command, &address).await;
    program.signal("HUP");
    let api = crate::support::Api::new(&program.url);
    api.get("/health").await.expect(200);
    program.signal("TERM");
    assert!(program.ended().await.success());
    assert_eq!(program.output().matches("stopping").count(), 1);
}
