//! As whom Postgres's programs run, and how they end with the service.

use std::{
    env,
    ffi::OsStr,
    fs::{self, OpenOptions},
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::error::Error;

/// Starts programs as the user who owns the cluster: ourselves, or somebody unprivileged when we
/// are root.
#[derive(Debug, Clone)]
pub(crate) struct Runner {
    /// The owner of the cluster and of the server.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// Whether that is somebody else than ourselves.
    pub switch: bool,
}

impl Runner {
    /// Programs run as the user that we are. The standard library cannot tell who that is without
    /// unsafe code, but a new file in `directory` can.
    pub fn ourselves(directory: &Path) -> Result<Self, Error> {
        let path = unique(directory, ".owner-");
        let make = || {
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)?;
            let owner = file.metadata();
            fs::remove_file(&path)?;
            owner
        };
        let owner = make().map_err(Error::io("write in", directory))?;
        Ok(Self {
            uid: owner.uid(),
            gid: owner.gid(),
            switch: false,
        })
    }

    /// Postgres refuses root: as root an existing `cluster` is run by its owner, a new one by
    /// `postgres` or `nobody`.
    pub fn for_cluster(self, cluster: Option<&Path>) -> Result<Self, Error> {
        if self.uid != 0 {
            return Ok(self);
        }
        let owner = cluster.and_then(|path| fs::metadata(path).ok());
        let owner = owner.map(|found| (found.uid(), found.gid()));
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let (uid, gid) = owner
            .filter(|&(uid, _)| uid != 0)
            .or_else(|| {
                ["postgres", "nobody"]
                    .iter()
                    .find_map(|name| ids(&passwd, name))
            })
            .ok_or(Error::NoAccount)?;
        let runner = Self {
            uid,
            gid,
            switch: true,
        };
        if runner.enters(Path::new("/")) {
            Ok(runner)
        } else {
            Err(Error::CannotSwitch { uid })
        }
    }

    /// A command with the server's user and an environment that holds nothing of ours:
    /// `/proc/*/environ` would show the service's secrets to that user, and `PGPORT` and its like
    /// would change the server.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").stdin(Stdio::null());
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        // Our own working directory may be closed to the other user.
        command.current_dir("/");
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// A command that gets `signal` when the calling **thread** ends, `kill -9` of the process
    /// included. That is Linux's PDEATHSIG, set by `setpriv` since we write no unsafe code; where
    /// that is missing (macOS, busybox) the program outlives a killed service, and the next start
    /// puts it aside.
    pub fn tied_command(&self, signal: &str, program: &Path) -> Command {
        for setpriv in ["/usr/bin/setpriv", "/bin/setpriv"] {
            let mut command = self.command(setpriv);
            command.args(["--pdeathsig", signal]).arg(program);
            let mut trial = self.command(setpriv);
            trial
                .args(["--pdeathsig", signal])
                .arg(program)
                .arg("--version");
            if succeeds(&mut trial) {
                return command;
            }
        }
        self.command(program)
    }

    /// Whether the server's user can enter `directory`. The kernel answers: the child changes its
    /// user first and its directory afterwards, so modes, groups and access lists all count.
    pub fn enters(&self, directory: &Path) -> bool {
        succeeds(
            self.command("/bin/sh")
                .args(["-c", ":"])
                .current_dir(directory),
        )
    }
}

/// A name nobody uses yet: the process id alone repeats from one container to the next.
pub(crate) fn unique(directory: &Path, prefix: &str) -> PathBuf {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    directory.join(format!("{prefix}{}-{nanos}", process::id()))
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The user's and the group's id of `name` in the text of `/etc/passwd`.
fn ids(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "postgresql:x:5:6::/:\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(ids(passwd, "postgres"), Some((101, 104)));
        assert_eq!(ids(passwd, "nobody"), None);
    }
}
