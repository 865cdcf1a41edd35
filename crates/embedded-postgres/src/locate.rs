//! Where Postgres's programs are, and which major version.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{error::Error, runner::Runner};

/// Installations that stand side by side, one per major version, as (parent, what stands before the
/// number, what follows it): Debian; openSUSE; Alpine; Postgres's own RPMs; Homebrew on Arm and on
/// Intel. `bin/lib/packages.sh` looks in the same places.
const SIDE_BY_SIDE: [(&str, &str, &str); 6] = [
    ("usr/lib/postgresql", "", "bin"),
    ("usr/lib", "postgresql", "bin"),
    ("usr/libexec", "postgresql", ""),
    ("usr", "pgsql-", "bin"),
    ("opt/homebrew/opt", "postgresql@", "bin"),
    ("usr/local/opt", "postgresql@", "bin"),
];

/// The programs to use.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub bin: PathBuf,
    pub major: u32,
}

impl Programs {
    /// The programs of the major version `wanted` by an existing cluster; without one those on
    /// `PATH`, else the newest.
    pub fn find(runner: &Runner, cluster: &Path, wanted: Option<u32>) -> Result<Self, Error> {
        let path = env::var_os("PATH").unwrap_or_default();
        let found = installed(&path, Path::new("/"), |bin| major_of(runner, bin));
        choose(found, cluster, wanted)
    }
}

/// The leading number of `15.18 (Debian 15.18-0+deb12u1)`, `18beta1` or a cluster's `PG_VERSION`.
pub(crate) fn major(version: &str) -> Option<u32> {
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}

fn choose(found: Vec<Programs>, cluster: &Path, wanted: Option<u32>) -> Result<Programs, Error> {
    if found.is_empty() {
        return Err(Error::ProgramsMissing);
    }
    let mut majors: Vec<u32> = found.iter().map(|programs| programs.major).collect();
    majors.sort_unstable();
    majors.dedup();
    found
        .into_iter()
        .find(|programs| wanted.is_none_or(|wanted| wanted == programs.major))
        .ok_or_else(|| Error::VersionMissing {
            cluster: cluster.to_owned(),
            wanted: wanted.unwrap_or_default(),
            found: majors,
        })
}

/// Every usable installation, the preferred one first: `PATH`, then the newest of those that stand
/// side by side, then what `pg_config` names.
fn installed(
    path: &OsString,
    root: &Path,
    major_of: impl Fn(&Path) -> Option<u32>,
) -> Vec<Programs> {
    let on_path: Vec<PathBuf> = env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .collect();
    let configured = on_path
        .iter()
        .find_map(|dir| bindir_of(&dir.join("pg_config")));
    on_path
        .into_iter()
        .chain(side_by_side(root))
        .chain(configured)
        .filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        .filter_map(|bin| major_of(&bin).map(|major| Programs { bin, major }))
        .collect()
}

fn side_by_side(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix, bin) in SIDE_BY_SIDE {
        let entries = fs::read_dir(root.join(parent))
            .into_iter()
            .flatten()
            .flatten();
        versions.extend(entries.filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(bin)))
        }));
    }
    versions.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

fn bindir_of(pg_config: &Path) -> Option<PathBuf> {
    let output = std::process::Command::new(pg_config)
        .arg("--bindir")
        .output()
        .ok()?;
    Some(PathBuf::from(
        String::from_utf8(output.stdout).ok()?.trim_end(),
    ))
}

/// Asked as the server's user, so that programs it may not run don't count.
fn major_of(runner: &Runner, bin: &Path) -> Option<u32> {
    let output = runner
        .command(bin.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    major(answer.strip_prefix("postgres (PostgreSQL) ")?)
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, fs, path::Path};

    use super::{Error, Programs, choose, installed, major};

    fn programs(major: u32) -> Programs {
        Programs {
            bin: format!("/opt/{major}").into(),
            major,
        }
    }

    #[test]
    fn a_version_begins_with_its_major_number() {
        assert_eq!(major("15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("18beta1"), Some(18));
        assert_eq!(major("17\n"), Some(17));
        assert_eq!(major("devel"), None);
    }

    #[test]
    fn the_cluster_decides_about_the_version_and_else_the_first_found() {
        let found = || vec![programs(17), programs(15)];
        let chosen =
            |wanted| choose(found(), Path::new("/pg"), wanted).map(|programs| programs.major);
        assert!(matches!(chosen(None), Ok(17)));
        assert!(matches!(chosen(Some(15)), Ok(15)));
        assert!(
            matches!(chosen(Some(14)), Err(Error::VersionMissing { found, .. }) if found == [15, 17])
        );
    }

    #[test]
    fn nothing_installed_says_what_to_install() {
        let found = installed(&OsString::new(), Path::new("/nowhere"), |_| Some(15));
        let message = choose(found, Path::new("/pg"), None).map_err(|error| error.to_string());
        assert!(message.is_err_and(
            |text| text.contains("apt-get install postgresql") && text.contains("DATABASE_URL")
        ));
    }

    #[test]
    fn path_comes_first_and_then_the_newest() -> std::io::Result<()> {
        let root =
            std::env::temp_dir().join(format!("embedded-postgres-locate-{}", std::process::id()));
        let bins = [
            "usr/lib/postgresql/9/bin",
            "usr/lib/postgresql/17/bin",
            "usr/pgsql-16/bin",
            "mine",
        ];
        for bin in bins {
            fs::create_dir_all(root.join(bin))?;
            for program in ["initdb", "postgres"] {
                fs::write(root.join(bin).join(program), "")?;
            }
        }
        let path = root.join("mine").into_os_string();
        let found = installed(&path, &root, |_| Some(1));
        fs::remove_dir_all(&root)?;
        let found: Vec<_> = found
            .iter()
            .filter_map(|one| one.bin.strip_prefix(&root).ok()?.to_str())
            .collect();
        assert_eq!(
            found,
            [
                "mine",
                "usr/lib/postgresql/17/bin",
                "usr/pgsql-16/bin",
                "usr/lib/postgresql/9/bin"
            ]
        );
        Ok(())
    }
}
