//! Hashing and verifying passwords: Argon2id with OWASP's parameters (Password Storage Cheat Sheet:
//! 19 MiB, 2 passes, 1 lane) or bcrypt of cost 12.

use crate::{
    config::PasswordHasher,
    error::{Error, Result},
};
use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash::phc::PasswordHash};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use subtle::ConstantTimeEq;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
const BCRYPT_COST: u32 = 12;
/// All that bcrypt reads of a password.
const BCRYPT_BYTES: usize = 72;

/// What one stored hash says about a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not this password.
    Wrong,
    /// This password, hashed as new hashes are.
    Right,
    /// This password, hashed in another or a weaker way: replace the hash.
    Outdated,
}

/// One thread's state: the Argon2 blocks, kept so that a hash costs no allocation of 19 MiB.
pub(super) struct Worker {
    hasher: PasswordHasher,
    memory: Vec<Block>,
}

impl Worker {
    pub(super) fn new(hasher: PasswordHasher) -> Self {
        Self {
            hasher,
            memory: Vec::new(),
        }
    }

    /// A new hash, in the way that new hashes are made.
    pub(super) fn hash(&mut self, password: &str) -> Result<String> {
        if self.hasher == PasswordHasher::Bcrypt && fits_bcrypt(password) {
            return bcrypt::hash(password, BCRYPT_COST).map_err(Error::internal);
        }
        let mut salt = [0; SALT_BYTES];
        aws_lc_rs::rand::fill(&mut salt).map_err(Error::internal)?;
        let hash = self.argon2id(password, &salt, &params()?)?;
        let (salt, hash) = (
            BASE64_STANDARD_NO_PAD.encode(salt),
            BASE64_STANDARD_NO_PAD.encode(hash),
        );
        Ok(format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}"
        ))
    }

    /// A stored hash that can't be read is nobody's password; the log says so.
    pub(super) fn verify(&mut self, password: &str, stored: &str) -> Verdict {
        let verdict = if is_argon2(stored) {
            self.verify_argon2(password, stored)
        } else {
            self.verify_bcrypt(password, stored)
        };
        verdict.unwrap_or_else(|error| {
            tracing::error!(%error, "a stored password hash can't be read");
            Verdict::Wrong
        })
    }

    fn verify_argon2(&mut self, password: &str, stored: &str) -> Result<Verdict> {
        let stored = PasswordHash::new(stored).map_err(Error::internal)?;
        let params = Params::try_from(&stored).map_err(Error::internal)?;
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
            return Err(Error::internal("an Argon2 hash without salt or output"));
        };
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(Error::internal)?;
        let version = match stored.version {
            None => Version::V0x10,
            Some(version) => Version::try_from(version).map_err(Error::internal)?,
        };
        let argon2 = Argon2::new(algorithm, version, params.clone());
        let mut actual = vec![0; expected.as_bytes().len()];
        self.fill(&argon2, password, salt, &mut actual)?;
        if !bool::from(actual.ct_eq(expected.as_bytes())) {
            return Ok(Verdict::Wrong);
        }
        let as_new = algorithm == Algorithm::Argon2id
            && version == Version::V0x13
            && params.m_cost() >= MEMORY_KIB
            && params.t_cost() >= PASSES
            && (self.hasher == PasswordHasher::Argon2id || !fits_bcrypt(password));
        Ok(if as_new {
            Verdict::Right
        } else {
            Verdict::Outdated
        })
    }

    fn verify_bcrypt(&self, password: &str, stored: &str) -> Result<Verdict> {
        let right = bcrypt::verify(password, stored).map_err(Error::internal)?;
        // A longer password would match by its first 72 bytes alone.
        if !right || !fits_bcrypt(password) {
            return Ok(Verdict::Wrong);
        }
        let cost = stored
            .split('$')
            .nth(2)
            .and_then(|cost| cost.parse::<u32>().ok());
        let as_new =
            self.hasher == PasswordHasher::Bcrypt && cost.is_some_and(|cost| cost >= BCRYPT_COST);
        Ok(if as_new {
            Verdict::Right
        } else {
            Verdict::Outdated
        })
    }

    fn argon2id(
        &mut self,
        password: &str,
        salt: &[u8],
        params: &Params,
    ) -> Result<[u8; HASH_BYTES]> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let mut hash = [0; HASH_BYTES];
        self.fill(&argon2, password, salt, &mut hash)?;
        Ok(hash)
    }

    fn fill(&mut self, argon2: &Argon2, password: &str, salt: &[u8], out: &mut [u8]) -> Result<()> {
        let blocks = argon2.params().block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::new());
        }
        argon2
            .hash_password_into_with_memory(
                password.as_bytes(),
                salt,
                out,
                &mut self.memory[..blocks],
            )
            .map_err(Error::internal)
    }
}

/// Whether a stored hash is one of Argon2.
pub(super) fn is_argon2(stored: &str) -> bool {
    stored.starts_with("$argon2")
}

fn params() -> Result<Params> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(Error::internal)
}

/// bcrypt reads 72 bytes and, in other implementations, stops at a NUL.
fn fits_bcrypt(password: &str) -> bool {
    password.len() <= BCRYPT_BYTES && !password.contains('\0')
}

/// A hash that no password is known for, of the kind that new accounts get.
pub(super) fn dummy_hash(hasher: PasswordHasher) -> String {
    match hasher {
        PasswordHasher::Argon2id => format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$AAECAwQFBgcICQoLDA0ODw${}",
            "A".repeat(43)
        ),
        PasswordHasher::Bcrypt => {
            format!("$2b${BCRYPT_COST}$abcdefghijklmnopqrstuu{}", ".".repeat(31))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn worker(hasher: PasswordHasher) -> Worker {
        Worker::new(hasher)
    }

    #[test]
    fn argon2id_hashes_carry_owasp_parameters_and_verify() {
        let mut worker = worker(PasswordHasher::Argon2id);
        let hash = worker.hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(worker.verify("correct horse", &hash), Verdict::Right);
        assert_eq!(worker.verify("correct horsf", &hash), Verdict::Wrong);
    }

    #[test]
    fn hashes_of_the_other_kind_or_of_weaker_parameters_are_outdated() {
        let mut argon2id = worker(PasswordHasher::Argon2id);
        let mut bcrypt = worker(PasswordHasher::Bcrypt);
        let (a, b) = (
            argon2id.hash("password!").unwrap(),
            bcrypt.hash("password!").unwrap(),
        );
        assert!(b.starts_with("$2b$12$"));
        assert_eq!(argon2id.verify("password!", &b), Verdict::Outdated);
        assert_eq!(bcrypt.verify("password!", &a), Verdict::Outdated);
        assert_eq!(bcrypt.verify("password!", &b), Verdict::Right);
        let weak = ::bcrypt::hash("password!", 4).unwrap();
        assert_eq!(bcrypt.verify("password!", &weak), Verdict::Outdated);
        let weak = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$";
        let out = argon2id
            .argon2id(
                "password!",
                b"somesalt",
                &Params::new(8, 1, 1, Some(32)).unwrap(),
            )
            .unwrap();
        let weak = format!("{weak}{}", BASE64_STANDARD_NO_PAD.encode(out));
        assert_eq!(argon2id.verify("password!", &weak), Verdict::Outdated);
    }

    #[test]
    fn under_bcrypt_a_long_password_is_stored_as_argon2id_never_cut() {
        let mut worker = worker(PasswordHasher::Bcrypt);
        let (exact, long) = ("x".repeat(72), "x".repeat(73));
        let hash = worker.hash(&exact).unwrap();
        assert!(hash.starts_with("$2b$"));
        assert_eq!(worker.verify(&long, &hash), Verdict::Wrong);
        let hash = worker.hash(&long).unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert_eq!(worker.verify(&long, &hash), Verdict::Right);
        assert_eq!(worker.verify(&exact, &hash), Verdict::Wrong);
    }

    #[test]
    fn the_dummy_hashes_are_read_and_match_nothing() {
        for hasher in [PasswordHasher::Argon2id, PasswordHasher::Bcrypt] {
            let dummy = dummy_hash(hasher);
            let mut worker = worker(hasher);
            let read = if hasher == PasswordHasher::Argon2id {
                worker.verify_argon2("x", &dummy)
            } else {
                worker.verify_bcrypt("x", &dummy)
            };
            assert_eq!(read.unwrap(), Verdict::Wrong);
        }
    }

    #[test]
    fn a_hash_that_cannot_be_read_is_nobodys_password() {
        let mut worker = worker(PasswordHasher::Argon2id);
        for odd in [
            "",
            "plain",
            "$argon2id$",
            "$2b$",
            "$argon2id$v=19$m=8,t=1,p=1$$",
        ] {
            assert_eq!(worker.verify("x", odd), Verdict::Wrong, "{odd}");
        }
    }
}
