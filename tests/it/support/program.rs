//! The program itself, as a process with nothing but the environment it is given.

use super::eventually;
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener},
    os::fd::OwnedFd,
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU16, Ordering},
    },
    thread,
};

/// The program that is tested.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_users-service");
/// Starts a program that is passed its input as a listening socket, as systemd does it.
const PASS_SOCKET: &str =
    r#"exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" serve"#;

/// The program with these arguments and nothing in its environment but `PATH`.
pub fn binary(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = bare(PROGRAM, environment);
    command.args(arguments);
    command
}

/// Any program with nothing in its environment but this and `PATH`.
pub fn bare(program: impl AsRef<OsStr>, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command
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

    /// The same with nobody reading its standard output yet.
    pub async fn unheard(environment: &[(&str, &str)]) -> (Self, ChildStdout) {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = binary(&["serve"], environment);
        command.env("LISTEN_ADDR", &address);
        Self::launch(command, &address).await
    }

    /// Starts it at this address and waits until it serves.
    pub async fn start_at(address: &str, environment: &[(&str, &str)]) -> Self {
        Self::serve(binary(&["serve"], environment), address).await
    }

    /// Starts it on a socket that listens already, and goes on to listen afterwards.
    pub async fn start_on(socket: &TcpListener, environment: &[(&str, &str)]) -> Self {
        let address = socket.local_addr().expect("bound").to_string();
        let passed = socket.try_clone().expect("a file");
        let mut command = bare("sh", environment);
        command.args(["-c", PASS_SOCKET, PROGRAM]);
        command.stdin(OwnedFd::from(passed));
        Self::run(command, &address).await
    }

    /// Starts a program that serves where `LISTEN_ADDR` says, and waits until it does.
    pub async fn serve(mut command: Command, address: &str) -> Self {
        command.env("LISTEN_ADDR", address);
        Self::run(command, address).await
    }

    async fn run(command: Command, address: &str) -> Self {
        let (program, stdout) = Self::launch(command, address).await;
        collect(Some(stdout), &program.output);
        program
    }

    async fn launch(mut command: Command, address: &str) -> (Self, ChildStdout) {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = Arc::new(Mutex::new(String::new()));
        let stdout = child.stdout.take().expect("a pipe");
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
        (program, stdout)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        let address = self.url.strip_prefix("http://").expect("a URL");
        address.parse().expect("an address")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it wrote so far.
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// Reads nothing that it writes as long as this is held: its pipe fills up.
    pub fn block_output(&self) -> MutexGuard<'_, String> {
        self.output.lock().unwrap()
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
