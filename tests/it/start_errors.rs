//! What is wrong at the start is told with the variable, and the path, that it is about.

use crate::support::{Database, KEY, PROGRAM, bare, run};
use std::{fs, net::TcpListener, os::unix::fs::DirBuilderExt, process::Command};

/// What a program says that does not start.
#[track_caller]
fn said(arguments: &[&str], settings: &[(&str, &str)]) -> String {
    // Not where another test, or another program, listens.
    let settings = [&[("LISTEN_ADDR", "127.0.0.1:0")], settings].concat();
    let output = run(arguments, &settings);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        !said.contains("panicked") && !said.contains("internal error"),
        "{said}"
    );
    said
}

#[track_caller]
fn names(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// A folder that nobody can make, root included.
const NO_FOLDER: &str = "/dev/null/users";

#[test]
fn a_data_dir_that_can_not_be_made_is_named() {
    let told = said(&["serve"], &[("DATA_DIR", NO_FOLDER)]);
    names(&told, &["DATA_DIR", NO_FOLDER, "Not a directory"]);
}

#[tokio::test]
async fn a_signing_key_that_can_not_be_made_or_read_is_named() {
    let database = Database::migrated().await;
    let url = ("DATABASE_URL", database.url());
    let told = said(&["serve"], &[url, ("DATA_DIR", NO_FOLDER)]);
    names(
        &told,
        &[
            "JWT_PRIVATE_KEY",
            "/dev/null/users/jwt-private-key.pem",
            "DATA_DIR",
        ],
    );

    let told = said(&["serve"], &[url, ("JWT_PRIVATE_KEY", "/dev/null/key")]);
    names(&told, &["JWT_PRIVATE_KEY"]);

    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("jwt.pem");
    let key = key.to_str().unwrap();
    fs::write(key, KEY.as_str()).unwrap();
    for (ending, content) in [
        (".next", "no key"),
        (".retired", "no keys"),
        (".secret", "short"),
    ] {
        let beside = format!("{key}{ending}");
        fs::write(&beside, content).unwrap();
        let told = said(&["serve"], &[url, ("JWT_PRIVATE_KEY", key)]);
        names(&told, &["JWT_PRIVATE_KEY"]);
        assert!(
            told.contains(&beside) || ending == ".secret",
            "{beside}: {told}"
        );
        assert!(!told.contains(content), "{told}");
        fs::remove_file(&beside).unwrap();
        // No file at all, but there.
        fs::create_dir(&beside).unwrap();
        let told = said(&["serve"], &[url, ("JWT_PRIVATE_KEY", key)]);
        names(&told, &["JWT_PRIVATE_KEY", &beside]);
        fs::remove_dir(&beside).unwrap();
    }
}

#[test]
fn an_address_that_can_not_be_listened_on_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for address in [taken.as_str(), "192.0.2.1:8080"] {
        let told = said(&["serve"], &[("LISTEN_ADDR", address)]);
        names(&told, &["LISTEN_ADDR", address]);
    }
    let told = said(&["healthcheck"], &[("LISTEN_ADDR", "127.0.0.1:1")]);
    names(&told, &["LISTEN_ADDR", "127.0.0.1:1"]);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_named_without_its_password() {
    let away = "postgres://ana:hunter22@127.0.0.1:1/users";
    let no_roots = format!("{away}?sslmode=verify-full&sslrootcert=/dev/null/roots");
    for url in [away, &no_roots] {
        let told = said(&["migrate"], &[("DATABASE_URL", url)]);
        names(&told, &["DATABASE_URL"]);
        assert!(!told.contains("hunter22"), "{told}");
        assert_eq!(
            told.contains("sslrootcert /dev/null/roots"),
            url != away,
            "{told}"
        );
    }
    let database = Database::migrated().await;
    let settings = [
        ("DATABASE_URL", database.url()),
        ("DATABASE_READ_URL", no_roots.as_str()),
        ("JWT_PRIVATE_KEY", &KEY),
    ];
    let told = said(&["serve"], &settings);
    names(&told, &["DATABASE_READ_URL", "/dev/null/roots"]);
    assert!(!told.contains("hunter22"), "{told}");
}

#[tokio::test]
async fn folders_that_nothing_can_be_written_into_are_named_in_the_log() {
    let database = Database::migrated().await;
    let settings = [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", NO_FOLDER),
    ];
    let program = crate::support::Program::start(&settings).await;
    crate::support::eventually("both folders are named", || async {
        let told = program.output();
        let named = |variable: &str, folder: &str| {
            let mut lines = told.lines().filter(|line| line.contains("WARN"));
            lines.any(|line| line.contains(variable) && line.contains(folder))
        };
        let both = named("AVATAR_STORE", "/dev/null/users/avatars")
            && named("EMAIL_URL", "/dev/null/users/mail");
        both.then_some(())
    })
    .await;
}

/// Whether this test may become somebody else, as root may.
fn as_nobody(arguments: &[&str], settings: &[(&str, &str)]) -> Option<String> {
    let is_root = Command::new("id").arg("-u").output().ok()?.stdout == b"0\n";
    let mut command = bare("setpriv", settings);
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command.arg(PROGRAM).args(arguments);
    let output = command.output().ok().filter(|_| is_root)?;
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_somebody_without_rights_may_not_do_is_named_too() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::DirBuilder::new().mode(0o700).create(&closed).unwrap();
    let key = closed.join("jwt.pem");
    fs::write(&key, KEY.as_str()).unwrap();
    let data = closed.join("data");
    let (key, data) = (key.to_str().unwrap(), data.to_str().unwrap());
    for (arguments, name, value, word) in [
        (&["serve"][..], "DATA_DIR", data, data),
        (&["serve"], "JWT_PRIVATE_KEY", key, "JWT_PRIVATE_KEY"),
        (&["keys", "rotate"], "JWT_PRIVATE_KEY", key, key),
    ] {
        let Some(told) = as_nobody(arguments, &[("LISTEN_ADDR", "127.0.0.1:0"), (name, value)])
        else {
            return;
        };
        // Where the program itself is out of reach there is nothing to see.
        if told.contains("failed to execute") {
            return;
        }
        assert!(told.to_lowercase().contains("permission denied"), "{told}");
        names(&told, &[word]);
    }
}
