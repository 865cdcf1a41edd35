//! Numbers and samples in the documents are those of the program.

use crate::{
    deployment::file,
    doctor::Patient,
    support::{Mode, free_port},
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};
use users_service::{
    config::VARIABLES,
    http::{
        body_limit::MAX_BODY,
        head::{MAX_HEAD, MAX_TARGET},
    },
    ops::server::{MAX_CONNECTIONS, MAX_READ},
};

/// Where the table of the variables is.
const VARIABLES_ARE_IN: &str = "docs/configuration.md";

fn document(name: &str) -> String {
    fs::read_to_string(file(name)).expect(name)
}

/// A line without what differs from run to run: numbers, ids, names of people and places.
fn shape(line: &str) -> String {
    let word = |word: &str| {
        let digits = |c: char| c.is_ascii_digit();
        match word.len() {
            // A key's thumbprint, a person's id.
            43 => "KEY".to_owned(),
            36 if word.matches('-').count() == 4 => "ID".to_owned(),
            _ => word
                .split(digits)
                .filter(|part| *part != ".")
                .collect::<Vec<_>>()
                .join("#"),
        }
    };
    let words: Vec<_> = line.split_whitespace().map(word).collect();
    // Where the number of migrations would be old with the next one.
    let mut short = words.join(" ").replace('…', "#");
    while short.contains("##") {
        short = short.replace("##", "#");
    }
    short
}

/// What the sample has and what the doctor says, each in its shape, but for these checks.
fn lines(text: &str) -> Vec<String> {
    // The tests' PostgreSQL forgets, and a machine may give few files.
    let of_the_machine = ["open files:", "durability:", "database:", "rights:"];
    text.lines()
        .filter(|line| !of_the_machine.iter().any(|check| line.contains(check)))
        .map(shape)
        .collect()
}

#[tokio::test]
async fn the_sample_of_the_doctor_is_what_it_says() {
    let operations = document("docs/operations.md");
    let (_, sample) = operations.split_once("$ users-service doctor\n").unwrap();
    let (sample, _) = sample.split_once("$ echo $?").unwrap();

    let patient = Patient::healthy().await;
    let [ana, _bob] = patient.app.people(["ana", "bob"]).await;
    patient.app.mails_are_out().await;
    patient
        .app
        .execute("drop index users.users_email_key")
        .await;
    let miscount = format!(
        "insert into users.follow_counts values ('{}', 0, 1, 0)",
        ana.id
    );
    patient.app.execute(&miscount).await;
    fs::set_permissions(&patient.key, Permissions::from_mode(0o644)).unwrap();
    let dead = format!("smtp://127.0.0.1:{}?tls=none", free_port());
    let settings = [
        ("EMAIL_URL", dead.as_str()),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
    ];
    patient.app.sink.set(Mode::Down);
    let report = patient.with(&settings).await;
    let said = report
        .text
        .replace(patient.key.to_str().unwrap(), "srv/jwt.pem");
    let said = said.replace(patient.app.data_dir.path().to_str().unwrap(), "var");
    assert_eq!(lines(sample), lines(&said), "{said}");
}

#[test]
fn what_slow_and_greedy_clients_get_is_said_as_it_is() {
    let operations = document("docs/operations.md");
    let kib = |bytes: usize| bytes / 1024;
    for words in [
        format!("a head over {} KiB is 431", kib(MAX_HEAD)),
        format!("an address over {} KiB 414", kib(MAX_TARGET)),
        format!("more than {} KiB are not taken in", kib(MAX_READ)),
        format!("beyond its limit ({} KiB, pictures 2 MB)", kib(MAX_BODY)),
        "16,384 are served at once".to_owned(),
    ] {
        assert!(operations.contains(&words), "{words}");
    }
    assert_eq!(MAX_CONNECTIONS, 16_384);
    // nginx passes on less than the service takes.
    let nginx = document("nginx/nginx.conf");
    let (_, buffers) = nginx.split_once("large_client_header_buffers ").unwrap();
    let (count, size) = buffers.split_once("k;").unwrap().0.split_once(' ').unwrap();
    let (count, size): (usize, usize) = (count.parse().unwrap(), size.parse().unwrap());
    assert!(count * size < kib(MAX_HEAD) && size < kib(MAX_TARGET));
}

#[test]
fn whatever_the_steps_to_production_need_is_what_production_wants() {
    let config = users_service::Config::from_map(&std::collections::HashMap::new()).unwrap();
    let steps = document("docs/production.md");
    let (_, step) = steps.split_once("3. Set ").unwrap();
    let (step, _) = step.split_once("\n4. ").unwrap();
    for name in config.missing_in_production {
        assert!(step.contains(&format!("`{name}`")), "{name}: {step}");
    }
}

#[test]
fn the_table_of_the_variables_is_that_of_the_program() {
    let document = document(VARIABLES_ARE_IN);
    let rows = VARIABLES.iter().map(|variable| {
        let (name, default, meaning) = (variable.name, variable.default, variable.meaning);
        format!("| `{name}` | {default} | {meaning} |")
    });
    let rows = rows.collect::<Vec<_>>().join("\n");
    let table = document.contains(&rows);
    assert!(table, "{VARIABLES_ARE_IN} is to have these rows:\n{rows}");
}
