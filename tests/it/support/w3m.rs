//! w3m: keys pressed on the pages, and the pages as text.

use super::TestApp;
use std::{fmt::Write as _, fs, process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

const MISSING: &str = "w3m and script must be installed; `bin/test` installs w3m";
const PATIENCE: Duration = Duration::from_secs(30);
/// Cookies are kept, quitting needs no answer, and Enter on a text area has it copied from a file.
const COMMAND: &str = "stty rows 100 cols 120; exec w3m -no-mouse -cookie -o accept_cookie=1 \
    -o confirm_qq=0 -o ignorecase_search=0 -o wrap_search=1 -o editor='cp text' \"$START\"";
/// To the beginning, and cut to the end.
const CLEAR: &str = "\u{1}\u{b}";

/// Somebody in front of w3m, who first says what to do and then does it in one sitting.
pub struct W3m {
    home: TempDir,
    base: String,
    keys: String,
    kept: usize,
}

impl W3m {
    /// A w3m that was never used before.
    pub fn of(app: &TestApp) -> Self {
        Self {
            home: tempfile::tempdir().expect("a folder"),
            base: app.url.clone(),
            keys: String::new(),
            kept: 0,
        }
    }

    /// Opens a path, or an address of the service.
    pub fn open(&mut self, address: &str) {
        let base = if address.starts_with('/') {
            self.base.as_str()
        } else {
            ""
        };
        writeln!(self.keys, "U{CLEAR}{base}{address}").expect("memory");
    }

    /// Goes to the field beneath or beside a label and types.
    pub fn fill(&mut self, label: &str, text: &str) {
        writeln!(self.keys, "/^{label}\n\t\n{CLEAR}{text}").expect("memory");
    }

    /// The same with a field of several lines. One text a sitting.
    pub fn fill_lines(&mut self, label: &str, text: &str) {
        fs::write(self.home.path().join("text"), text).expect("it can be written");
        write!(self.keys, "/^{label}\n\t\n").expect("memory");
    }

    /// Follows the next link, or presses the next button, with this name.
    pub fn press(&mut self, name: &str) {
        write!(self.keys, "/{name}\n\n").expect("memory");
    }

    /// Follows the first link, or presses the first button, after these words.
    pub fn press_after(&mut self, words: &str) {
        write!(self.keys, "/{words}\n\t\n").expect("memory");
    }

    /// Keeps what the page says.
    pub fn read(&mut self) {
        writeln!(self.keys, "S{}", self.kept).expect("memory");
        self.kept += 1;
    }

    /// Does all that, and gives what was kept.
    pub async fn run(&mut self) -> Vec<String> {
        let mut w3m = Command::new("script")
            .args(["-qec", COMMAND, "/dev/null"])
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .envs([
                ("SHELL", "/bin/sh"),
                ("TERM", "vt100"),
                ("START", &self.base),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect(MISSING);
        let (mut keyboard, screen) = (w3m.stdin.take(), w3m.stdout.take());
        let (keyboard, mut screen) = (keyboard.as_mut(), screen.expect("a screen"));
        let mut shown = Vec::new();
        let keys = std::mem::take(&mut self.keys) + "q";
        let sit = async {
            // Keys typed while it starts could be lost.
            while !String::from_utf8_lossy(&shown).contains("Viewing") {
                if screen.read_buf(&mut shown).await? == 0 {
                    break;
                }
            }
            let keyboard = keyboard.expect("a keyboard");
            keyboard.write_all(keys.as_bytes()).await?;
            screen.read_to_end(&mut shown).await
        };
        let ended = timeout(PATIENCE, sit).await;
        let shown = String::from_utf8_lossy(&shown).replace(['\0', '\u{1b}'], "");
        assert!(
            ended.is_ok_and(|read| read.is_ok()),
            "w3m does not end: {shown}"
        );
        let page = |n: usize| {
            let path = self.home.path().join(n.to_string());
            let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("page {n}: {shown}"));
            // It would ask before it wrote over it in the next sitting.
            fs::remove_file(path).expect("it can be removed");
            text
        };
        (0..std::mem::take(&mut self.kept)).map(page).collect()
    }
}
