//! Lynx: the pages as text, and keys pressed on them.

use super::TestApp;
use std::{fmt::Write as _, fs, process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

const MISSING: &str = "lynx must be installed; `bin/test` installs it";
const PATIENCE: Duration = Duration::from_secs(30);
/// Cookies are taken and kept, and messages don't stop it.
const SETTINGS: &str = "SET_COOKIES:TRUE\nACCEPT_ALL_COOKIES:TRUE\nPERSISTENT_COOKIES:TRUE\n\
    INFOSECS:0\nMESSAGESECS:0\nALERTSECS:0\nREPLAYSECS:0\nDELAYSECS:0\n";
const COLUMNS: &str = "200";
const DOWN: &str = "Down Arrow";
const ENTER: &str = "^J";

/// Somebody in front of Lynx. Between two runs it remembers nothing but cookies.
pub struct Lynx {
    home: TempDir,
    base: String,
}

impl Lynx {
    /// A Lynx that was never used before.
    pub fn of(app: &TestApp) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("lynx.cfg"), SETTINGS).expect("it can be written");
        Self {
            home,
            base: app.url.clone(),
        }
    }

    /// What a page says, with a number before everything that can be chosen.
    pub async fn read(&self, address: &str) -> String {
        self.run(&["-dump", "-nolist", "-width", COLUMNS], address)
            .await
    }

    /// Opens a page, types into its fields, which are named by their labels in the order they
    /// stand in, and follows a link or presses a button.
    pub async fn press(&self, address: &str, typed: &[(&str, &str)], name: &str) {
        let text = self.read(address).await;
        let mut script = String::new();
        // The first thing is chosen when the page opens.
        let mut at = 1;
        let mut choose = |number: usize, text: &str| {
            let downs = number.checked_sub(at).expect("fields in their order");
            let keys = std::iter::repeat_n(DOWN, downs).chain([ENTER]);
            let letters = text.chars().map(String::from);
            for key in keys.map(str::to_owned).chain(letters) {
                let key = if key == " " { "<space>" } else { key.as_str() };
                writeln!(script, "key {key}").expect("memory");
            }
            at = number;
        };
        for (label, value) in typed {
            choose(field(&text, label), value);
        }
        choose(thing(&text, name), "");
        script.push_str("key Q\nkey y\n");
        let file = self.home.path().join("keys");
        fs::write(&file, script).expect("it can be written");
        self.run(&[&format!("-cmd_script={}", file.display())], address)
            .await;
    }

    async fn run(&self, arguments: &[&str], address: &str) -> String {
        let in_home = |option: &str, name: &str| {
            let path = self.home.path().join(name);
            format!("-{option}={}", path.display())
        };
        let address = match address.strip_prefix('/') {
            Some(path) => format!("{}/{path}", self.base),
            None => address.to_owned(),
        };
        let run = Command::new("lynx")
            .args([
                in_home("cfg", "lynx.cfg"),
                in_home("cookie_file", "cookies"),
                in_home("cookie_save_file", "cookies"),
            ])
            // Fields are walked past until Enter opens them.
            .args(["-number_fields", "-tna"])
            .args(arguments)
            .arg(address)
            .env("HOME", self.home.path())
            .env("TERM", "vt100")
            .envs([("LINES", "100"), ("COLUMNS", COLUMNS)])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(PATIENCE, run).await.expect("lynx ends");
        String::from_utf8_lossy(&output.expect(MISSING).stdout).into_owned()
    }
}

/// The number of the first thing that stands after a label, on its line or further down.
#[track_caller]
fn field(text: &str, label: &str) -> usize {
    let lines = text.lines().map(str::trim);
    let mut from_label = lines.skip_while(|line| {
        let after = line.strip_prefix(label);
        !after.is_some_and(|after| after.is_empty() || after.starts_with(" ["))
    });
    let found = from_label.find_map(|line| line.split_once('[')?.1.split_once(']'));
    let number = found.and_then(|(number, _)| number.parse().ok());
    number.unwrap_or_else(|| panic!("no field {label:?} in {text}"))
}

/// The number of the last link or button with this name: the one beneath what it is about.
#[track_caller]
fn thing(text: &str, name: &str) -> usize {
    let mut numbered = text.split('[').filter_map(|piece| {
        let (number, rest) = piece.split_once(']')?;
        let rest = rest.strip_prefix("BUTTON)").unwrap_or(rest).trim_start();
        let after = rest.strip_prefix(name)?;
        (!after.starts_with(|c: char| c.is_alphanumeric())).then(|| number.parse().ok())?
    });
    let last = numbered.next_back();
    last.unwrap_or_else(|| panic!("no {name:?} in {text}"))
}
