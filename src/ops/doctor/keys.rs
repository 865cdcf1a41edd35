//! The signing key: who can read it, how long and how old it is, and how far a rotation got.

use super::{Finding, Findings};
use crate::{
    Config,
    config::Secret,
    crypto::{Keys, key_files, keys},
    error::Cause,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, SystemTime},
};

const YEAR: Duration = Duration::from_hours(365 * 24);
/// A rotation takes its second step after 10 minutes: after a day somebody forgot it.
const FORGOTTEN: Duration = Duration::from_hours(24);

pub(super) fn check(config: &Config) -> Findings {
    let Some(Secret(pem)) = &config.jwt_private_key else {
        return Ok(vec![Finding::ok("made at the first start, under DATA_DIR")]);
    };
    let keys = Keys::new(config, pem)?;
    let mut found = vec![Finding::ok(format!(
        "signs with {} ({} bits); {} published",
        keys.ids().next().unwrap_or_default(),
        keys::bits_of_private_key(pem)?,
        keys.ids().count(),
    ))];
    if let Some(file) = &config.jwt_key_file {
        for secret in key_files::secret_files(file) {
            found.push(readers(&secret)?);
        }
        found.push(age(file));
        found.extend(rotation(file)?);
    }
    Ok(found)
}

/// Who else may read the file.
fn readers(file: &Path) -> Result<Finding, std::io::Error> {
    let mode = fs::metadata(file)?.permissions().mode() & 0o777;
    let name = file.display();
    let to_do =
        format!("chmod 600 {name}; if others had it, rotate it: `users-service keys rotate`");
    Ok(if mode & 0o007 > 0 {
        Finding::wrong(
            format!("everybody on the machine can read {name} ({mode:03o})"),
            to_do,
        )
    } else if mode & 0o070 > 0 {
        Finding::warn(format!("its group can read {name} ({mode:03o})"), to_do)
    } else {
        Finding::ok(format!("only its owner can read {name}"))
    })
}

fn age(file: &Path) -> Finding {
    let age =
        key_files::made_at(file).and_then(|at| SystemTime::now().duration_since(at.into()).ok());
    let age = age.unwrap_or_default();
    let days = age.as_secs() / 86_400;
    if age > YEAR {
        Finding::warn(format!("{days} days old"), "`users-service keys rotate`")
    } else {
        Finding::ok(format!("{days} days old"))
    }
}

/// What stands beside the key.
fn rotation(file: &Path) -> Result<Option<Finding>, Cause> {
    let Some(age) = key_files::age_of_next(file, SystemTime::now())? else {
        return Ok(None);
    };
    let minutes = age.as_secs() / 60;
    Ok(Some(if age > FORGOTTEN {
        Finding::warn(
            format!(
                "a rotation began {} hours ago and was not ended",
                minutes / 60
            ),
            "`users-service keys rotate`, then restart every replica",
        )
    } else {
        Finding::ok(format!(
            "a rotation is under way: the next key was made {minutes} minutes ago"
        ))
    }))
}
