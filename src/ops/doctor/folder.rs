//! Whether files can be written into a folder.

use super::{Finding, Findings};
use rustix::{
    fs::{Access, access, statvfs},
    io::Errno,
};
use std::{io, path::Path};

/// Below this much free space there is a warning, in bytes.
const LITTLE: u64 = 1 << 30;

/// Looks at rights and free space and writes nothing. A folder that is missing is made at first
/// use: then that must be possible. `variable` says where it is configured.
pub(super) async fn check(folder: &Path, variable: &'static str) -> Findings {
    let folder = folder.to_owned();
    // A file system of the network may hang: the time of the check goes on.
    let look = tokio::task::spawn_blocking(move || look(&folder, variable));
    Ok(vec![look.await??])
}

fn look(folder: &Path, variable: &str) -> io::Result<Finding> {
    let there = folder.ancestors().find(|path| path.exists());
    // `a/b` without anything there is below the present folder.
    let there = there.unwrap_or(Path::new("."));
    let name = folder.display();
    let is_folder = if there.is_dir() {
        Ok(())
    } else {
        Err(Errno::NOTDIR)
    };
    let rights = is_folder.and_then(|()| access(there, Access::WRITE_OK | Access::EXEC_OK));
    if let Err(error) = rights {
        return Ok(Finding::wrong(
            format!("nothing can be written into {name}: {error}"),
            format!("give its user the right to, or change {variable}"),
        ));
    }
    let disk = statvfs(there)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let size = format!("{:.1} GB", bytes_to_gb(free));
    if free < LITTLE {
        return Ok(Finding::warn(
            format!("{size} left for {name}"),
            format!("make room, or change {variable}"),
        ));
    }
    let missing = if there == folder {
        ""
    } else {
        ", made at first use"
    };
    Ok(Finding::ok(format!("{name}{missing}: {size} free")))
}

/// Far below what an `f64` holds exactly.
#[allow(clippy::cast_precision_loss)]
fn bytes_to_gb(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}
