//! The program itself, as a process with nothing but the environment it is given.

use super::eventually;
use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    thread,
};

/// The program with these arguments and nothing in its environment but `PATH`.
pub fn binary(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_users-service"));
    command
        .args(arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    command
}

/// A port that nobody listens on, below those that the kernel hands out by itself.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 8_000).unwrap_or_default();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Sends a signal, such as `TERM`, to a process.
pub fn kill(signal: &str, id: u32) {
    let kill = Command::new("kill")
        .args(["-s", signal, &id.to_string()])
        .status();
    assert!(kill.expect("kill").success());
}

/// A running `users-service serve`; killed with this handle.
pub struct Program {
    /// Where it serves, such as `http://127.0.0.1:20123`.
    pub url: String,
    child: Child,
    output: Arc<Mutex<String>>,
}

impl Program {
    /// Starts it on a free port and waits until it serves.
    pub async fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_at(&format!("127.0.0.1:{}", free_port()), environment).await
    }

    /// Starts it at this address and waits until it serves.
    pub async fn start_at(address: &str, environment: &[(&str, &str)]) -> Self {
        let mut command = binary(&["serve"], environment);
        command.env("LISTEN_ADDR", address);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take(), &output);
        collect(child.stderr.take(), &output);
        let mut program = Self {
            url: format!("http://{address}"),
            child,
            output,
        };
        eventually("the program serves", || {
            program.insist_it_runs();
            let url = format!("{}/livez", program.url);
            async move { super::api::plain_client().get(url).send().await.ok() }
        })
        .await;
        program
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it wrote so far.
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        kill(name, self.id());
    }

    /// Ends it as `kill -9` does, and waits for that.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("a child");
    }

    /// The most memory that it ever had at once, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("it runs, on Linux");
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak.expect("kilobytes") * 1024
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually("the program ends", || {
            let status = child.try_wait().expect("a child");
            async move { status }
        })
        .await
    }

    /// Insists that it has not ended by itself.
    pub fn insist_it_runs(&mut self) {
        let ended = self.child.try_wait().expect("a child");
        assert!(
            ended.is_none(),
            "the program ended: {ended:?}\n{}",
            self.output()
        );
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn collect(stream: Option<impl Read + Send + 'static>, output: &Arc<Mutex<String>>) {
    let output = Arc::clone(output);
    let lines = BufReader::new(stream.expect("a pipe")).lines();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let mut output = output.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
        }
    });
}

/// Runs the program to its end, which must come soon.
pub fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let program = binary(arguments, environment);
    let mut command = Command::new("timeout");
    command
        .arg("60")
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear();
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.stdin(Stdio::null()).output().expect("timeout")
}
