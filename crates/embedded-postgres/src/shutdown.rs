//! Ending a server: our own, or the orphan of a service that was killed.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tracing::{info, warn};

use crate::{place::Place, runner::Runner};

/// How often something is looked at that should change soon.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Fast shutdown, and sterner ways when that takes too long (the next start recovers then).
pub(crate) fn shut_down(runner: &Runner, pid: u32, mut gone: impl FnMut() -> bool) {
    for (signal, seconds) in [("INT", 30), ("QUIT", 5), ("KILL", 5)] {
        if gone() {
            return;
        }
        if signal != "INT" {
            warn!(pid, signal, "PostgreSQL does not stop");
        }
        // The shell's own `kill`: the standard library sends nothing but KILL, and slim images have
        // no program for it. As the server's user, because root in a container may lack the right.
        let _ = runner
            .command("/bin/sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", signal, &pid.to_string()])
            .status();
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while !gone() && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
    }
}

/// Stops the server of a service that was killed. Returns the process id that is still written in
/// the cluster.
pub(crate) fn put_orphan_aside(place: &Place) -> Option<u32> {
    let text = fs::read_to_string(place.cluster.join("postmaster.pid")).ok()?;
    let pid = text.lines().next()?.trim().parse().ok()?;
    if is_server(pid, &place.cluster) {
        info!(pid, "stopping the PostgreSQL of a service that was killed");
        shut_down(&place.runner, pid, || !is_server(pid, &place.cluster));
    }
    Some(pid)
}

/// Whether process `pid` is a server that was started here on `cluster`: a number alone proves
/// nothing, it may be somebody else's by now. Its command line tells, since everybody may read it;
/// a zombie has none.
fn is_server(pid: u32, cluster: &Path) -> bool {
    let cluster = cluster.as_os_str().as_encoded_bytes();
    if Path::new("/proc/self/cmdline").exists() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut arguments = line.split(|&byte| byte == 0);
        let program = arguments.next().unwrap_or_default();
        return program.ends_with(b"postgres") && arguments.any(|argument| argument == cluster);
    }
    let mut ps = Command::new("ps");
    ps.args(["-ww", "-o", "command=", "-p", &pid.to_string()]);
    ps.output().is_ok_and(|answer| {
        let line = answer.stdout;
        line.windows(cluster.len().max(1))
            .any(|part| part == cluster)
    })
}
